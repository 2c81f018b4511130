"""Offer window: the offer has begun and has not ended."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.policies import Policy

VERSION = 1

_EXPIRED = Ruling(Verdict.SKIP, Reason.OFFER_EXPIRED)


def offer_window(_person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Wait for the offer's beginning; refuse from its end on (half-open: the end is outside)."""
    if max(now, policy.starts_at) >= policy.ends_at:
        return _EXPIRED
    if now < policy.starts_at:
        return Ruling(Verdict.DEFER, Reason.OFFER_NOT_STARTED, policy.starts_at)
    return None
