"""Quiet hours: offers come only while it is a decent hour on the person's own clock.

Decent is what the hours of every jurisdiction that binds, the campaign's window and the person's
own hours and days permit all at once, in each zone the person may live in. Other hours than those
of a jurisdiction count where the person agreed to them by their own hand, or consented in writing.
An offer that the person asked for just now keeps to the hours of law alone.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import NamedTuple

from dispatcher.domain import weekdays
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ALL_DAY, Policy
from dispatcher.rules.asked_for import answer_until, answers
from dispatcher.rules.holding import hold
from dispatcher.rules.hours import MINUTES, Hours, first_at
from dispatcher.rules.jurisdictions import Jurisdictions, Law, Profile
from dispatcher.rules.permitted_hours import OwnHand, Where, permitted, plan
from dispatcher.rules.possible_zones import possible_zones

VERSION = 5

# Channel, jurisdictions, own zone or "", zones still possible.
Home = tuple[Channel, tuple[str, ...], str, tuple[str, ...]]

_ALL_DAY = Hours(0, MINUTES)
_ON_RECORD = "the ledger"


class Given(NamedTuple):
    """What people allowed beyond the hours of the law: by their own hand, or in writing."""

    own_hand: tuple[OwnHand, ...] = ()
    written: bool = False


NOTHING, IN_WRITING = Given(), Given(written=True)


def quiet_hours(person: Recipient, policy: Policy, now: float, law: Law) -> Ruling | None:
    """Refuse outside the permitted hours, and before `send_at`.

    Nothing goes out in the last minutes before closing, since gateways queue. Where hours bind
    but the zone or the jurisdiction cannot be known, they count as closed.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    book = law.on(policy.brand, now)
    if person.asked_at and answers(person, policy, now):
        opens, words = _opens_for_an_answer(person, policy, now, law)
        if opens <= now:
            return None
        if opens < answer_until(person):
            refusal = Ruling(Verdict.DEFER, Reason.QUIET_HOURS, opens, words)
            return _held(refusal, person, policy, now, book)
    where = whereabouts(person, policy, book, law.profile)
    if where is None:
        return None
    release = 0.0 if policy.send_at < 0 else _release(person, policy, now, book, where)
    told = permitted(book, where, max(now, release))
    if told.next_open is None:
        return _never(person, book, where)
    if told.next_open <= now:
        return None
    reason = Reason.SCHEDULED if now < release else Reason.QUIET_HOURS
    words = _words(book, where, policy.send_at)
    return _held(Ruling(Verdict.DEFER, reason, told.next_open, words), person, policy, now, book)


def _held(
    refusal: Ruling, person: Recipient, policy: Policy, now: float, book: Jurisdictions
) -> Ruling:
    ruling = hold(refusal, person, policy, now, most=book.max_hold_hours)
    if ruling.verdict == Verdict.SKIP and refusal.reason == Reason.QUIET_HOURS:
        return ruling._replace(reason=Reason.QUIET_HOURS_EXPIRED)
    return ruling


def _opens_for_an_answer(
    person: Recipient, policy: Policy, now: float, law: Law
) -> tuple[float, str]:
    """Give when the law lets a request be answered (`inf`: never), and its hours in words."""
    book = law.on(policy.brand, now)
    where = whereabouts(*without_courtesies(person, policy), book, law.profile)
    if where is None:
        return now, ""
    told = permitted(book, where, now)
    return (inf if told.next_open is None else told.next_open), _words(book, where, -1)


def without_courtesies(person: Recipient, policy: Policy) -> tuple[Recipient, Policy]:
    """Leave out the hours that answering a request need not keep; those of law all stay.

    The campaign's window is a courtesy, and of the hours and days of their own the person has just
    made an exception, by their own hand.
    """
    person = person._replace(hours_from=0, hours_until=0, days="")
    return person, replace(policy, window=ALL_DAY, send_at=-1)


def open_until(person: Recipient, policy: Policy, now: float, law: Law) -> float:
    """Give the instant by which a message that may go now must have gone."""
    if policy.message_class != MessageClass.PROMOTIONAL:
        return policy.ends_at
    book, latest = law.on(policy.brand, now), policy.ends_at
    if person.asked_at and answers(person, policy, now):
        latest = min(latest, answer_until(person))
        person, policy = without_courtesies(person, policy)
    where = whereabouts(person, policy, book, law.profile)
    if where is None:
        return latest
    told = permitted(book, where, now)
    if told.next_open != now:
        return now
    return latest if told.closes is None else min(told.closes, latest)


