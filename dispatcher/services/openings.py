"""Openings: people who wait for the same opening do not all come back in its first second."""

from __future__ import annotations

from collections.abc import Sequence

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import held_until
from dispatcher.rules.jurisdictions import Law
from dispatcher.rules.quiet_hours import open_until

# Who names a time of day means about that time, whatever the spread.
_MOST = {Reason.QUIET_HOURS: 3600.0, Reason.SCHEDULED: 300.0}  # seconds
_GOLDEN = 0x9E3779B97F4A7C15  # spreads neighbouring numbers evenly (Knuth, TAOCP 6.4)


def after_openings(
    decisions: Sequence[Decision],
    people: Sequence[Recipient],
    policy: Policy,
    now: float,
    law: Law,
    spread: float,
) -> list[Decision]:
    """Let each of those who wait for an opening come back a share of `spread` seconds after it.

    `until` stays the opening itself, and at most half of what is then left is used: of the opening,
    of the offer, and of the time a person may be held. `people` are those of `decisions`.
    """
    return [
        decision._replace(late=_late(decision, person, policy, now, law, spread))
        if spread and decision.verdict is Verdict.DEFER and decision.reason in _MOST
        else decision
        for decision, person in zip(decisions, people, strict=True)
    ]


def _late(
    decision: Decision, person: Recipient, policy: Policy, now: float, law: Law, spread: float
) -> float:
    opens = decision.until
    longest = law.on(policy.brand, now).max_hold_hours
    ends = min(open_until(person, policy, opens, law), held_until(person, policy, now, longest))
    span = min(spread, _MOST[decision.reason], max(ends - opens, 0.0) / 2)
    return span * _share(decision.customer_id)


def _share(customer_id: int) -> float:
    """Give a number in [0, 1) that is always the same for a person."""
    return (customer_id * _GOLDEN % 2**64) / 2**64
