"""Hours: windows on people's wall clocks as stretches of real time, and their intersections.

Every restriction of hours is a list of spans, and the permitted time is their intersection, so a
further one (a country's hours, a holiday) only ever takes time away. Spans are half-open
[start, end) in Unix seconds, sorted and apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

VERSION = 3

DAY = 86400
MINUTES = 1440
LOOK_AHEAD_DAYS = 14
ALWAYS = ((-inf, inf),)

Spans = tuple[tuple[float, float], ...]


class Hours(NamedTuple):
    """Half-open [opens, closes) in minutes after local midnight; overnight if opens > closes.

    `days`: the weekdays on which they begin, `12345` for Monday to Friday; "" for every day.
    """

    opens: int
    closes: int
    days: str = ""


def readable(zone: str) -> bool:
    """Tell whether there is such a zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1 << 12)
def common_spans(zones: tuple[str, ...], limits: tuple[Hours, ...], day: int) -> Spans:
    """Give the time in which all limits hold in all zones, from before `day` (since 1970) on."""
    shared: Spans = ALWAYS
    for zone in zones:
        for limit in limits:
            shared = intersect(shared, spans(zone, limit, day))
    return shared


def intersect(left: Spans, right: Spans) -> Spans:
    """Give the time that lies in both."""
    shared = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            shared.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(shared)


@lru_cache(maxsize=1 << 12)
def spans(zone: str, limit: Hours, day: int) -> Spans:
    """Give the instants, about `day` and two weeks on, at which the zone's clock is in the hours.

    Exact over changes of the clock: an hour that is skipped gives nothing, one that is repeated
    counts twice.
    """
    if limit == (0, MINUTES, ""):
        return ALWAYS
    found: list[tuple[float, float]] = []
    for start, end, offset in stretches(zone, day):
        for low, high in _daily(limit, start + offset, end + offset):
            low, high = max(low - offset, start), min(high - offset, end)
            if found and low <= found[-1][1] < high:
                found[-1] = (found[-1][0], high)
            elif low < high:
                found.append((low, high))
    return tuple(found)


def _daily(limit: Hours, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the hours of each day in local seconds, from the day before `start` on."""
    opens, closes, days = limit
    overnight = DAY if opens > closes else 0
    for midnight in range(start - start % DAY - DAY, end, DAY):
        if days and _weekday(midnight) not in days:
            continue
        yield midnight + opens * 60, midnight + closes * 60 + overnight


def _weekday(midnight: int) -> str:
    """Give the weekday of a local midnight (seconds since 1970, a Thursday) as a digit."""
    return str((midnight // DAY + 3) % 7 + 1)


@lru_cache(maxsize=1 << 11)
def stretches(zone: str, day: int) -> tuple[tuple[int, int, int], ...]:
    """Split two days before `day` to three weeks after at the changes of the zone's clock.

    Gives (start, end, offset from UTC), all in seconds.
    """
    clock = ZoneInfo(zone)
    first, last = (day - 2) * DAY, (day + LOOK_AHEAD_DAYS + 7) * DAY
    found = []
    start = first
    for before in range(first, last, DAY):
        if _offset(clock, before) != _offset(clock, before + DAY):
            change = _change(clock, before, before + DAY)
            found.append((start, change, _offset(clock, start)))
            start = change
    found.append((start, last, _offset(clock, start)))
    return tuple(found)


def _change(clock: ZoneInfo, low: int, high: int) -> int:
    """Give the second at which the clock changes, between two that differ."""
    before = _offset(clock, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(clock, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(clock: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, clock).utcoffset()
    assert offset is not None  # a ZoneInfo always has one
    return int(offset.total_seconds())


def distinct(zones: tuple[str, ...], day: int) -> tuple[str, ...]:
    """Give one zone for each clock among those given: the others tell the same time."""
    clocks = {stretches(zone, day): zone for zone in reversed(zones)}
    return tuple(zone for zone in zones if clocks[stretches(zone, day)] == zone)


@lru_cache(maxsize=1 << 13)
def first_at(zones: tuple[str, ...], minute: int, day_of: float) -> float:
    """Give the instant at which, in all zones, it has been `minute` on the local day of `day_of`.

    A time that the clock skips counts as so much later (RFC 5545, 3.3.5), a repeated one when
    it is first met.
    """
    wanted = []
    for zone in zones:
        wall = datetime.fromtimestamp(day_of, ZoneInfo(zone))
        hour, minutes = divmod(minute, 60)
        wanted.append(wall.replace(hour=hour, minute=minutes, second=0, microsecond=0, fold=0))
    return max(wall.timestamp() for wall in wanted)
