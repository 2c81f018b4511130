"""Holding: how long a person may be put off before the offer is dropped for them instead."""

from __future__ import annotations

from math import inf

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Ruling, Verdict
from dispatcher.domain.policies import Policy

VERSION = 2

HOUR = 3600


def hold(
    refusal: Ruling, person: Recipient, policy: Policy, now: float, most: float = inf
) -> Ruling:
    """Let a DEFER stand, or make it a SKIP if it ends with the offer or beyond `max_hold_hours`.

    `most`: the hours that the rule data allows at most, whatever the policy says.
    """
    if refusal.until < policy.ends_at and refusal.until <= held_until(person, policy, now, most):
        return refusal
    return Ruling(Verdict.SKIP, refusal.reason, detail=refusal.detail)


def held_until(person: Recipient, policy: Policy, now: float, most: float = inf) -> float:
    """Give the last instant to which a person may be put off; `most` as in `hold`.

    A hold begins with the first verdict on the person (`held_since`, else now), yet never before
    the offer itself: waiting for the offer's beginning is not being held.
    """
    began = max(int(person.held_since) or now, policy.starts_at)
    return began + min(policy.max_hold_hours, most) * HOUR
