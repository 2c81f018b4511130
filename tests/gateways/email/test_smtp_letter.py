"""Promises about how content goes on the wire: dots, 8-bit letters, line ends."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.domain.messages import Outcome, Receipt
from dispatcher.gateways.email.smtp_letter import (
    END,
    Letter,
    Parcel,
    Unfit,
    pack,
    seven_bit,
    stuffed,
)
from dispatcher.gateways.email.smtp_line import Features
from tests.gateways.email.sending import mail, sent
from tests.servers.smtp import SmtpServer

LINES = st.lists(
    st.one_of(st.sampled_from([b"", b".", b"..", b". ", b"\0", b"QUIT"]), st.binary(max_size=12)),
    max_size=8,
).map(b"\r\n".join)


def unstuffed(wire: bytes) -> bytes:
    """Read content as a strict server does (RFC 5321 4.5.2)."""
    lines = wire.split(b"\r\n")
    end = lines.index(b".")
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(st.one_of(LINES, st.binary()))
@example(b"")
@example(b".")
@example(b"\r\n.\r\n")
@example(b"a\r")
@example(b"a\n")
def test_any_content_round_trips_through_dot_stuffing(content: bytes) -> None:
    """The server reads what was written, plus a last line end where there was none."""
    try:
        wire = stuffed(content) + END
    except Unfit:
        assert b"\n." in content.replace(b"\r\n.", b"") or b"\r." in content
        return
    expected = content if content.endswith(b"\r\n") else content + b"\r\n"
    assert unstuffed(wire) == expected
    assert wire.count(b"\r\n.\r\n") == 1 or wire == b"\r\n.\r\n"


@given(st.one_of(LINES, st.binary()))
def test_no_server_sees_the_end_too_early(content: bytes) -> None:
    """Servers that take a bare CR or LF for a line end find no lone dot either (smuggling)."""
    try:
        wire = stuffed(content)
    except Unfit:
        return
    for strange in (b"\n", b"\r"):
        lines = wire.replace(b"\r\n", strange).split(strange)
        assert b"." not in lines[:-1]


def eight_bit_mail() -> EmailMessage:
    """A mail with 8-bit text and HTML, as rendering makes them."""
    letter = EmailMessage(policy=policy.SMTP)
    letter["From"] = "shop@example.com"
    letter["Subject"] = "Schöne Grüße"
    letter["X-Long"] = "word " * 30
    letter.set_content("Grüße\nvon\n.\nZoë = gut\n", cte="8bit")
    letter.add_alternative("<p>Grüße</p>\n", subtype="html", cte="8bit")
    return letter


def test_eight_bit_mail_is_re_encoded_for_a_server_without_8bitmime() -> None:
    """The parts become quoted-printable; text, headers and boundaries stay what they were."""
    server = SmtpServer(features=("PIPELINING",))
    letter = eight_bit_mail()
    result = sent(server, [mail(content=letter.as_bytes(), eight_bit=True)])
    assert result.only.outcome == "accepted"
    assert server.stored[0].options == ""
    arrived = server.stored[0].content
    assert arrived.isascii()
    assert b"8bit" not in arrived
    assert b"=0D" not in arrived
    assert arrived.split(b"\r\n\r\n")[0] == letter.as_bytes().split(b"\r\n\r\n")[0]
    sent_one = message_from_bytes(letter.as_bytes(), policy=policy.default)
    read = message_from_bytes(arrived, policy=policy.default)
    for kind in ("plain", "html"):
        ours, theirs = sent_one.get_body((kind,)), read.get_body((kind,))
        assert ours is not None
        assert theirs is not None
        assert theirs.get_content() == ours.get_content()


def test_eight_bit_headers_cannot_be_re_encoded() -> None:
    """Such a mail is refused here with the reason, rather than sent broken."""
    with pytest.raises(Unfit, match="headers"):
        seven_bit("Subject: Grüße\r\n\r\ntext\r\n".encode())


def test_content_without_eight_bit_letters_is_left_alone() -> None:
    """The slow path is for those that need it."""
    packed = pack(Letter(mail()), Features())
    assert isinstance(packed, Parcel)
    assert packed.body == mail().content
    assert packed.envelope == (
        b"MAIL FROM:<b+1@bounce.example.com>\r\nRCPT TO:<person1@example.com>\r\nDATA\r\n"
    )


WIDE = Features(eight_bit=True, utf8=True)
TO_ZOE = "To: zoë@example.com\r\n\r\nHello\r\n".encode()


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@BÜCHER.Example", "anna@xn--bcher-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),  # not strasse, which is another's
        ("anna@例え.example", "anna@xn--r8jz45g.example"),
    ],
)
def test_a_domain_beyond_ascii_goes_as_a_labels(address: str, written: str) -> None:
    """Every server knows those (RFC 5891), so none needs SMTPUTF8 for them."""
    packed = pack(Letter(mail(address=address)), Features())
    assert isinstance(packed, Parcel)
    assert packed.rcpt == f"RCPT TO:<{written}>\r\n".encode()
    assert b"SMTPUTF8" not in packed.mail


def test_smtputf8_is_asked_for_only_when_needed() -> None:
    """For letters beyond ASCII before the @-sign or in a header, and not for those in the body."""
    body_only = mail(content="To: a@b.c\r\n\r\nGrüße\r\n".encode())
    for message, needed in (
        (mail(address="zoë@example.com", content=TO_ZOE), True),
        (mail(content=TO_ZOE), True),
        (body_only, False),
        (mail(), False),
    ):
        packed = pack(Letter(message), WIDE)
        assert isinstance(packed, Parcel)
        assert (b" SMTPUTF8" in packed.mail) is needed


@pytest.mark.parametrize("features", [Features(), Features(eight_bit=True)])
@pytest.mark.parametrize(
    ("address", "told"), [("zoë@example.com", "the address has"), ("a@example.com", "a header has")]
)
def test_who_needs_smtputf8_is_refused_where_it_is_missing(
    features: Features, address: str, told: str
) -> None:
    """With that reason, before any byte left; the address is not dead."""
    receipt = pack(Letter(mail(address=address, content=TO_ZOE)), features)
    assert isinstance(receipt, Receipt)
    assert (receipt.outcome, receipt.dead_address) == (Outcome.REFUSED, False)
    assert told in receipt.detail
    assert "SMTPUTF8" in receipt.detail


@pytest.mark.parametrize("address", ["a@xn--ü.example", "a@..ü", "a@ü-.example", "a@ü b.example"])
def test_a_domain_that_is_none_is_refused(address: str) -> None:
    """Whatever the server offers."""
    assert isinstance(pack(Letter(mail(address=address)), WIDE), Receipt)
