"""Returned mail is read as a person would read it, whoever's server wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.bounces import Action, BounceKind, read_bounce
from dispatcher.inbound.verdicts import is_vague, read_verdict, status_in
from tests.support.returned import SAMPLES, Sample, samples

BOUNCES = samples("bounces-1.txt", "bounces-2.txt", "bounces-3.txt", "bounces-4.txt")
REFUSALS = [
    line.split("\t")
    for file in ("refusals-1.txt", "refusals-2.txt")
    for line in (SAMPLES / file).read_text().splitlines()
]


@pytest.mark.parametrize("sample", BOUNCES, ids=lambda sample: sample.name)
def test_a_returned_mail_says_who_failed_and_why(sample: Sample) -> None:
    """Kind, status and recipient are what a person reads in it; other mail is no bounce."""
    kind, status, recipient = sample.labels[:3]
    bounce = read_bounce(sample.raw)
    if kind == "none":
        assert bounce is None
        return
    assert bounce is not None
    assert (bounce.kind, bounce.recipient) == (BounceKind(kind), recipient)
    assert status in ("", bounce.status)
    assert all(part.isdigit() for part in bounce.status.split("."))


@pytest.mark.parametrize(("kind", "status", "words"), REFUSALS)
def test_a_refusal_is_understood_by_its_words(kind: str, status: str, words: str) -> None:
    """Whose fault it is stands in the server's words, whatever number it put before them."""
    stated = (status_in(words) or status) if is_vague(status) else status
    assert read_verdict(stated, words) == kind


def test_everybody_a_report_names_is_told_and_the_first_failure_speaks_for_it() -> None:
    """A delayed first recipient does not hide that the second one failed."""
    name = "several recipients first one delayed"
    bounce = read_bounce(next(sample.raw for sample in BOUNCES if sample.name == name))
    assert bounce is not None
    told = [(each.recipient, each.action) for each in bounce.recipients]
    assert told == [("one@example.com", Action.DELAYED), ("two@example.com", Action.FAILED)]
    assert bounce.recipient == "two@example.com"


def test_each_recipient_of_a_plain_bounce_has_words_of_their_own() -> None:
    """The spam refusal of one recipient does not excuse the dead address of another."""
    bounce = read_bounce(next(s.raw for s in BOUNCES if s.name == "qmail several"))
    assert bounce is not None
    assert [(each.recipient, each.kind) for each in bounce.recipients] == [
        ("eve@example.com", BounceKind.HARD),
        ("finn@example.com", BounceKind.POLICY),
    ]


def test_everybody_a_plain_bounce_names_is_told() -> None:
    """The second of two unknown users is not passed over."""
    bounce = read_bounce(next(s.raw for s in BOUNCES if s.name == "several unknown users"))
    assert bounce is not None
    assert [each.recipient for each in bounce.recipients] == ["one@example.com", "two@example.com"]


def test_our_own_names_come_home_with_the_mail() -> None:
    """The returned headers give the id of the mail and the texts that may be our tokens."""
    bounce = read_bounce(next(s.raw for s in BOUNCES if s.name == "postfix user unknown"))
    assert bounce is not None
    assert bounce.message_id == "<AAAAAAAAAAcAAAAAAAAB-zqLk@shop.example>"
    assert bounce.names.delivery == ("AAAAAAAAAAcAAAAAAAAB-zqLk",)


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Whatever comes is read or is no bounce; it is never an error."""
    read_bounce(raw)


@given(st.sampled_from(BOUNCES), st.integers(0, 5000), st.binary(max_size=40))
def test_no_damage_makes_it_fail(sample: Sample, at: int, junk: bytes) -> None:
    """A mail that was cut or overwritten anywhere is still read without an error."""
    read_bounce(sample.raw[:at] + junk + sample.raw[at + len(junk) :])
    read_bounce(sample.raw[:at])
