"""Quiet hours: offers come only while it is a decent hour on the person's own clock.

Decent is what the hours of every jurisdiction that binds, the campaign's window and the person's
own hours permit all at once, in each zone the person may live in.
"""

from __future__ import annotations

from functools import lru_cache

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import hold
from dispatcher.rules.hours import DAY, MINUTES, Hours, first_at, readable, stretches
from dispatcher.rules.jurisdictions import Jurisdictions, Law, is_code
from dispatcher.rules.permitted_hours import Where, permitted, plan

VERSION = 2

# Channel, jurisdictions, own zone or "", zones still possible.
Home = tuple[Channel, tuple[str, ...], str, tuple[str, ...]]

_ALL_DAY = Hours(0, MINUTES)


def quiet_hours(person: Recipient, policy: Policy, now: float, law: Law) -> Ruling | None:
    """Refuse outside the permitted hours, and before `send_at`.

    Nothing goes out in the last minutes before closing, since gateways queue. Where hours bind
    but the zone or the jurisdiction cannot be known, they count as closed.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    where = whereabouts(person, policy, now, law)
    if where is None:
        return None
    book = law.jurisdictions
    release = 0.0 if policy.send_at < 0 else _release(person, policy, now, book, where)
    told = permitted(book, where, max(now, release))
    if told.next_open is None:
        return _never(person, book, where)
    if told.next_open <= now:
        return None
    reason = Reason.SCHEDULED if now < release else Reason.QUIET_HOURS
    words = _words(book, where, policy.send_at)
    refusal = Ruling(Verdict.DEFER, reason, told.next_open, words)
    ruling = hold(refusal, person, policy, now, most=book.max_hold_hours)
    if ruling.verdict == Verdict.SKIP and reason == Reason.QUIET_HOURS:
        return ruling._replace(reason=Reason.QUIET_HOURS_EXPIRED)
    return ruling


def open_until(person: Recipient, policy: Policy, now: float, law: Law) -> float:
    """Give the instant by which a message that may go now must have gone."""
    if policy.message_class != MessageClass.PROMOTIONAL:
        return policy.ends_at
    where = whereabouts(person, policy, now, law)
    if where is None:
        return policy.ends_at
    told = permitted(law.jurisdictions, where, now)
    if told.next_open != now:
        return now
    return policy.ends_at if told.closes is None else min(told.closes, policy.ends_at)


def whereabouts(person: Recipient, policy: Policy, now: float, law: Law) -> Where | None:
    """Give all that an offer's hours hang on; None if no hours bind at all."""
    window = policy.window
    return where_of(
        law,
        (person.channel, person.jurisdictions, person.zone, person.zones),
        (person.hours_from, person.hours_until),
        (window.opens, window.closes),
        policy.close_margin_minutes,
        policy.send_at >= 0,
        int(now // DAY),
    )


@lru_cache(maxsize=1 << 13)
def where_of(
    law: Law,
    home: Home,
    own: tuple[int, int],
    window: tuple[int, int],
    margin: int,
    timed: bool,
    day: int,
) -> Where | None:
    """Give what an offer's hours hang on; `own` and `window` in minutes, `margin` too."""
    book, (channel, jurisdictions, zone, zones) = law.jurisdictions, home
    codes = jurisdictions or (book.unknown_country,)
    possible = (zone,) if zone else _possible(book, codes, zones, day)
    if channel == Channel.SMS:
        margin = max(margin, book.close_margin_minutes)
    limits = _limits(Hours(*window), Hours(*own))
    if timed and not limits:
        limits = (_ALL_DAY,)  # a time of day needs a clock, though it shuts nothing
    where = Where(codes, possible, law.profile, channel, limits, margin=margin * 60)
    made = plan(book, where)
    return where if made.limits or limits or made.problem else None


def _limits(campaign: Hours, own: Hours) -> tuple[Hours, ...]:
    """Give the hours set by campaign and person; those of the whole day bind nobody."""
    chosen = own if own.opens != own.closes else _ALL_DAY
    return tuple(limit for limit in dict.fromkeys((campaign, chosen)) if limit != _ALL_DAY)


def _possible(
    book: Jurisdictions, codes: tuple[str, ...], zones: tuple[str, ...], day: int
) -> tuple[str, ...]:
    """Give every zone the person may live in, when they have not said.

    Those told by the number may all be far from where the person lives: a jurisdiction with none
    of its clocks among them adds its own.
    """
    if not zones or not all(map(readable, zones)) or not all(map(is_code, codes)):
        return zones
    clocks = {stretches(zone, day) for zone in zones}
    found = list(zones)
    for code in codes:
        theirs = book.chain(code).zones
        if not any(stretches(zone, day) in clocks for zone in theirs):
            found += theirs
    return tuple(dict.fromkeys(found))


def _release(
    person: Recipient, policy: Policy, now: float, book: Jurisdictions, where: Where
) -> float:
    """Give the instant of "10:00 recipient-local" on the person's first eligible day."""
    made = plan(book, where)
    if made.problem:
        return 0.0
    first = max(int(person.held_since) or now, policy.starts_at)
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
    hours = [f"{_clock(limit.opens)}-{_clock(limit.closes)}" for limit in own]
    hours += [f"at {_clock(send_at)}"] if send_at >= 0 else []
    zones = made.zones
    place = zones[0] if len(zones) == 1 else f"in each of {len(zones)} possible zones"
    law = f", hours of {', '.join(made.bound_by)}" if made.bound_by else ""
    return f"{' and '.join(hours)} {place}{law}".lstrip()


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
