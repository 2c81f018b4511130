"""Frequency cap: nobody gets more offers in any rolling stretch of hours than agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf
from operator import attrgetter
from typing import NamedTuple

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ANY_SUBJECT, Cap, CapScope, Policy
from dispatcher.rules.asked_for import answer_until, answers
from dispatcher.rules.holding import HOUR, hold
from dispatcher.rules.jurisdictions import Cap as CapOfLaw
from dispatcher.rules.jurisdictions import Counts, EmailHours, Jurisdiction, Jurisdictions, Law

VERSION = 3

# The longest month: so no month by the calendar ever holds more than was promised for one.
MONTH = 31 * 24  # hours
_UNITED_STATES = "US"
_HALF, _WHOLE = 1, 2  # what an offer that was asked for uses up of a campaign's cap, and any other
_at = attrgetter("at")

_REASONS = {
    CapScope.BRAND: Reason.CAP_BRAND,
    CapScope.PERSON: Reason.CAP_PERSON,
    CapScope.SUBJECT: Reason.CAP_SUBJECT,
    CapScope.CHANNELS: Reason.CAP_CHANNELS,
}
_SCOPES = {
    Counts.PERSON: CapScope.PERSON,
    Counts.BRAND: CapScope.BRAND,
    Counts.SUBJECT: CapScope.SUBJECT,
    Counts.CHANNELS: CapScope.CHANNELS,
}


@dataclass(frozen=True, slots=True)
class _Bound(Cap):
    """A cap that no campaign may lift: `basis` says who set it."""

    reason: Reason = Reason.CAP_PERSON
    basis: str = ""


def frequency_cap(person: Recipient, policy: Policy, now: float, law: Law) -> Ruling | None:
    """Refuse while a cap is used up by offers sent or in flight; put off until a slot frees.

    Caps are those of the campaign, those of every place the person may be in, the frequency that
    was promised when the person agreed, and the most they want to hear. What the person asked for
    counts half, but only against the campaign's own: law, promise and wish mean every message.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    full = used_up(person, policy, now, law)
    if not full:
        return None
    cap, until, _ = full[-1]
    reason = cap.reason if isinstance(cap, _Bound) else _REASONS[cap.scope]
    return hold(Ruling(Verdict.DEFER, reason, until, _words(cap)), person, policy, now)


class Full(NamedTuple):
    """A cap without room for one more offer of some weight, and when there is some again."""

    cap: Cap
    until: float
    weight: int


def used_up(person: Recipient, policy: Policy, now: float, law: Law) -> tuple[Full, ...]:
    """Give the caps that a refusal rests on, the one that says how long last; none: all have room.

    They are two where even half an offer has no room while the request is open: then it is an
    ordinary one. Otherwise one, that which refuses for longest.
    """
    found: tuple[Full, ...] = ()
    if person.asked_at and answers(person, policy, now):
        half = _fullest(person, policy, now, law, _HALF)
        if half is None or half.until < answer_until(person):
            return (half,) if half else ()
        found = (half,)
    whole = _fullest(person, policy, now, law, _WHOLE)
    return (*found, whole) if whole else found


def _fullest(person: Recipient, policy: Policy, now: float, law: Law, weight: int) -> Full | None:
    found: Full | None = None
    contacts = person.contacts
    newest = max([ceil(contact.at) for contact in contacts], default=-inf)
    caps = policy.caps + caps_by_law(
        law.on(policy.brand, now), person.jurisdictions, person.channel
    )
    if person.promised or person.promised_in_all:
        caps += _promises(person.promised, person.promised_in_all, person.channel)
    if person.most_a_month:
        caps += _wish(person.most_a_month)
    for cap in caps:
        if cap.channel is not None and cap.channel != person.channel:
            continue
        if cap.max > 0 and (len(contacts) < cap.max or newest + cap.hours * HOUR <= now):
            continue  # most people: nothing has to be counted
        until = _frees(cap, person, policy, weight)
        if until > now and (found is None or until > found.until):
            found = Full(cap, until, weight)
    return found


def _counted(cap: Cap, person: Recipient, policy: Policy) -> list[Contact]:
    """Give the contacts that use up a cap, by age, the newest last.

    Of channels, each other one counts once, by its newest contact: one more is about to be used.
    """
    if cap.scope == CapScope.CHANNELS:
        by_channel: dict[Channel, Contact] = {}
        for contact in person.contacts:
            known = by_channel.get(contact.channel, contact)
            if contact.channel != person.channel:
                by_channel[contact.channel] = max(known, contact, key=_at)
        return sorted(by_channel.values(), key=_at)
    found = [
        contact
        for contact in person.contacts
        if cap.channel is None or contact.channel == cap.channel
    ]
    if cap.scope == CapScope.BRAND:
        found = [contact for contact in found if contact.brand == policy.brand]
    elif cap.scope == CapScope.SUBJECT:
        found = [contact for contact in found if same_subject(contact.subject, policy.subject)]
    found.sort(key=_at)
    return found


