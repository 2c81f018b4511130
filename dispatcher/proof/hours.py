"""Open or closed, minute by minute: each day of each zone as a row of 1440 bits.

A bit is set while a minute of a day (UTC) is open. What binds at once is the bits of all, and-ed.
`is_open` asks the wall clock instead and is slow; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

from dispatcher.domain.customers import Recipient
from dispatcher.proof.table import Allowed, Sheet, Windows

_DAY, _MINUTES = 86400, 1440
_ALL = (1 << _MINUTES) - 1
_AHEAD = 14  # days within which something must open
_EPOCH = date(1970, 1, 1)


class Hours(NamedTuple):
    """All hours to be kept at once: of jurisdictions, and daily ones of campaign and person.

    Daily hours are (opens, closes) in minutes after midnight, overnight if opens > closes.
    `later`: sheets that hold instead from a day (UTC, since 1970) on, in the order of these days.
    `weekdays` are those on which the person wants to hear, 1 is Monday; none are all.
    """

    sheets: tuple[Sheet, ...]
    daily: tuple[tuple[int, int], ...]
    zones: tuple[str, ...]
    later: tuple[tuple[int, tuple[Sheet, ...]], ...] = ()
    weekdays: tuple[int, ...] = ()

    def sheets_on(self, day: int) -> tuple[Sheet, ...]:
        """Give the sheets of a day."""
        return next((new for first, new in reversed(self.later) if first <= day), self.sheets)

    @property
    def bind(self) -> bool:
        """Whether there are any."""
        return bool(self.sheets or self.daily or self.weekdays)

    @property
    def unknown(self) -> bool:
        """Whether nobody can tell what time it is there."""
        return not self.zones or not all(map(readable, self.zones))


def allowed(person: Recipient) -> Allowed:
    """Give what a person allowed; an agreement that no event of the ledger proves is none."""
    agreed = [
        (each.jurisdiction, _halves(each.opens, each.closes))
        for each in person.agreed
        if each.event
    ]
    return Allowed(tuple(agreed), person.written)


@cache
def clock_in(zone: str) -> ZoneInfo:
    """Give a zone's clock, and keep it: reading one takes a while."""
    return ZoneInfo(zone)


@cache
def readable(zone: str) -> bool:
    """Whether there is such a zone."""
    try:
        return bool(clock_in(zone))
    except (KeyError, ValueError, OSError):
        return False


def is_open(hours: Hours, at: datetime) -> bool:
    """Look at every wall clock, and at every sheet by it."""
    sheets = hours.sheets_on((at.astimezone(UTC).date() - _EPOCH).days)
    for zone in hours.zones:
        wall = at.astimezone(clock_in(zone))
        minute = wall.hour * 60 + wall.minute
        if hours.weekdays and wall.isoweekday() not in hours.weekdays:
            return False
        windows = [_windows(sheet, wall.date()) for sheet in sheets]
        windows += [_halves(*each) for each in hours.daily]
        if not all(_within(each, minute) for each in windows):
            return False
    return True


def _within(windows: Windows, minute: int) -> bool:
    return any(opens <= minute < closes for opens, closes in windows)


