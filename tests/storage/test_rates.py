"""A slot of a rate is given to one sender only, and never more of them than the rate allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Barrier
from time import monotonic

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.services.dispatch import dispatch
from dispatcher.storage import rates, waves
from dispatcher.storage.database import Database
from tests.support.house import House, house_on

KEY = "gateway:sms"
STEP, HORIZON = 10.0, 1000.0  # seconds; so long that no slot becomes the past during a test
NEXT = text("SELECT extract(epoch FROM tat)::float8 FROM rate WHERE key = :key")
PEOPLE, PER_SECOND = 50, 20
CATCHES_UP = 4  # messages that a sender who was held up may send at once: 200 ms of them


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with room for two connections."""
    database = Database(database_url, pool_size=2)
    yield database
    database.dispose()


def lease_all(database: Database, wanted: int, start: Barrier) -> list[float]:
    """Lease and take until nothing is left; give the instants of the slots."""
    slots: list[float] = []
    start.wait(10)
    while len(slots) < 2 * HORIZON / STEP:
        with database.begin() as conn:
            granted, _ = rates.lease(conn, KEY, wanted, STEP, HORIZON)
            first = float(conn.execute(NEXT, {"key": KEY}).scalar_one())
            rates.take(conn, KEY, granted, STEP)
        if not granted:
            break
        slots += [first + STEP * n for n in range(granted)]
    return slots


def test_two_who_lease_at_once_share_the_slots(database: Database) -> None:
    """Together they get what the rate allows within the horizon, and never the same slot."""
    began, start = monotonic(), Barrier(2)
    with ThreadPoolExecutor(2) as senders:
        work = [senders.submit(lease_all, database, wanted, start) for wanted in (7, 3)]
        shares = [done.result(timeout=30) for done in work]
    slots = sorted(shares[0] + shares[1])
    assert HORIZON / STEP <= len(slots) <= HORIZON / STEP + (monotonic() - began) / STEP + 1
    steps = [later - earlier for earlier, later in pairwise(slots)]
    assert min(steps) > STEP - 0.001


def test_what_is_leased_and_not_used_stays_free_for_others(database: Database) -> None:
    """Only `take` uses slots up; a lease alone is a question."""
    with database.begin() as conn:
        first = rates.lease(conn, KEY, 5, STEP, HORIZON)
        rates.take(conn, KEY, 2, STEP)
    with database.begin() as conn:
        granted, starts_in = rates.lease(conn, KEY, 5, STEP, HORIZON)
    assert first == (5, 0.0)
    assert granted == 5
    assert STEP < starts_in <= 2 * STEP


def test_beyond_the_horizon_nothing_is_granted(database: Database) -> None:
    """It says instead how long to wait."""
    with database.begin() as conn:
        granted, _ = rates.lease(conn, KEY, 10_000, STEP, HORIZON)
        rates.take(conn, KEY, granted, STEP)
        none, starts_in = rates.lease(conn, KEY, 1, STEP, HORIZON)
    assert granted == HORIZON / STEP
    assert none == 0
    assert HORIZON - STEP < starts_in <= HORIZON


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
