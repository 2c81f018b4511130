"""Left audience: the person no longer belongs to those the campaign is meant for."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.policies import Policy

VERSION = 1

_LEFT = Ruling(Verdict.SKIP, Reason.LEFT_AUDIENCE)


def left_audience(person: Recipient, _policy: Policy, _now: float) -> Ruling | None:
    """Refuse people whom the segment no longer holds, though it did when the wave was planned."""
    return None if person.in_audience else _LEFT
