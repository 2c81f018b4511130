"""Openings: people who wait for the same opening do not all come back in its first second."""

from __future__ import annotations

from collections.abc import Sequence

from dispatcher.domain.decisions import Decision, Reason, Verdict

_OPENS = (Reason.QUIET_HOURS, Reason.SCHEDULED)
_LONGEST = 1800.0  # seconds (docs/why.md#sending); the rules are asked again of whoever is woken
_GOLDEN = 0x9E3779B97F4A7C15  # spreads neighbouring numbers evenly (Knuth, TAOCP 6.4)


def spread(decisions: Sequence[Decision], people: int, per_minute: int) -> list[Decision]:
    """Spread the deferred over the time a throttled campaign needs for them anyway.

    Without a throttle everybody may come at once, and the ready batches are what limits the rest.
    """
    if not per_minute:
        return list(decisions)
    span = min(people / per_minute * 60, _LONGEST)
    return [
        decision._replace(until=decision.until + span * _share(decision.customer_id))
        if decision.verdict is Verdict.DEFER and decision.reason in _OPENS
        else decision
        for decision in decisions
    ]


def _share(customer_id: int) -> float:
    """Give a number in [0, 1) that is always the same for a person."""
    return (customer_id * _GOLDEN % 2**64) / 2**64
