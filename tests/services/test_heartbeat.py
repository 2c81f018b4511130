"""A worker that has nothing to do is heard of all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatcher.domain.findings import Finding, Level
from dispatcher.services.doctor import examine
from dispatcher.services.outbound import Outbound, beat
from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


def workers(house: House) -> Finding:
    """What the doctor says of them."""
    found = examine(house.dispatcher.database, bytes.fromhex(KEY), 0)
    return next(each for each in found if each.subject == "workers")


def silent_for(house: House, minutes: int) -> None:
    query = "UPDATE worker SET beat_at = clock_timestamp() - make_interval(mins => :minutes)"
    with house.dispatcher.database.begin() as conn:
        conn.execute(text(query), {"minutes": minutes})


async def heard_of(house: House, out: Outbound) -> None:
    beating = asyncio.create_task(beat(out, 0.01))
    query = "SELECT beat_at > clock_timestamp() - interval '30 seconds' FROM worker"
    assert await asyncio.to_thread(eventually, lambda: house.query(query) == [True])
    beating.cancel()


def test_a_worker_that_lives_is_counted_long_after_it_began(house: House) -> None:
    """The doctor misses who was silent for a minute, and finds who goes on to beat."""

    async def work() -> None:
        out = house.outbound()
        silent_for(house, 10)
        assert workers(house).level is Level.WARN
        await heard_of(house, out)
        assert workers(house) == Finding(Level.OK, "workers", "1 running")
        await out.aclose()

    asyncio.run(work())


def test_an_outage_does_not_end_the_beating(house: House, database_url: str) -> None:
    """Who could not be heard for a while is heard again afterwards."""

    async def work() -> None:
        out = house.outbound()
        beating = asyncio.create_task(beat(out, 0.01))
        with house.dispatcher.database.begin() as conn:
            conn.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        silent_for(house, 10)
        await heard_of(house, out)
        assert not beating.done()
        beating.cancel()
        await out.aclose()

    asyncio.run(work())
