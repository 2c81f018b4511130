"""Attempts: a message that keeps being put off is given up after a while."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.policies import Policy

VERSION = 1


def attempts(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Refuse once the gateway has been tried `max_attempts` times."""
    if person.attempts < policy.max_attempts:
        return None
    return Ruling(Verdict.SKIP, Reason.TOO_MANY_ATTEMPTS, detail=f"{person.attempts} attempts")
