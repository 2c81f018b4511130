"""People who wait for the same opening are spread over the time their campaign needs anyway."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.services.openings import spread

OPENING = 1_000_000.0


def deferred(customer_id: int, reason: Reason = Reason.QUIET_HOURS) -> Decision:
    """Somebody who waits for the opening."""
    return Decision(customer_id, Verdict.DEFER, reason, "quiet_hours", OPENING, 0.0, 0, "", "")


def test_without_a_throttle_nobody_waits_longer_than_the_rules_say() -> None:
    """The opening is the opening."""
    people = [deferred(number) for number in range(100)]
    assert spread(people, 100, per_minute=0) == people


@given(st.lists(st.integers(1, 2**63 - 1), unique=True), st.integers(1, 10**6))
def test_nobody_comes_early_and_nobody_half_an_hour_late(ids: list[int], per_minute: int) -> None:
    """The spread begins at the opening and is never longer than the campaign needs."""
    people = [deferred(number) for number in ids]
    for decision in spread(people, len(ids), per_minute):
        late = decision.until - OPENING
        assert 0 <= late <= min(len(ids) / per_minute * 60, 1800)


def test_neighbours_are_spread_evenly() -> None:
    """Each tenth of the time gets its tenth of the people, whatever their numbers."""
    people = [deferred(number) for number in range(1, 10_001)]
    tenths = [0] * 10
    for decision in spread(people, 10_000, per_minute=1_000):
        tenths[int((decision.until - OPENING) / 60)] += 1
    assert all(900 < count < 1_100 for count in tenths)


def test_only_those_who_wait_for_an_opening_are_spread() -> None:
    """Who waits for a slot under a cap comes back when it frees."""
    capped = deferred(7, Reason.CAP_PERSON)
    assert spread([capped], 1_000, per_minute=10) == [capped]
