"""A slot of a rate is given to one sender only, and never more of them than the rate allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from string import ascii_lowercase
from threading import Barrier
from time import monotonic
from typing import NamedTuple

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.domain.throttles import (
    AT_ONCE,
    LIGHT,
    Charge,
    Level,
    Load,
    Pace,
    Throttle,
    charge,
    room,
    settled,
)
from dispatcher.services.dispatch import dispatch
from dispatcher.storage import rates, waves
from dispatcher.storage.database import Database
from tests.support.house import House, house_on

KEY = "gateway:sms"
NOON = 1_796_126_400.0
PEOPLE, PER_SECOND = 50, 20
CATCHES_UP = 4  # messages that a sender who was held up may send at once: 200 ms of them


class Taken(NamedTuple):
    """What somebody was granted, and how the throttle stood before."""

    granted: int
    level: Level


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with room for four connections."""
    database = Database(database_url, pool_size=4)
    yield database
    database.dispose()


def take(database: Database, throttle: Throttle, wanted: int, load: Load = LIGHT) -> Taken:
    """Do what a round does: ask, take what there is room for; give how it stood before."""
    with database.begin() as conn:
        level = rates.lock(conn, [throttle.key])[throttle.key]
        day = throttle.pace.on(NOON)
        granted = room(throttle, level, day, load, wanted)
        rates.charge(conn, [charge(throttle, day, load, granted)] if granted else [])
    return Taken(granted, level)


def take_all(database: Database, throttle: Throttle, wanted: int, start: Barrier) -> int:
    """Take until there is no room; count the messages."""
    start.wait(10)
    return sum(iter(lambda: take(database, throttle, wanted).granted, 0))


def together(database: Database, *throttles: Throttle) -> int:
    """Have several take at once, each with its throttle, until there is no room for anybody."""
    start = Barrier(len(throttles))
    with ThreadPoolExecutor(len(throttles)) as senders:
        work = [
            senders.submit(take_all, database, throttle, wanted, start)
            for wanted, throttle in enumerate(throttles, start=2)
        ]
        return sum(done.result(timeout=60) for done in work)


def test_those_who_take_at_once_never_get_more_than_the_rate(database: Database) -> None:
    """Nor less: what is granted is what the time and one stretch ahead have room for."""
    began = monotonic()
    granted = together(database, *[Throttle(KEY, Pace(200.0))] * 4)
    took = monotonic() - began
    assert 200 * AT_ONCE - 1 <= granted <= 200 * (took + 2 * AT_ONCE) + 1


def test_a_budget_is_never_passed_by_those_who_take_at_once(database: Database) -> None:
    """All of it is used, and not one more, by however many connections."""
    assert together(database, *[Throttle(KEY, Pace(per_day=1_003))] * 4) == 1_003


def test_what_is_asked_for_and_not_taken_stays_free(database: Database) -> None:
    """A question uses up nothing."""
    throttle = Throttle(KEY, Pace(0.1))
    with database.begin() as conn:
        rates.lock(conn, [KEY])
    assert [take(database, throttle, 5).granted for _ in range(2)] == [1, 0]


def test_a_rate_without_room_says_when_it_is_free(database: Database) -> None:
    """The next message of a slow one goes when its own time has come."""
    throttle = Throttle(KEY, Pace(0.1))
    take(database, throttle, 1)
    full = take(database, throttle, 1)
    assert full.granted == 0
    assert 9 < full.level.wait <= 10


def test_what_was_charged_too_much_comes_back(database: Database) -> None:
    """A text reckoned at four parts that had one leaves the rate and the day three of them."""
    throttle, load = Throttle(KEY, Pace(0.1, per_day=10)), Load(4, 4)
    day = throttle.pace.on(NOON)
    take(database, throttle, 1, load)
    due = settled(throttle, day, load, 1, [1])
    assert due is not None
    with database.begin() as conn:
        rates.charge(conn, [due])
        level = rates.lock(conn, [KEY])[KEY]
    assert 8 < level.wait <= 10
    assert level.used == 1


def test_a_day_that_gets_parts_back_opens_no_rate(database: Database) -> None:
    """A slow rate stays as slow: only a budget without one may be looked at again at once."""
    due = {KEY: 0.0, "budget": None}
    with database.begin() as conn:
        rates.lock(conn, due)
        rates.close(conn, dict.fromkeys(due, 15.0))
        rates.charge(conn, [Charge(key, none, -3, 1, 0.2) for key, none in due.items()])
        waits = {key: level.wait for key, level in rates.lock(conn, due).items()}
    assert waits[KEY] > 10
    assert waits["budget"] <= 0


def test_a_new_day_has_a_new_budget_and_an_old_one_does_not_return(database: Database) -> None:
    """Should the clock go back by a day, what was used counts on; nothing is given back to it."""
    story = ((2, 7, 7), (1, 2, 9), (1, -2, 9), (2, -1, 8), (3, 3, 3), (2, -1, 3))
    for day, parts, used in story:
        with database.begin() as conn:
            rates.lock(conn, [KEY])
            rates.charge(conn, [Charge(KEY, 0.0, parts, day, 0.2)])
            assert rates.lock(conn, [KEY])[KEY].used == used


@pytest.mark.parametrize("seed", range(3))
def test_nobody_waits_for_ever_whatever_the_order_of_the_keys(
    database: Database, seed: int
) -> None:
    """Those who lock several throttles at once, new ones among them, all come to an end."""

    def work(number: int) -> None:
        draw = Random(seed * 10 + number)
        for _ in range(60):
            keys = draw.sample(ascii_lowercase[:12], k=draw.randint(1, 12))
            with database.begin() as conn:
                rates.lock(conn, keys)
                rates.charge(conn, [Charge(key, 0.0, 1, 1, 0.2) for key in keys])
                due = draw.sample(keys, k=len(keys))
                rates.charge(conn, [Charge(key, 0.0, -1, 1, 0.2) for key in due])
            with database.begin() as conn:
                rates.charge(conn, [Charge(key, 0.001, 0, 1, 0.2) for key in due])
            with database.begin() as conn:
                rates.close(conn, dict.fromkeys(due, 0.001))

    with ThreadPoolExecutor(4) as workers:
        for done in [workers.submit(work, number) for number in range(4)]:
            done.result(timeout=60)
    with database.begin() as conn:
        assert {level.used for level in rates.standing(conn, ascii_lowercase).values()} == {0}


async def send_from_two_desks(house: House) -> None:
    """Have two sending desks work at once until nothing is left."""
    desks = [house.outbound(), house.outbound()]

    async def work(number: int) -> None:
        while await dispatch(desks[number], Channel.SMS, 30):
            pass

    await asyncio.gather(work(0), work(1))
    for desk in desks:
        await desk.aclose()


def test_the_throttle_of_a_campaign_holds_over_two_sending_desks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two desks at once are not twice as fast."""
    monkeypatch.setattr(waves, "BATCH_SIZE", 10)
    with house_on(database_url, tmp_path / "home") as house:
        people = house.people(PEOPLE)
        house.campaign(per_minute=60 * PER_SECOND)
        house.plan()
        asyncio.run(send_from_two_desks(house))
        assert house.inbox() == people
        sent = house.query("SELECT extract(epoch FROM at)::float8 FROM sandbox_message ORDER BY at")
    for width in (10, 30, PEOPLE):
        for first in range(PEOPLE - width + 1):
            took = sent[first + width - 1] - sent[first]
            assert took >= (width - 1 - 2 * CATCHES_UP) / PER_SECOND - 0.05
