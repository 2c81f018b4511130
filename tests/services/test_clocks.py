"""A clock that jumps by a day: nothing is handed over until all clocks agree again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.findings import Finding, Level
from dispatcher.domain.messages import Channel
from dispatcher.errors import ClockJumped
from dispatcher.services.clocks import APART, Clocks
from dispatcher.services.dispatch import dispatch
from dispatcher.services.doctor import examine
from dispatcher.services.outbound import Outbound
from tests.support.fake_clock import fake_clock, shift
from tests.support.house import KEY, TUESDAY, House, house_on

DAY = 86400.0


class Hands:
    """Three clocks that a test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def clocks(self) -> Clocks:
        return Clocks(self.wall, lambda: self.wall, lambda: self.steady)


@pytest.mark.parametrize("jump", [DAY, -DAY, 301.0, -301.0])
def test_a_jump_of_either_clock_or_both_is_seen_until_it_is_undone(jump: float) -> None:
    """The database's, the machine's, and both at once, which only the time that passed tells."""
    for server_too, wall_too in ((True, False), (False, True), (True, True)):
        hands = Hands()
        clocks = hands.clocks()
        hands.pass_by(3600)
        clocks.check(hands.wall)
        hands.pass_by(1)
        server = hands.wall + jump * server_too
        hands.wall += jump * wall_too
        for _ in range(3):
            with pytest.raises(ClockJumped, match="clock_jumped"):
                clocks.check(server)
        hands.wall -= jump * wall_too
        clocks.check(hands.wall)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-APART / 4, APART / 4)), max_size=30))
def test_time_that_passes_and_clocks_that_drift_are_no_jump(
    steps: list[tuple[float, float]],
) -> None:
    """However long a worker had nothing to do, and however far all drift together in the end."""
    hands = Hands()
    clocks = hands.clocks()
    for passed, drift in steps:
        hands.pass_by(passed)
        hands.wall += drift
        clocks.check(hands.wall)


def test_clocks_that_never_agreed_are_told_at_once() -> None:
    """Nobody knows which of them is right."""
    hands = Hands()
    with pytest.raises(ClockJumped):
        Clocks(hands.wall + DAY, lambda: hands.wall, lambda: hands.steady).check(hands.wall + DAY)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house whose database has a clock that a test can set."""
    fake_clock(database_url)
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


def offer(house: House, name: str) -> None:
    """Let a campaign to everybody begin, at any hour."""
    house.campaign(name, policy={"min_gap_hours": 0.0, "caps": (), "starts_at": 0.0})
    house.plan()


async def send(out: Outbound) -> None:
    while await dispatch(out, Channel.SMS, 10):
        pass


def clock_findings(house: House) -> list[Finding]:
    here = house.dispatcher
    return [
        each
        for each in examine(here.database, bytes.fromhex(KEY), 0.0)
        if each.subject == "clock jump"
    ]


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_the_databases_clock_jumps_between_two_campaigns(
    house: House, jump: float, caplog: pytest.LogCaptureFixture
) -> None:
    """The same hour of another day, so no rule objects: yet nothing goes until it is undone."""
    people = house.people(5)

    async def story() -> None:
        out = house.outbound()
        offer(house, "First")
        await send(out)
        assert house.inbox() == people
        offer(house, "Second")
        shift(house.dispatcher.database, jump)
        with caplog.at_level(logging.ERROR):
            await send(out)
            await send(out)
        assert house.inbox() == people
        assert house.query("SELECT count(*) FROM batch WHERE state = 'leased'") == [0]
        assert [record.message[:12] for record in caplog.records] == ["clock_jumped"]
        (found,) = clock_findings(house)
        assert (found.level, "clock_jumped: 1 workers" in found.told) == (Level.FAIL, True)
        shift(house.dispatcher.database, 0)
        await send(out)
        assert house.inbox() == sorted(people * 2)
        assert clock_findings(house) == []
        await out.aclose()

    asyncio.run(story())


def test_the_machines_clock_jumps(house: House) -> None:
    """The worker cannot tell which clock is wrong: nothing goes; one that stopped is no case."""
    house.people(5)

    async def story() -> None:
        out = house.outbound()
        offer(house, "First")
        out.clocks = Clocks(house.query(NOW)[0], lambda: house.query(NOW)[0] + DAY, lambda: 0.0)
        await send(out)
        assert house.inbox() == []
        assert len(clock_findings(house)) == 1
        await out.aclose()
        assert clock_findings(house) == []

    asyncio.run(story())


NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


def test_setting_the_programmes_clock_on_purpose_is_no_jump(house: House) -> None:
    """In safe mode it may be any hour."""
    people = house.people(5)

    async def story() -> None:
        out = house.outbound()
        offer(house, "First")
        await send(out)
        house.jump(TUESDAY + timedelta(days=1))
        offer(house, "Second")
        await send(out)
        assert house.inbox() == sorted(people * 2)
        await out.aclose()

    asyncio.run(story())
