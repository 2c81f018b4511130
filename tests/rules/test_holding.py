"""Promises about how long a person is held."""

from __future__ import annotations

import pytest

from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.rules.holding import hold
from tests.rules.people import HOUR, NOON, person, policy

TERMS = policy(max_hold_hours=10.0, ends_at=NOON + 20 * HOUR)


def held(until: float, held_since: float = 0.0, starts_at: float = 0.0) -> Verdict:
    """Give what becomes of a refusal until an instant."""
    terms = policy(max_hold_hours=10.0, ends_at=NOON + 20 * HOUR, starts_at=starts_at)
    refusal = Ruling(Verdict.DEFER, Reason.MIN_GAP, until)
    return hold(refusal, person(held_since=held_since), terms, NOON).verdict


@pytest.mark.parametrize(
    ("hours", "verdict"), [(1, Verdict.DEFER), (10, Verdict.DEFER), (10.01, Verdict.SKIP)]
)
def test_nobody_is_held_longer_than_the_policy_says(hours: float, verdict: Verdict) -> None:
    """A wait beyond the longest hold is refused at once rather than begun."""
    assert held(NOON + hours * HOUR) is verdict


def test_several_waits_together_are_no_longer_than_one_may_be() -> None:
    """The hold is measured from the first verdict, not from the latest."""
    assert held(NOON + 3 * HOUR, held_since=NOON - 6 * HOUR) is Verdict.DEFER
    assert held(NOON + 3 * HOUR, held_since=NOON - 8 * HOUR) is Verdict.SKIP


def test_waiting_for_the_offers_beginning_is_not_being_held() -> None:
    """Who was planned a week ahead is held from the beginning of the offer only."""
    assert held(NOON + 3 * HOUR, held_since=NOON - 99 * HOUR, starts_at=NOON) is Verdict.DEFER


def test_nobody_waits_for_an_offer_that_will_be_over() -> None:
    """A wait that ends with the offer or later is a skip with the same reason and detail."""
    terms = policy(max_hold_hours=10.0, ends_at=NOON + HOUR)
    refusal = Ruling(Verdict.DEFER, Reason.MIN_GAP, NOON + HOUR, "4 h")
    skip = hold(refusal, person(), terms, NOON)
    assert skip == Ruling(Verdict.SKIP, Reason.MIN_GAP, 0.0, "4 h")
