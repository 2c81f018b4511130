"""Cool-down: after any offer, on whatever channel and of whatever brand, there is some rest."""

from __future__ import annotations

from math import ceil

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.asked_for import answers
from dispatcher.rules.holding import HOUR, hold

VERSION = 2


def cool_down(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse until `min_gap_hours` after the newest offer, unless the person asked for this one."""
    if not person.contacts or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    newest = ceil(max(contact.at for contact in person.contacts))
    until = newest + policy.min_gap_hours * HOUR
    if policy.min_gap_hours <= 0 or until <= now:
        return None
    if answers(person, policy, now):
        return None
    detail = f"{policy.min_gap_hours:g} h between offers"
    return hold(Ruling(Verdict.DEFER, Reason.MIN_GAP, until, detail), person, policy, now)
