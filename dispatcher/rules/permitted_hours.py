"""Permitted hours: may a message go to this place at this instant, and if not, from when on?

Every jurisdiction that binds gives the stretches of real time in which it permits; what counts is
their intersection over all jurisdictions, all candidate zones and the person's own hours. So more
of any of them only ever takes time away. Only a permission by the person's own hand, kept with its
evidence, gives some back, and only where the rule data says that it may.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.rules import holiday_calendars
from dispatcher.rules.hours import (
    DAY,
    LOOK_AHEAD_DAYS,
    Hours,
    Spans,
    common_spans,
    distinct,
    intersect,
    readable,
    spans,
    stretches,
)
from dispatcher.rules.jurisdictions import (
    Calendar,
    Chain,
    Day,
    EmailHours,
    Jurisdiction,
    Jurisdictions,
    Profile,
    Tier,
    Week,
    is_code,
)

VERSION = 1

_EPOCH = date(1970, 1, 1).toordinal()
_THURSDAY = 3  # the weekday of 1970-01-01


class Answer(StrEnum):
    """What may be done now: hold until the next opening, or never within two weeks."""

    ALLOW = "allow"
    HOLD = "hold"
    NEVER = "never"


class OwnHand(NamedTuple):
    """Hours that a person permitted by their own hand; `evidence` names the record of it."""

    jurisdiction: str
    hours: Hours
    evidence: str


class Where(NamedTuple):
    """What the hours hang on besides the instant.

    `jurisdictions`: of the number and of the residence, all that are known; all of them bind.
    `zones`: every zone the person may live in; none: every zone of the jurisdictions.
    `own`: hours of the person or the campaign, which only narrow. `margin`: seconds before each
    closing that count as closed; what is open no longer than that is no opening.
    """

    jurisdictions: tuple[str, ...]
    zones: tuple[str, ...] = ()
    profile: Profile = Profile.BALANCED
    channel: Channel = Channel.SMS
    own: tuple[Hours, ...] = ()
    own_hand: tuple[OwnHand, ...] = ()
    margin: int = 0


class Permitted(NamedTuple):
    """The answer, in Unix seconds.

    `next_open`: now, if it is open; None if never. `closes`: when that opening ends (outside).
    `since`: since when it has been open or closed, None if that is more than two days ago.
    """

    answer: Answer
    reason: Reason
    next_open: float | None
    closes: float | None
    since: float | None
    bound_by: tuple[str, ...]
    warnings: tuple[str, ...]


class Limit(NamedTuple):
    """One week of windows that binds; `strict`: it does so only because of the profile."""

    code: str
    week: Week
    calendars: tuple[Calendar, ...]
    own_hand: tuple[Hours, ...]
    strict: bool


class Plan(NamedTuple):
    """All that binds at a place. `problem`: why nothing may ever be sent there."""

    limits: tuple[Limit, ...]
    zones: tuple[str, ...]
    bound_by: tuple[str, ...]
    warnings: tuple[str, ...]
    problem: str


class Cause(NamedTuple):
    """How one limit stands at an instant in one zone. `holiday`: its name, if it is one."""

    code: str
    zone: str
    open: bool
    windows: Day
    holiday: str
    strict: bool


class _Openings(NamedTuple):
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    plan: Plan


@lru_cache(maxsize=1 << 13)
def permitted(book: Jurisdictions, where: Where, now: float) -> Permitted:
    """Answer for one instant; the next opening is the earliest instant at which all is open."""
    starts, ends, plan = _openings(book, where, int(now // DAY))
    at = bisect_right(ends, now)
    past = ends[at - 1] if at else None
    if at == len(ends) or starts[at] > now + LOOK_AHEAD_DAYS * DAY:
        reason = Reason.ZONE_UNKNOWN_CLOSED if plan.problem else Reason.QUIET_HOURS_EXPIRED
        return Permitted(Answer.NEVER, reason, None, None, past, plan.bound_by, plan.warnings)
    opens, closes = starts[at], ends[at] if ends[at] != inf else None
    if opens <= now:
        began = opens if opens != -inf else None
        return Permitted(Answer.ALLOW, Reason.OK, now, closes, began, plan.bound_by, plan.warnings)
    return Permitted(
        Answer.HOLD, Reason.QUIET_HOURS, opens, closes, past, plan.bound_by, plan.warnings
    )


@lru_cache(maxsize=1 << 13)
def _openings(book: Jurisdictions, where: Where, day: int) -> _Openings:
    """Give the stretches permitted from two days before `day` (since 1970) to three weeks after."""
    made = plan(book, where)
    if made.problem:
        return _Openings((), (), made)
    zones = distinct(made.zones, day)
    shared: Spans = common_spans(zones, where.own, day)
    for zone in zones:
        for limit in made.limits:
            shared = intersect(shared, _limit_spans(zone, limit, day))
    margin = where.margin
    kept = [(start, end - margin) for start, end in shared if start < end - margin]
    return _Openings(tuple(span[0] for span in kept), tuple(span[1] for span in kept), made)


@lru_cache(maxsize=1 << 12)
def plan(book: Jurisdictions, where: Where) -> Plan:
    """Find what binds at a place under a profile, and in which zones."""
    unread = next((code for code in where.jurisdictions if not is_code(code)), None)
    if unread is not None or not where.jurisdictions:
        problem = f'no such jurisdiction: "{unread[:20]}"' if unread else "no jurisdiction known"
        return Plan((), (), (), (problem,), problem)
    chains = [book.chain(code) for code in where.jurisdictions]
    limits = tuple(dict.fromkeys(limit for chain in chains for limit in _limits(chain, where)))
    zones = where.zones or _all_zones(chains)
    bound_by = tuple(dict.fromkeys(limit.code for limit in limits))
    # Where nothing is ever closed it does not matter what time it is.
    problem = _unusable(zones) if limits or where.own else ""
    warnings = (*_warnings(limits, chains, where), *filter(None, (problem,)))
    return Plan(limits, zones, bound_by, warnings, problem)


def _all_zones(chains: list[Chain]) -> tuple[str, ...]:
    """Give the zones of all places; none at all if those of one are not known."""
    if not all(chain.zones for chain in chains):
        return ()
    return tuple(dict.fromkeys(zone for chain in chains for zone in chain.zones))


def _limits(chain: Chain, where: Where) -> Iterator[Limit]:
    strict = where.profile == Profile.STRICT
    for member in chain.members:
        if where.channel == Channel.EMAIL and member.email != EmailHours.SAME:
            continue
        own_hand = tuple(each.hours for each in where.own_hand if _counts(each, member))
        calendars = (*filter(None, (member.calendar,)), *chain.calendars)
        if strict or member.tier != Tier.STRICT_ONLY:
            doubtful = member.tier == Tier.STRICT_ONLY
            yield Limit(member.code, member.week, calendars, own_hand, doubtful)
        if strict and member.strict_week:
            yield Limit(member.code, member.strict_week, calendars, own_hand, True)


def _counts(given: OwnHand, member: Jurisdiction) -> bool:
    return bool(given.evidence and member.own_hand) and given.jurisdiction == member.code


def _warnings(limits: tuple[Limit, ...], chains: list[Chain], where: Where) -> Iterator[str]:
    for limit in limits:
        for calendar in limit.calendars:
            if limit.week.holiday is not None and not holiday_calendars.known(calendar):
                name = "-".join(filter(None, calendar))
                yield f"{limit.code}: no holidays known for {name}, so weekdays count"
    members = {member.code: member for chain in chains for member in chain.members}
    for given in where.own_hand:
        member = members.get(given.jurisdiction)
        if member is None or not _counts(given, member):
            yield f"{given.jurisdiction[:20]}: other hours by own hand do not count here"


def _unusable(zones: tuple[str, ...]) -> str:
    if not zones:
        return "no time zone known"
    unread = next((zone for zone in zones if not zone or not readable(zone)), None)
    return "" if unread is None else f"no such time zone: {unread[:40]}"


@lru_cache(maxsize=1 << 12)
def _limit_spans(zone: str, limit: Limit, day: int) -> Spans:
    """Give the stretches in which a limit is open by a zone's clock, exact over its changes."""
    found: list[tuple[float, float]] = []
    for start, end, offset in stretches(zone, day):
        first = (start + offset) // DAY
        for local in range(first, (end + offset - 1) // DAY + 1):
            for window in windows_on(limit, local + _EPOCH):
                low = max(local * DAY + window.opens * 60 - offset, start)
                high = min(local * DAY + window.closes * 60 - offset, end)
                _add(found, low, high)
    open_spans: Spans = tuple(found)
    for hours in limit.own_hand:
        open_spans = _either(open_spans, spans(zone, hours, day))
    return open_spans


def _add(found: list[tuple[float, float]], low: float, high: float) -> None:
    """Add a stretch that begins no sooner than the last one did."""
    if low >= high:
        return
    if found and low <= found[-1][1]:
        found[-1] = (found[-1][0], max(found[-1][1], high))
    else:
        found.append((low, high))


def _either(left: Spans, right: Spans) -> Spans:
    found: list[tuple[float, float]] = []
    for low, high in sorted((*left, *right)):
        _add(found, low, high)
    return tuple(found)


def windows_on(limit: Limit, ordinal: int) -> Day:
    """Give a limit's windows on a local date; on a holiday those of holidays."""
    if limit.week.holiday is not None and _holiday(limit, ordinal):
        return limit.week.holiday
    return limit.week.days[(ordinal - _EPOCH + _THURSDAY) % 7]


def _holiday(limit: Limit, ordinal: int) -> str:
    day = date.fromordinal(ordinal)
    named = (holiday_calendars.on(calendar, day) for calendar in limit.calendars)
    return next(filter(None, named), "")


def causes(book: Jurisdictions, where: Where, now: float) -> tuple[Cause, ...]:
    """Tell how each limit stands in each zone, for people who ask why."""
    made = plan(book, where)
    if made.problem:
        return ()
    return tuple(_cause(limit, zone, now) for limit in made.limits for zone in made.zones)


def _cause(limit: Limit, zone: str, now: float) -> Cause:
    wall = datetime.fromtimestamp(now, ZoneInfo(zone))
    windows = windows_on(limit, wall.toordinal())
    minute = wall.hour * 60 + wall.minute
    is_open = any(window.opens <= minute < window.closes for window in windows)
    by_hand = any(_within(spans(zone, hours, int(now // DAY)), now) for hours in limit.own_hand)
    holiday = _holiday(limit, wall.toordinal()) if limit.week.holiday is not None else ""
    return Cause(limit.code, zone, is_open or by_hand, windows, holiday, limit.strict)


def _within(open_spans: Spans, now: float) -> bool:
    return any(low <= now < high for low, high in open_spans)
