"""Promises of the rule left audience."""

from __future__ import annotations

from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.rules.left_audience import left_audience
from tests.rules.people import NOON, person, policy


def test_who_left_the_audience_since_planning_is_skipped() -> None:
    """The segment is asked again at the last moment, and leaving it counts."""
    ruling = left_audience(person(in_audience=False), policy(), NOON)
    assert ruling is not None
    assert ruling[:2] == (Verdict.SKIP, Reason.LEFT_AUDIENCE)


def test_who_is_still_meant_passes() -> None:
    """Members of the audience pass."""
    assert left_audience(person(), policy(), NOON) is None
