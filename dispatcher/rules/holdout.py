"""Holdout: a random part of the audience gets nothing, so that the campaign's effect shows."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 1

_HELD_BACK = Ruling(Verdict.SKIP, Reason.HOLDOUT)


def holdout(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Keep back the people whose bucket (0..9999) lies below the campaign's holdout."""
    if person.bucket >= policy.holdout or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    return _HELD_BACK
