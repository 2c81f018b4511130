"""Promises of header lines."""

from __future__ import annotations

from email import message_from_string, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rendering import headers


@given(st.text(max_size=300))
def test_any_text_in_a_header_reads_back_or_is_refused(text: str) -> None:
    """One header, no line longer than 78, the same words."""
    if headers.CONTROL.search(text):
        with pytest.raises(ValueError, match="line break"):
            headers.unstructured("Subject", text)
        return
    line = headers.unstructured("Subject", text)
    assert max(map(len, line.split("\r\n"))) <= 78 + len("Subject: ")
    assert all(folded.startswith(" ") for folded in line.split("\r\n")[1:])
    raw = line.removeprefix("Subject: ").replace("\r\n", "")
    assert str(make_header(decode_header(raw))) == text
    if text == text.strip():
        found = message_from_string(f"{line}\r\n\r\n", policy=policy.default)
        assert list(found.keys()) == ["Subject"]


@given(st.text(max_size=60))
def test_any_display_name_reads_back(name: str) -> None:
    """One address in From, whatever the brand is called."""
    if headers.CONTROL.search(name):
        with pytest.raises(ValueError, match="line break"):
            headers.mailbox(name, "a@b.example")
        return
    raw = headers.mailbox(name, "a@b.example")
    found = message_from_string(f"From: {raw}\r\n\r\n", policy=policy.default)["From"]
    assert [address.addr_spec for address in found.addresses] == ["a@b.example"]
    assert not found.groups[0].display_name
    # The reader takes white space as it likes, as RFC 5322 and 2047 let it.
    assert "".join(found.addresses[0].display_name.split()) == "".join(name.split())


@pytest.mark.parametrize("text", ["Ünïcode & Co.", "a:b;c", "", "---", "..", "<x>"])
def test_ids_are_letters_digits_and_hyphens(text: str) -> None:
    """List-Id and Feedback-ID hold nothing that means something there."""
    assert headers.token(text).replace("-", "").isalnum()
    assert headers.token(text).isascii()
