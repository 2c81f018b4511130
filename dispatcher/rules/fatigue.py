"""Fatigue: whoever takes no notice of offer after offer hears less of us, and then nothing."""

from __future__ import annotations

from math import ceil

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import HOUR, hold

VERSION = 1

MONTHLY_FROM, DORMANT_FROM = 8, 12  # offers in a row that were ignored
MONTH = 30 * 24 * HOUR


def fatigue(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Step down to an offer a month, then to none, where the campaign asks for answers."""
    if not policy.asks or person.ignored < MONTHLY_FROM:
        return None
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    detail = f"{person.ignored} offers in a row without an answer"
    if person.ignored >= DORMANT_FROM:
        return Ruling(Verdict.SKIP, Reason.DORMANT, detail=detail)
    if not person.contacts:
        return None
    until = ceil(max(contact.at for contact in person.contacts)) + MONTH
    if until <= now:
        return None
    return hold(Ruling(Verdict.DEFER, Reason.FATIGUE, until, detail), person, policy, now)
