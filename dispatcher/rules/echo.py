"""Echo: who has had an offer on one channel does not soon hear the same one on another."""

from __future__ import annotations

from math import ceil

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import HOUR, hold

VERSION = 1

_HOURS = 48


def echo(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse for 48 hours after the same offer was sent, or is in flight, on another channel."""
    if not person.contacts or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    heard = heard_elsewhere(person, policy)
    until = ceil(heard.at) + _HOURS * HOUR if heard else now
    if heard is None or until <= now:
        return None
    detail = f"{_HOURS} h after the same offer by {heard.channel}"
    return hold(Ruling(Verdict.DEFER, Reason.ECHO, until, detail), person, policy, now)


def heard_elsewhere(person: Recipient, policy: Policy) -> Contact | None:
    """Give the newest contact by which this very offer came on another channel."""
    found = None
    for contact in person.contacts:
        if (
            contact.channel != person.channel
            and same_offer(contact, policy)
            and (found is None or contact.at > found.at)
        ):
            found = contact
    return found


def same_offer(contact: Contact, policy: Policy) -> bool:
    """Say whether it was this offer: of this campaign, or of this brand with the same code."""
    if contact.campaign_id and contact.campaign_id == policy.campaign_id:
        return True
    same_code = policy.offer_code and contact.offer_code == policy.offer_code
    return bool(same_code) and contact.brand == policy.brand
