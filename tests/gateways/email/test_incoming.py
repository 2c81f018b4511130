"""Mails that providers received for us: whole ones as they are, those in parts put together."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher.gateways.email.incoming import header_pairs, mail_event, rebuilt
from dispatcher.inbound.mail import MailKind, read_mail

HEADERS = {
    "From": "Jane <jane@example.org>",
    "To": "offers@brand.example",
    "Subject": "Re: Offer",
    "Message-ID": "<1@example.org>",
    "Content-Type": "multipart/alternative; boundary=x",
    "MIME-Version": "1.0",
    "Received": ["from a by b", "from c by d"],
}


def test_the_same_mail_is_one_event() -> None:
    """A mail told twice has one key, as text or as bytes; another one has another."""
    first, again = (mail_event("acme", raw, 1.0) for raw in ("Subject: é\r\n\r\nSTOP", b""))
    assert mail_event("acme", "Subject: é\r\n\r\nSTOP".encode(), 2.0).dedup_key == first.dedup_key
    assert first.dedup_key != again.dedup_key
    assert first.mail == "Subject: é\r\n\r\nSTOP".encode()


def test_a_mail_in_parts_is_read_as_what_it_was() -> None:
    """Who wrote it and what they said are found again; how it was written is ours."""
    raw = rebuilt(header_pairs(HEADERS), "STOP, café", "<p>x</p>")
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["From"] == "Jane <jane@example.org>"
    assert mail.get_all("Received") == ["from a by b", "from c by d"]
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().strip() == "STOP, café"
    read = read_mail(rebuilt(header_pairs(HEADERS), "STOP, café", ""))
    assert (read.kind, read.sender, read.words) == (
        MailKind.REPLY,
        "jane@example.org",
        "STOP, café",
    )


def test_a_mail_of_html_alone_stays_one() -> None:
    """Without text the HTML is the body."""
    read = read_mail(rebuilt(header_pairs(HEADERS), "", "<p>STOP</p>"))
    assert read.words == "STOP"


@pytest.mark.parametrize("name", ["From\r\nX", "", "Bad name", "é", "a:b"])
def test_no_header_begins_another(name: str) -> None:
    """Names that cannot be one, and breaks within a value, never make a header of their own."""
    raw = rebuilt([(name, "x"), ("Subject", "a\r\nBcc: b@example.org")], "t", None)
    assert b"\r\nX" not in raw
    assert b"\r\nBcc" not in raw
    assert raw.startswith(b"Subject: a Bcc: b@example.org\r\nMIME-Version: 1.0\r\n")


ANYTHING = st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=9))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=9), ANYTHING) | ANYTHING, ANYTHING, ANYTHING)
def test_rubbish_makes_a_mail_too(headers: Any, text: Any, html: Any) -> None:
    """Whatever the parts are, there is a mail that can be read."""
    read_mail(rebuilt(header_pairs(headers), text, html))
