"""A library is asked about the rarest bounces, and its troubles stay its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound import second_opinion
from dispatcher.inbound.mime import parse

SCREEN_NAME = b"From: MAILER-DAEMON@aol.com\nSubject: Mail Delivery Problem\n\n"
WORDS = "Your mail to the following recipients could not be delivered:\n\tpia\n"


def test_it_knows_who_a_server_means_that_names_nobody() -> None:
    """A mailbox without its domain is completed as that server means it."""
    assert second_opinion.on(parse(SCREEN_NAME), WORDS) == ["pia@aol.com"]


def test_a_mail_that_it_trips_over_is_about_nobody() -> None:
    """A mail without a sender makes it fail; that is no reason for us to."""
    assert second_opinion.on(parse(b"Subject: failure notice\n\n"), WORDS) == []


@given(st.binary(max_size=300), st.text(max_size=300))
def test_no_mail_makes_it_fail(head: bytes, words: str) -> None:
    """Whatever stands in a mail, an answer comes back."""
    second_opinion.on(parse(b"From: " + head + b"\n\n"), words)
