"""A letter taken apart says what a mail program would show."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.gateways.email.parts import parts_of
from dispatcher.rendering import headers
from dispatcher.rendering.email import _joined
from tests.gateways.letters import letter, mail

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\x85\u2028\u2029"),
    min_size=1,
    max_size=60,
)


def test_a_letter_of_ours_comes_apart() -> None:
    """Names and subject are decoded, the parts are as they were, headers keep their names."""
    parts = parts_of(letter(1).content)
    assert parts.sender == "offers@brand.example"
    assert parts.sender_name == "Café Bean"
    assert parts.subject == "Offer 1: 20 % off, at Café"
    assert parts.text == "Offer 1: a café crème.\n"
    assert parts.html == "<p>Offer 1: a caf&#233; cr&#232;me.</p>\n"
    assert parts.headers == {
        "List-Id": "<coffee.bean.brand.example>",
        "Feedback-ID": "1:bean:promotional:brand",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": "<d1@brand.example>",
        "X-Dispatcher-Delivery": "d1",
        "List-Unsubscribe": "<https://offers.example/u/d1>,"
        " <mailto:u+d1@brand.example?subject=unsubscribe>",
    }


def test_any_other_mail_comes_apart_too() -> None:
    """A mail of one part has that part and no other."""
    parts = parts_of(mail(1).content)
    assert (parts.text, parts.html) == ("Twenty per cent off.\n", "")


@given(st.lists(WORDS, min_size=1, max_size=30), WORDS, st.booleans())
def test_the_quick_way_and_the_library_agree(lines: list[str], subject: str, long: bool) -> None:
    """Whatever the words, also in lines that must be quoted-printable."""
    text = "\r\n".join(lines) + "\r\n"
    html = (" ".join(lines) * (40 if long else 1)).encode("ascii", "xmlcharrefreplace")
    try:
        head = headers.unstructured("Subject", subject)
    except ValueError:
        return
    static = f"From: Brand <a@b.example>\r\nMIME-Version: 1.0\r\n{head}\r\n".encode()
    content = _joined(static, "=_x", text.encode(), html)
    read = message_from_bytes(content, policy=policy.default)
    parts = parts_of(content)
    plain, rich = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert parts.text == plain.get_content().replace("\r\n", "\n")
    assert parts.html.rstrip("\n") == rich.get_content().rstrip("\n")
    assert parts.subject == read["Subject"]


@pytest.mark.parametrize(
    "content", [b"", b"\r\n\r\n", b"Subject\r\n\r\nx", b"From: \xff\r\n\r\n\xff"]
)
def test_rubbish_comes_apart_as_something(content: bytes) -> None:
    """Nothing makes it fail: what is no letter has few parts."""
    assert parts_of(content).html == ""
