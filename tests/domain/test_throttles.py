"""No rate is passed in any stretch of time, no budget in any day, whatever was asked and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.throttles import (
    AGAIN,
    AT_ONCE,
    LIGHT,
    PACIFIC,
    WARM_UP,
    Day,
    Level,
    Load,
    Pace,
    Throttle,
    charge,
    opens_in,
    room,
    settled,
)

KEY = "sender:+15550100"
DECEMBER = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
Sent = tuple[float, int]  # when, and how many parts
rates = st.floats(0.05, 500)
# Seconds until somebody asks again, for how many messages, and the parts each of them turns out.
asks = st.lists(
    st.tuples(st.floats(0, 3), st.integers(1, 60), st.integers(1, 4)), min_size=1, max_size=40
)


class Row:
    """What the database keeps of a throttle."""

    def __init__(self) -> None:
        self.free_at, self.day, self.used = 0.0, 0, 0

    def level(self, now: float) -> Level:
        return Level(self.free_at - now, self.day, self.used)

    def take(self, throttle: Throttle, day: Day, load: Load, now: float, wanted: int) -> int:
        granted = room(throttle, self.level(now), day, load, wanted)
        if granted:
            self.charge(charge(throttle, day, load, granted), now)
        return granted

    def charge(self, taken: object, now: float) -> None:
        seconds, parts, day, saves = taken[1:]  # type: ignore[index]
        self.free_at = max(self.free_at, now - saves) + (seconds or 0.0)
        self.used = (0 if day > self.day else self.used) + parts
        self.day = max(self.day, day)


def play(throttle: Throttle, load: Load, story: Sequence[tuple[float, int, int]]) -> list[Sent]:
    """Ask at each instant for so many messages, which turn out so many parts; give what went."""
    row, sent = Row(), []
    for now, (_, wanted, parts) in zip(accumulate(each[0] for each in story), story, strict=True):
        day = throttle.pace.on(DECEMBER + now)
        granted = row.take(throttle, day, load, now, wanted)
        due = settled(throttle, day, load, granted, [parts] * granted)
        if due is not None:
            row.charge(due, now)
        sent.append((now, granted * parts))
    return sent


@given(rates, st.integers(1, 4), asks)
def test_in_no_stretch_of_time_goes_more_than_the_rate(
    rate: float, likely: int, story: list[tuple[float, int, int]]
) -> None:
    """Above it lies what one moment has room for, or what a single round reckoned wrong."""
    throttle = Throttle(KEY, Pace(rate))
    sent = play(throttle, Load(likely, 4), story)
    moment = rate * (max(1 / rate, AT_ONCE) + throttle.saves)
    dearest = max(parts for *_, parts in story)
    wrong = dearest if dearest <= likely else 4 * max(moment / likely, 1)
    for first, (begins, _) in enumerate(sent):
        parts = 0
        for now, count in sent[first:]:
            parts += count
            assert parts <= rate * (now - begins) + moment + wrong + 1e-6


@given(st.integers(1, 500), st.integers(1, 4))
def test_in_the_long_run_exactly_the_rate_in_parts_goes(rate: int, parts: int) -> None:
    """Within a hundredth, whatever the parts and whatever they were first reckoned at."""
    story = [(0.05, 1000, parts)] * 20 * max(60, 500 // rate)
    sent = play(Throttle(KEY, Pace(float(rate))), Load(4, 4), story)
    seconds = sent[-1][0] - sent[0][0]
    total = sum(count for _, count in sent)
    assert abs(total - rate * seconds) <= 0.01 * rate * seconds + 2 * rate * AT_ONCE + 8


@given(st.integers(0, 300), asks)
def test_no_day_has_more_than_its_budget(budget: int, story: list[tuple[float, int, int]]) -> None:
    """Dear messages count in full beforehand, so that none of them can be one too many."""
    throttle = Throttle(KEY, Pace(per_day=budget, warm_up=date(2026, 11, 1), plan=(1,)))
    sent = play(throttle, Load(2, 4), story)
    assert budget == 0 or sum(count for _, count in sent) <= budget


@given(asks)
def test_what_counts_messages_knows_no_parts(story: list[tuple[float, int, int]]) -> None:
    """The throttle of a campaign is about people: a long text is one of them."""
    throttle = Throttle(KEY, Pace(10.0, per_day=20), by_parts=False)
    long = play(throttle, Load(4, 4), story)
    short = play(throttle, LIGHT, [(wait, wanted, 1) for wait, wanted, _ in story])
    assert [n // each[2] for (_, n), each in zip(long, story, strict=True)] == [n for _, n in short]


@given(
    st.integers(1_767_225_600, 1_893_456_000),
    st.sampled_from(["UTC", PACIFIC, "Asia/Kathmandu", "America/Havana", "Africa/Cairo"]),
)
def test_a_day_ends_where_the_next_one_begins(now: int, zone: str) -> None:
    """Also where clocks change, by midnight of that place."""
    day = Pace(zone=zone).on(now)
    assert now < day.ends <= now + 25 * 3600
    assert Pace(zone=zone).on(day.ends - 1).number == day.number
    assert Pace(zone=zone).on(day.ends).number == day.number + 1


def test_the_budget_of_an_american_number_begins_at_midnight_in_california() -> None:
    """In winter that is eight in the morning in London."""
    ends = datetime.fromtimestamp(Pace(per_day=1, zone=PACIFIC).on(DECEMBER).ends, UTC)
    assert ends == datetime(2026, 12, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "budget"), [(-1, 0), (0, 50), (1, 100), (13, 409_600), (14, None), (400, None)]
)
def test_a_warm_up_doubles_each_day_for_two_weeks(days: int, budget: int | None) -> None:
    """Nothing before its first day, and no limit of its own after the last."""
    now = DECEMBER + days * 86400
    assert Pace(warm_up=date(2026, 12, 1)).on(now).budget == budget
    assert len(WARM_UP) == 14


def test_a_warm_up_never_allows_more_than_the_day_does() -> None:
    """The smaller of both holds, and only the day's own once the plan is over."""
    pace = Pace(per_day=60, warm_up=date(2026, 12, 1), plan=(20, 80))
    days = [pace.on(DECEMBER + day * 86400).budget for day in range(4)]
    assert days == [20, 60, 60, 60]


def test_who_finds_a_budget_used_up_looks_again_soon() -> None:
    """What others took and did not use comes back; and a limit that was raised is noticed."""
    throttle = Throttle(KEY, Pace(per_day=10))
    day = throttle.pace.on(DECEMBER)
    assert opens_in(throttle, Level(0.0, day.number, 10), day, LIGHT, DECEMBER) == AGAIN
    assert opens_in(throttle, Level(0.0, day.number, 10), day, LIGHT, day.ends - 2) == 2
    assert opens_in(throttle, Level(3.0, day.number, 9), day, LIGHT, DECEMBER) == 3


def test_the_days_of_a_zone_are_its_own() -> None:
    """Noon in London is another day in Auckland."""
    late = datetime(2026, 12, 1, 12, tzinfo=UTC)
    there = late.astimezone(ZoneInfo("Pacific/Auckland")).date()
    assert Pace(zone="Pacific/Auckland").on(late.timestamp()).number == there.toordinal()
    assert there == late.date() + timedelta(1)
