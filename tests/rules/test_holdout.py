"""Promises of the rule holdout."""

from __future__ import annotations

from dispatcher.domain.messages import MessageClass
from dispatcher.rules.holdout import holdout
from tests.rules.people import NOON, person, policy


def test_exactly_the_share_asked_for_is_held_back() -> None:
    """Of 10,000 buckets as many are held back as the campaign says, always the same ones."""
    terms = policy(holdout=500)
    held = [number for number in range(10_000) if holdout(person(bucket=number), terms, NOON)]
    assert held == list(range(500))


def test_without_holdout_nobody_is_held_back() -> None:
    """Holdout 0 keeps back nobody, bucket 0 included."""
    assert holdout(person(bucket=0), policy(), NOON) is None


def test_an_answer_is_never_held_back() -> None:
    """Who asked something is answered."""
    terms = policy(holdout=9999, message_class=MessageClass.HELP_REPLY)
    assert holdout(person(bucket=0), terms, NOON) is None
