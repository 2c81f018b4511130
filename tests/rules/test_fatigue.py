"""Promises of the rule fatigue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.decide import decide
from dispatcher.rules.fatigue import fatigue
from dispatcher.rules.replay import replay
from tests.rules.people import DAY, NOON, contact, instants, people, person, policies, policy
from tests.support.rules import BOOK

ASKING = policy(asks=True, max_hold_hours=24 * 30.0)
LAST_WEEK = (contact(7 * 24),)


@pytest.mark.parametrize(("ignored", "heard"), [(0, True), (7, True), (8, False), (11, False)])
def test_from_the_eighth_on_there_is_one_a_month(ignored: int, *, heard: bool) -> None:
    """A week after the last offer it is 23 days too early."""
    someone = person(ignored=ignored, contacts=LAST_WEEK)
    ruling = fatigue(someone, ASKING, NOON)
    if heard:
        assert ruling is None
    else:
        detail = f"{ignored} offers in a row without an answer"
        assert ruling == Ruling(Verdict.DEFER, Reason.FATIGUE, NOON + 23 * DAY, detail)


def test_the_month_is_half_open() -> None:
    """Thirty days after the last offer the next may go, a second before it may not."""
    someone = person(ignored=8, contacts=(contact(30 * 24),))
    assert fatigue(someone, ASKING, NOON) is None
    assert fatigue(someone, ASKING, NOON - 1) is not None
    assert fatigue(person(ignored=8), ASKING, NOON) is None


def test_from_the_twelfth_on_there_is_silence() -> None:
    """However long ago the last one was."""
    ruling = fatigue(person(ignored=12), ASKING, NOON)
    assert ruling is not None
    assert (ruling.verdict, ruling.reason) == (Verdict.SKIP, Reason.DORMANT)


def test_where_nothing_is_asked_silence_means_nothing() -> None:
    """Neither a campaign without a question nor an answer to the person's own act is kept back."""
    someone = person(ignored=12, contacts=LAST_WEEK)
    assert fatigue(someone, policy(), NOON) is None
    assert fatigue(someone, replace(ASKING, message_class=MessageClass.WELCOME), NOON) is None


@given(people, policies, instants, st.integers(0, 20))
def test_ignoring_offers_never_brings_more(
    someone: Recipient, terms: Policy, now: float, ignored: int
) -> None:
    """The rule only refuses, `until` ends it, and the record gives the same again."""
    (before,) = decide([someone._replace(ignored=0)], terms, now, BOOK)
    tired = someone._replace(ignored=ignored)
    (after,) = decide([tired], terms, now, BOOK)
    if before.verdict is not Verdict.SEND:
        assert after.verdict is not Verdict.SEND
    if after.rule == "fatigue" and after.verdict is Verdict.DEFER:
        assert fatigue(tired, terms, after.until) is None
    assert replay(after.facts, terms, BOOK)[1:6] == after[1:6]
