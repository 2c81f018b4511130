"""Frequency cap: nobody gets more offers in any rolling stretch of hours than agreed."""

from __future__ import annotations

from math import ceil, inf

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Cap, CapScope, Policy
from dispatcher.rules.holding import HOUR, hold

VERSION = 1

_REASONS = {CapScope.BRAND: Reason.CAP_BRAND, CapScope.PERSON: Reason.CAP_PERSON}


def frequency_cap(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse while a cap is used up by offers sent or in flight; put off until a slot frees."""
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    full = fullest(person, policy, now)
    if full is None:
        return None
    cap, until = full
    detail = f"{cap.max} in {cap.hours} h" + (f" by {cap.channel}" if cap.channel else "")
    return hold(Ruling(Verdict.DEFER, _REASONS[cap.scope], until, detail), person, policy, now)


def fullest(person: Recipient, policy: Policy, now: float) -> tuple[Cap, float] | None:
    """Give the cap that refuses for longest, and when its slot frees; None if all have room."""
    found: tuple[Cap, float] | None = None
    newest = max([ceil(contact.at) for contact in person.contacts], default=-inf)
    for cap in policy.caps:
        if cap.channel is not None and cap.channel != person.channel:
            continue
        if cap.max > 0 and (len(person.contacts) < cap.max or newest + cap.hours * HOUR <= now):
            continue  # most people: nothing has to be counted
        until = _frees(cap, person, policy)
        if until > now and (found is None or until > found[1]):
            found = cap, until
    return found


def _frees(cap: Cap, person: Recipient, policy: Policy) -> float:
    """Give the instant from which one more offer keeps within the cap: `-inf` if always.

    Contacts count in whole seconds, rounded up: the side on which a slot frees later. As they
    only age, the `max`-th newest decides alone.
    """
    if cap.max <= 0:
        return inf
    counted = sorted(
        ceil(contact.at)
        for contact in person.contacts
        if (cap.channel is None or contact.channel == cap.channel)
        and (cap.scope == CapScope.PERSON or contact.brand == policy.brand)
    )
    return counted[-cap.max] + cap.hours * HOUR if len(counted) >= cap.max else -inf