def whereabouts(
    person: Recipient, policy: Policy, book: Jurisdictions, profile: Profile
) -> Where | None:
    """Give all that an offer's hours hang on; None if no hours bind at all."""
    window = policy.window
    return where_of(
        book,
        profile,
        (person.channel, person.jurisdictions, person.zone, person.zones),
        (person.hours_from, person.hours_until, person.days),
        (window.opens, window.closes),
        policy.close_margin_minutes,
        policy.send_at >= 0,
        _given(person),
    )


def _given(person: Recipient) -> Given:
    """Give what the person allowed beyond the hours of the law.

    The event of an agreement stays with the person: answers are kept by what was asked, and each
    person has another event.
    """
    if not person.agreed:
        return IN_WRITING if person.written else NOTHING
    own_hand = [
        OwnHand(each.jurisdiction, Hours(each.opens, each.closes), _ON_RECORD if each.event else "")
        for each in person.agreed
    ]
    return Given(tuple(own_hand), person.written)


@lru_cache(maxsize=1 << 13)
def where_of(
    book: Jurisdictions,
    profile: Profile,
    home: Home,
    own: tuple[int, int, str],
    window: tuple[int, int],
    margin: int,
    timed: bool,
    given: Given = NOTHING,
) -> Where | None:
    """Give what hours hang on; `own` (with weekdays), `window` and `margin` are in minutes.

    None if no hours bind, neither today nor from a day on that the rule data names already.
    """
    channel, jurisdictions, zone, zones = home
    codes = jurisdictions or (book.unknown_country,)
    possible = (zone,) if zone else possible_zones(book, codes, zones)
    if channel == Channel.SMS:
        margin = max(margin, book.close_margin_minutes)
    opens, closes, days = own
    limits = _limits(Hours(*window), Hours(opens, closes), Hours(0, MINUTES, days))
    if timed and not limits:
        limits = (_ALL_DAY,)  # a time of day needs a clock, though it shuts nothing
    where = Where(codes, possible, profile, channel, limits, margin=margin * 60)
    where = where._replace(own_hand=given.own_hand, consent_lifts=given.written)
    return where if limits or _binds(book, where) else None


def _binds(book: Jurisdictions | None, where: Where) -> bool:
    """Tell whether the law shuts anything there, or nobody knows, today or later on."""
    if book is None:
        return False
    made = plan(book, where)
    return bool(made.limits or made.problem) or _binds(book.then, where)


def _limits(campaign: Hours, own: Hours, days: Hours) -> tuple[Hours, ...]:
    """Give the hours set by campaign and person; those of all days, whole, bind nobody."""
    chosen = own if own.opens != own.closes else _ALL_DAY
    return tuple(limit for limit in dict.fromkeys((campaign, chosen, days)) if limit != _ALL_DAY)


def _release(
    person: Recipient, policy: Policy, now: float, book: Jurisdictions, where: Where
) -> float:
    """Give the instant of "10:00 recipient-local" on the person's first eligible day."""
    made = plan(book, where)
    if made.problem:
        return 0.0
    # Whole seconds, as they are recorded, or the last moment of a day would count as the next day.
    first = max(int(person.held_since or now), policy.starts_at)
    return first_at(made.zones, policy.send_at, first)


def _never(person: Recipient, book: Jurisdictions, where: Where) -> Ruling:
    problem = plan(book, where).problem
    if problem:
        return Ruling(Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED, detail=problem)
    reason = Reason.QUIET_HOURS_EXPIRED if person.zone else Reason.ZONE_UNKNOWN_CLOSED
    return Ruling(Verdict.SKIP, reason, detail=_words(book, where, -1) + ": never open")


@lru_cache(maxsize=1 << 11)
def _words(book: Jurisdictions, where: Where, send_at: int) -> str:
    """Say the hours as people write them, and whose they are."""
    made = plan(book, where)
    own = [limit for limit in where.own if limit != _ALL_DAY]
    hours = [weekdays.words(limit.days) if limit.days else _span(limit) for limit in own]
    hours += [f"at {_clock(send_at)}"] if send_at >= 0 else []
    zones = made.zones
    place = zones[0] if len(zones) == 1 else f"in each of {len(zones)} possible zones"
    law = f", hours of {', '.join(made.bound_by)}" if made.bound_by else ""
    return f"{' and '.join(hours)} {place}{law}".lstrip()


def _span(limit: Hours) -> str:
    return f"{_clock(limit.opens)}-{_clock(limit.closes)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
