"""Asked for: an offer that answers the person's own request, within a quarter of an hour."""

from __future__ import annotations

from math import ceil

from dispatcher.domain.customers import Recipient
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 1

ANSWER_WITHIN = 15 * 60  # seconds


def answers(person: Recipient, policy: Policy, now: float) -> bool:
    """Tell whether an offer that goes out now answers what the person asked for."""
    if not person.asked_at or policy.message_class != MessageClass.PROMOTIONAL:
        return False
    return int(person.asked_at) <= now < answer_until(person)


def answer_until(person: Recipient) -> float:
    """Give when an open request is over (Unix seconds); 0 if there is none.

    One offer answers it, sent or in flight. As everywhere, instants of contacts count in whole
    seconds, rounded up, and that of the request rounded down: the side on which less is open.
    """
    asked = int(person.asked_at)
    if asked <= 0 or any(each.asked and ceil(each.at) >= asked for each in person.contacts):
        return 0.0
    return asked + ANSWER_WITHIN
