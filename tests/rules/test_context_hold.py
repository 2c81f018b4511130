"""Promises of the rule context hold."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.context_hold import context_hold
from dispatcher.rules.decide import decide
from dispatcher.rules.replay import replay
from tests.rules.people import HOUR, NOON, instants, people, person, policies, policy
from tests.support.rules import BOOK

ends = st.just(inf) | st.floats(-100, 100).map(lambda ahead: NOON + ahead * HOUR)
flags = st.sampled_from(ContextFlag)


@pytest.mark.parametrize("flag", [flag for flag in ContextFlag if flag is not ContextFlag.QUIET])
def test_whoever_has_something_open_is_skipped(flag: ContextFlag) -> None:
    """Nobody knows when a complaint will be settled, so nothing waits for it."""
    someone = person(context=flag, context_until=inf)
    assert context_hold(someone, policy(), NOON) == Ruling(
        Verdict.SKIP, Reason.CONTEXT_HOLD, detail=flag
    )


def test_the_rest_after_it_is_half_open() -> None:
    """A second before its end offers wait, at its end they may go."""
    someone = person(context="complaint", context_until=NOON + HOUR - 0.5)
    assert context_hold(someone, policy(), NOON) == Ruling(
        Verdict.DEFER, Reason.CONTEXT_HOLD, NOON + HOUR, "complaint"
    )
    assert context_hold(someone, policy(), NOON + HOUR - 1) is not None
    assert context_hold(someone, policy(), NOON + HOUR) is None


def test_a_wish_for_quiet_is_told_as_such() -> None:
    """Quiet for an hour defers, quiet for a month skips this wave: both by the person's wish."""
    an_hour = person(context="quiet", context_until=NOON + HOUR)
    a_month = person(context="quiet", context_until=NOON + 720 * HOUR)
    assert context_hold(an_hour, policy(), NOON) == Ruling(
        Verdict.DEFER, Reason.QUIET_UNTIL, NOON + HOUR, "quiet"
    )
    assert context_hold(a_month, policy(), NOON) == Ruling(
        Verdict.SKIP, Reason.QUIET_UNTIL, detail="quiet"
    )


def test_answers_pass() -> None:
    """Somebody who complains still gets an answer to what they just asked."""
    someone = person(context="complaint", context_until=inf)
    assert context_hold(someone, policy(message_class=MessageClass.HELP_REPLY), NOON) is None


@given(people, policies, instants, flags, ends)
def test_a_hold_never_turns_a_refusal_into_a_send(
    someone: Recipient, terms: Policy, now: float, flag: ContextFlag, end: float
) -> None:
    """Whatever else holds: with a flag more nobody is sent to who was not without."""
    free = someone._replace(context="", context_until=0.0)
    held = someone._replace(context=flag, context_until=end)
    terms = replace(terms, message_class=MessageClass.PROMOTIONAL)
    before, after = (decide([each], terms, now, BOOK)[0] for each in (free, held))
    if before.verdict is not Verdict.SEND or end > now:
        assert after.verdict is not Verdict.SEND


@given(policies, flags, ends, st.floats(0, 96))
def test_who_was_put_off_is_not_put_off_again_by_this_rule(
    terms: Policy, flag: ContextFlag, end: float, ago: float
) -> None:
    """At `until` the hold is over."""
    someone = person(context=flag, context_until=end, held_since=NOON - ago * HOUR)
    ruling = context_hold(someone, terms, NOON)
    if ruling is not None and ruling.verdict is Verdict.DEFER:
        assert context_hold(someone, terms, ruling.until) is None


@given(policies, instants, flags, ends)
def test_a_replay_gives_the_same(terms: Policy, now: float, flag: ContextFlag, end: float) -> None:
    """The record keeps what held and until when, an open end too."""
    someone = person(context=flag, context_until=end)
    (decision,) = decide([someone], terms, now, BOOK)
    assert replay(decision.facts, terms, BOOK)[1:6] == decision[1:6]