def same_subject(one: str, other: str) -> bool:
    """Tell whether two offers may be about the same; one that does not say may be about any."""
    return one == other or ANY_SUBJECT in (one, other)


@lru_cache(maxsize=1 << 12)
def caps_by_law(book: Jurisdictions, codes: tuple[str, ...], channel: Channel) -> tuple[Cap, ...]:
    """Give the caps that come with these places, on one channel.

    Oregon lets purchases and questions of the person's own lift its cap; nothing tells of them
    here, so they do not.
    """
    places = [place for code in codes for place in book.chain(code).members]
    return tuple(dict.fromkeys(cap for place in places for cap in _caps_of(book, place, channel)))


def _caps_of(book: Jurisdictions, place: Jurisdiction, channel: Channel) -> Iterator[Cap]:
    """Give one place's caps: those of texts, or of e-mail, or of both where they are as one."""
    if place.email is EmailHours.SAME:
        for cap in place.caps:
            yield _bound(cap, None, place.code)
    elif channel is Channel.SMS:
        for cap in place.caps:
            yield _bound(cap, channel, place.code)
    if channel is Channel.EMAIL:
        for cap in place.email_caps:
            yield _bound(cap, channel, place.code)
    if place.code == _UNITED_STATES and book.us_promotional_cap and channel is Channel.SMS:
        yield _bound(book.us_promotional_cap, channel, place.code)


def _bound(cap: CapOfLaw, channel: Channel | None, place: str) -> Cap:
    scope = _SCOPES[cap.scope]
    over = None if scope == CapScope.CHANNELS else channel
    basis = f"{place}: {cap.basis}" if cap.basis else place
    return _Bound(cap.most, cap.per_hours, scope, over, _REASONS[scope], basis)


@lru_cache(maxsize=1 << 10)
def _promises(own: int, in_all: int, channel: Channel) -> tuple[Cap, ...]:
    """Give the caps that were promised: of a topic for its brand, of everything for all brands."""
    told = ((own, CapScope.BRAND), (in_all, CapScope.PERSON))
    return tuple(
        _Bound(most, MONTH, scope, channel, Reason.CAP_DISCLOSED_FREQUENCY, "promised with consent")
        for most, scope in told
        if most > 0
    )


@lru_cache(maxsize=1 << 8)
def _wish(most: int) -> tuple[Cap, ...]:
    """Give the cap that a person has set: of all brands on all channels."""
    words = "the person's own wish"
    return (_Bound(most, MONTH, CapScope.PERSON, None, Reason.CAP_OWN_MOST, words),)


def _frees(cap: Cap, person: Recipient, policy: Policy, weight: int) -> float:
    """Give the instant from which one more offer keeps within the cap: `-inf` if always.

    Contacts count in whole seconds, rounded up: the side on which a slot frees later. As they
    only age, the oldest of those that fill it decides alone.
    """
    if cap.max <= 0:
        return inf
    found = filling(cap, weight, person, policy)
    return ceil(found[-1].at) + cap.hours * HOUR if found else -inf


def filling(cap: Cap, weight: int, person: Recipient, policy: Policy) -> list[Contact]:
    """Give the newest contacts that leave no room for an offer of that weight, the newest first.

    None where there is room.
    """
    found = _counted(cap, person, policy)
    if len(found) < cap.max:
        return []
    halves = not isinstance(cap, _Bound) and cap.scope != CapScope.CHANNELS
    room = _WHOLE * cap.max - (weight if halves else _WHOLE)
    for taken, contact in enumerate(reversed(found), start=1):
        room -= _HALF if halves and contact.asked else _WHOLE
        if room < 0:
            return found[: -taken - 1 : -1]
    return []


def _words(cap: Cap) -> str:
    """Say a cap as people would."""
    words = f"{cap.max} in {cap.hours} h"
    if cap.scope == CapScope.CHANNELS:
        words = f"{cap.max} channel in {cap.hours} h"
    words += f" by {cap.channel}" if cap.channel else ""
    words += " about one subject" if cap.scope == CapScope.SUBJECT else ""
    return f"{words} ({cap.basis})" if isinstance(cap, _Bound) else words
