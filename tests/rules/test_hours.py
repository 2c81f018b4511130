"""Promises about windows on people's clocks: exact in every zone, at every change of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import Channel
from dispatcher.rules.hours import (
    DAY,
    LOOK_AHEAD_DAYS,
    Hours,
    distinct,
    first_at,
    intersect,
    readable,
    spans,
)
from dispatcher.rules.permitted_hours import Where
from dispatcher.rules.permitted_hours import permitted as permitted_hours
from dispatcher.services.jurisdictions import shipped
from tests.rules.people import ZONES, at

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"

clocks = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
minutes = st.integers(0, 1440)
weekdays = st.sampled_from(["", "", "12345", "67", "3"])
limits = st.lists(st.builds(Hours, minutes, minutes, weekdays), min_size=1, max_size=2).map(tuple)
days = st.sampled_from(
    [
        *("2026-10-03", "2026-10-24", "2026-10-31", "2027-03-13", "2027-03-27", "2027-04-03"),
        *("2027-02-06", "2027-03-13"),  # Casablanca leaves and takes up its clock
        "2026-12-31",
    ]
)
moments = st.builds(
    lambda day, after: at(f"{day}T00:00Z") + 60.0 * after, days, st.integers(0, 2 * 1440)
)


def inside(zone: str, limit: Hours, instant: float) -> bool:
    """Tell, by asking the zone for the wall clock of this one instant, whether it is in hours."""
    wall = datetime.fromtimestamp(instant, ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    begun = wall if limit.opens <= limit.closes or minute >= limit.opens else wall - timedelta(1)
    if limit.days and str(begun.isoweekday()) not in limit.days:
        return False
    if limit.opens <= limit.closes:
        return limit.opens <= minute < limit.closes
    return minute >= limit.opens or minute < limit.closes


def permitted(zones: tuple[str, ...], limits: tuple[Hours, ...], instant: float) -> bool:
    """Tell whether all limits hold in all zones."""
    return all(inside(zone, limit, instant) for zone in zones for limit in limits)


class Opening(NamedTuple):
    """A stretch that is open; `closes` is outside."""

    opens: float
    closes: float


def opening(
    zones: tuple[str, ...], limits: tuple[Hours, ...], margin: int, after: float
) -> Opening | None:
    """Give the first stretch after an instant that is open, where no jurisdiction binds."""
    where = Where(("DE",), zones, channel=Channel.EMAIL, own=limits, margin=margin)
    told = permitted_hours(shipped(), where, after)
    if told.next_open is None:
        return None
    return Opening(told.next_open, inf if told.closes is None else told.closes)


def found(stretch: Opening | None) -> Opening:
    """Give an opening that must be there."""
    assert stretch is not None
    return stretch


@given(clocks, limits, moments, st.sampled_from([0, 15 * 60]))
def test_the_next_opening_is_allowed_and_no_minute_before_it_is(
    zones: tuple[str, ...], limits: tuple[Hours, ...], after: float, margin: int
) -> None:
    """Minute by minute on the real clocks: closed until the opening, open until the closing."""
    stretch = opening(zones, limits, margin, after)
    horizon = after + LOOK_AHEAD_DAYS * DAY
    opens = stretch.opens if stretch else min(horizon, after + 3 * DAY)
    run = 0  # how long it has been open, in seconds
    instant = after
    while instant < opens:
        run = run + 60 if permitted(zones, limits, instant) else 0
        assert run <= margin
        instant += 60
    if stretch:
        last = min(stretch.closes + margin, stretch.opens + 2 * DAY)
        assert permitted(zones, limits, stretch.opens)
        assert all(
            permitted(zones, limits, instant)
            for instant in range(int(stretch.opens), int(last), 60)
        )
        assert last != stretch.closes + margin or not permitted(zones, limits, last)


@given(clocks, limits, moments)
def test_a_further_zone_or_limit_never_opens_earlier(
    zones: tuple[str, ...], limits: tuple[Hours, ...], after: float
) -> None:
    """Restrictions only ever take time away."""
    all_of_it = opening(zones, limits, 0, after)
    for fewer in (opening(zones[:1], limits, 0, after), opening(zones, limits[:1], 0, after)):
        assert all_of_it is None or (fewer is not None and fewer.opens <= all_of_it.opens)


def test_an_hour_the_clock_skips_gives_nothing() -> None:
    """Berlin, 28 March 2027: the window from two to three does not exist that night."""
    night = opening((BERLIN,), (Hours(120, 180),), 0, at("2027-03-27T12:00Z"))
    assert found(night) == (at("2027-03-29T00:00Z"), at("2027-03-29T01:00Z"))


def test_an_hour_the_clock_repeats_counts_twice() -> None:
    """Berlin, 25 October 2026: the window from two to three lasts two hours that night."""
    night = opening((BERLIN,), (Hours(120, 180),), 0, at("2026-10-24T12:00Z"))
    assert found(night) == (at("2026-10-25T00:00Z"), at("2026-10-25T02:00Z"))


def test_a_window_from_the_middle_of_a_repeated_hour_closes_in_between() -> None:
    """Half past two comes twice; between, it is two o'clock again and closed."""
    first, second = [
        stretch
        for stretch in spans(BERLIN, Hours(150, 240), int(at("2026-10-25T00:00Z") // DAY))
        if at("2026-10-25T00:00Z") <= stretch[0] < at("2026-10-26T00:00Z")
    ]
    assert first == (at("2026-10-25T00:30Z"), at("2026-10-25T01:00Z"))
    assert second == (at("2026-10-25T01:30Z"), at("2026-10-25T03:00Z"))


def test_a_clock_may_change_by_half_an_hour() -> None:
    """Lord Howe Island, 4 October 2026: from two to half past is skipped, nine comes earlier."""
    saturday = opening((LORD_HOWE,), (Hours(540, 600),), 0, at("2026-10-02T12:00Z"))
    sunday = opening((LORD_HOWE,), (Hours(540, 600),), 0, at("2026-10-03T12:00Z"))
    assert found(sunday).opens - found(saturday).opens == 23.5 * 3600


def test_odd_offsets_are_exact() -> None:
    """Kathmandu is 5:45 ahead of UTC."""
    morning = opening(("Asia/Kathmandu",), (Hours(540, 1200),), 0, at("2026-12-01T00:00Z"))
    assert found(morning) == (at("2026-12-01T03:15Z"), at("2026-12-01T14:15Z"))


def test_overnight_hours_go_through_midnight() -> None:
    """Somebody who works at night may ask for messages from ten to six."""
    night = opening(("Etc/UTC",), (Hours(1320, 360),), 0, at("2026-12-01T12:00Z"))
    assert found(night) == (at("2026-12-01T22:00Z"), at("2026-12-02T06:00Z"))
    after_midnight = opening(("Etc/UTC",), (Hours(1320, 360),), 0, at("2026-12-02T01:00Z"))
    assert found(after_midnight) == (at("2026-12-02T01:00Z"), at("2026-12-02T06:00Z"))


def test_hours_that_never_meet_never_open() -> None:
    """Morning hours and evening hours share nothing; nor do an empty window and any other."""
    assert opening((BERLIN,), (Hours(480, 600), Hours(1080, 1200)), 0, at("2026-12-01T00Z")) is None
    assert opening((BERLIN,), (Hours(600, 600),), 0, at("2026-12-01T00Z")) is None


def test_a_window_shorter_than_the_margin_never_opens() -> None:
    """Ten minutes of window with a margin of fifteen leave nothing."""
    assert opening((BERLIN,), (Hours(600, 610),), 900, at("2026-12-01T00Z")) is None


def test_without_limits_it_is_always_open() -> None:
    """No hours, no closing."""
    assert opening((BERLIN,), (), 900, 5.0) == (5.0, inf)
    assert opening((BERLIN,), (Hours(0, 1440),), 900, 5.0) == (5.0, inf)


def test_intersections_keep_only_what_lies_in_both() -> None:
    """Touching spans share nothing, since they are half-open."""
    left = ((0.0, 10.0), (20.0, 30.0), (40.0, 50.0))
    right = ((10.0, 22.0), (25.0, 45.0))
    assert intersect(left, right) == ((20.0, 22.0), (25.0, 30.0), (40.0, 45.0))


@pytest.mark.parametrize(
    ("zone", "minute", "day_of", "expected"),
    [
        (BERLIN, 600, "2026-12-01T05:00Z", "2026-12-01T09:00Z"),
        (BERLIN, 600, "2026-12-01T22:59Z", "2026-12-01T09:00Z"),
        (BERLIN, 600, "2026-12-01T23:01Z", "2026-12-02T09:00Z"),
        (BERLIN, 150, "2027-03-28T12:00Z", "2027-03-28T01:30Z"),  # skipped: so much later
        (BERLIN, 150, "2026-10-25T12:00Z", "2026-10-25T00:30Z"),  # repeated: the first time
    ],
)
def test_a_time_of_day_is_that_of_the_persons_own_date(
    zone: str, minute: int, day_of: str, expected: str
) -> None:
    """The day is the one that it is over there."""
    assert first_at((zone,), minute, at(day_of)) == at(expected)


def test_of_several_possible_zones_the_last_to_reach_the_time_counts() -> None:
    """Ten o'clock has been everywhere only when it has been in the west."""
    zones = (BERLIN, NEW_YORK)
    assert first_at(zones, 600, at("2026-12-01T12:00Z")) == at("2026-12-01T15:00Z")


def test_zones_that_tell_the_same_time_count_once() -> None:
    """Berlin and Paris are one clock in these weeks."""
    zones = (BERLIN, "Europe/Paris", "Europe/London")
    assert distinct(zones, int(at("2026-12-01T00Z") // DAY)) == (BERLIN, "Europe/London")


@pytest.mark.parametrize("name", ["", "No/Such", "America", "../etc/passwd", "/etc/passwd", "a\0"])
def test_what_is_not_a_zone_is_not_read(name: str) -> None:
    """A name from outside can be anything."""
    assert not readable(name)
