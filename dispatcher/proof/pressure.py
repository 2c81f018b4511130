"""Caps and gaps, counted again from a log of everything that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.policies import CapScope, Policy
from dispatcher.proof.table import Table

HOUR = 3600
_MONTH = 30 * 24 * HOUR


def full_caps(
    table: Table, person: Recipient, policy: Policy, log: Sequence[Contact], at: float
) -> Iterator[str]:
    """Name each cap that leaves no room at `at` for one more offer to a person."""
    for cap in policy.caps:
        if cap.channel not in (None, person.channel):
            continue
        counted = [
            contact
            for contact in _within(log, cap.hours * HOUR, at)
            if cap.channel in (None, contact.channel)
            and (cap.scope != CapScope.BRAND or contact.brand == policy.brand)
        ]
        if len(counted) >= cap.max:
            yield f"{len(counted)} of {cap.max} in {cap.hours} h ({cap.scope}, {cap.channel})"
    yield from _full_by_table(table, person, policy, log, at)
    if person.promised:
        counted = [
            contact for contact in _within(log, _MONTH, at) if contact.channel == person.channel
        ]
        own = [contact for contact in counted if contact.brand == policy.brand]
        if len(own) >= person.promised:
            yield f"{len(own)} of {person.promised} promised for 30 days"


def _full_by_table(
    table: Table, person: Recipient, policy: Policy, log: Sequence[Contact], at: float
) -> Iterator[str]:
    for cap in table.caps(person.jurisdictions, person.channel):
        counted = [
            contact
            for contact in _within(log, cap.hours * HOUR, at)
            if _counts(cap.scope, contact, person, policy)
        ]
        if len(counted) >= cap.most:
            yield f"{len(counted)} of {cap.most} in {cap.hours} h ({cap.code}, {cap.scope})"


def _counts(scope: str, contact: Contact, person: Recipient, policy: Policy) -> bool:
    if scope == "recipient_channels":
        return contact.channel != person.channel
    same = contact.channel == person.channel
    return same and (scope != "recipient+subject" or contact.subject == policy.subject)


def newest(log: Sequence[Contact], at: float) -> float:
    """Give the instant of the newest contact before `at`; 0 if there is none."""
    return max((contact.at for contact in log if contact.at <= at), default=0.0)


def _within(log: Sequence[Contact], seconds: float, at: float) -> list[Contact]:
    return [contact for contact in log if contact.at <= at < contact.at + seconds]