def open_end(hours: Hours, at: float) -> float:
    """Give when the opening that holds `at` ends; `at` itself if it is closed then."""
    if not hours.bind:
        return inf
    day, second = divmod(at, _DAY)
    minute = int(second // 60)
    if not _bits(hours, int(day)) >> minute & 1:
        return at
    for later in range(_AHEAD + 8):
        shut = ~_bits(hours, int(day) + later) & _ALL & -1 << minute
        if shut:
            return (int(day) + later) * _DAY + _lowest(shut) * 60
        minute = 0
    return inf


def first_open(hours: Hours, at: float, margin: float) -> float | None:
    """Give the first instant, from `at` on, in an opening with more than `margin` seconds left.

    None if that is more than two weeks away.
    """
    latest = at + _AHEAD * _DAY
    while (opens := _next_open(hours, at)) is not None and opens <= latest:
        ends = open_end(hours, opens)
        if opens + margin < ends:
            return opens
        at = ends
    return None


def _next_open(hours: Hours, at: float) -> float | None:
    if not hours.bind:
        return at
    day, second = divmod(at, _DAY)
    minute = int(second // 60)
    for later in range(_AHEAD + 1):
        bits = _bits(hours, int(day) + later) & -1 << minute
        if bits:
            return max(at, (int(day) + later) * _DAY + _lowest(bits) * 60)
        minute = 0
    return None


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


@lru_cache(maxsize=1 << 17)
def _bits(hours: Hours, day: int) -> int:
    bits, sheets = _ALL, hours.sheets_on(day)
    for zone in hours.zones:
        for sheet in sheets:
            bits &= _sheet_bits(sheet, zone, day)
        for opens, closes in hours.daily:
            bits &= _daily_bits(opens, closes, zone, day)
        if hours.weekdays:
            bits &= _weekday_bits(hours.weekdays, zone, day)
    return bits


@lru_cache(maxsize=1 << 17)
def _sheet_bits(sheet: Sheet, zone: str, day: int) -> int:
    bits = 0
    for first, last, offset, local in _local_days(zone, day):
        bits |= _paint(_windows(sheet, _EPOCH + timedelta(local)), first, last, offset)
    return bits


@lru_cache(maxsize=1 << 17)
def _daily_bits(opens: int, closes: int, zone: str, day: int) -> int:
    bits = 0
    for first, last, offset, _ in _local_days(zone, day):
        bits |= _paint(_halves(opens, closes), first, last, offset)
    return bits


@lru_cache(maxsize=1 << 15)
def _weekday_bits(weekdays: tuple[int, ...], zone: str, day: int) -> int:
    bits = 0
    for first, last, offset, local in _local_days(zone, day):
        if (_EPOCH + timedelta(local)).isoweekday() in weekdays:
            bits |= _paint(((0, _MINUTES),), first, last, offset)
    return bits


def _halves(opens: int, closes: int) -> Windows:
    return ((opens, closes),) if opens <= closes else ((0, closes), (opens, _MINUTES))


def _paint(windows: Windows, first: int, last: int, offset: int) -> int:
    """Set the minutes of [first, last) that lie in windows, which begin `offset` minutes later."""
    bits = 0
    for opens, closes in windows:
        low, high = max(opens + offset, first), min(closes + offset, last)
        if low < high:
            bits |= (1 << high) - (1 << low)
    return bits


@lru_cache(maxsize=1 << 15)
def _local_days(zone: str, day: int) -> tuple[tuple[int, int, int, int], ...]:
    """Part a day (UTC) by the zone's own dates and by changes of its clock.

    Gives (first minute, last minute, minute at which the local date began, local date).
    """
    found = []
    for first, last, ahead in _steady(zone, day):
        low, high = (first + ahead) // _MINUTES, (last - 1 + ahead) // _MINUTES
        for local in range(low, high + 1):
            begins = local * _MINUTES - ahead
            within = max(first, begins), min(last, begins + _MINUTES)
            found.append((*within, begins, day + local))
    return tuple(found)


@lru_cache(maxsize=1 << 15)
def _steady(zone: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """Part a day at changes of the clock; gives first and last minute, and minutes before UTC."""
    return tuple(_stretches(clock_in(zone), day))


def _stretches(clock: ZoneInfo, day: int) -> Iterator[tuple[int, int, int]]:
    first, ahead = 0, _ahead(clock, day, 0)
    for hour in range(0, _MINUTES, 60):
        if _ahead(clock, day, hour) == _ahead(clock, day, hour + 60) == ahead:
            continue
        for minute in range(hour, hour + 60):
            now = _ahead(clock, day, minute)
            if now != ahead:
                yield first, minute, ahead
                first, ahead = minute, now
    yield first, _MINUTES, ahead


@lru_cache(maxsize=1 << 15)
def face(zone: str, day: int) -> tuple[object, ...]:
    """Give what a zone's clock shows around a day: zones of one face tell the same time."""
    return tuple(_steady(zone, each) for each in range(day - 2, day + _AHEAD + 7))


def _ahead(clock: ZoneInfo, day: int, minute: int) -> int:
    wall = datetime.fromtimestamp(day * _DAY + minute * 60, UTC).astimezone(clock)
    ahead = wall.utcoffset()
    return round(ahead.total_seconds()) // 60 if ahead else 0


@lru_cache(maxsize=1 << 15)
def _windows(sheet: Sheet, day: date) -> Windows:
    if sheet.holiday is not None and any(day in _holidays(*each) for each in sheet.calendars):
        return sheet.holiday + sheet.besides
    return sheet.week[day.weekday()] + sheet.besides


@cache
def _holidays(country: str, subdivision: str) -> holidays.HolidayBase | frozenset[date]:
    """Give a calendar; an unknown one has no holidays, so weekdays count."""
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        return frozenset()
