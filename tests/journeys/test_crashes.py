"""Kill any process at any moment: nobody is forgotten, nobody is told twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dispatcher.domain.messages import (
    Channel,
    DeliveryKey,
    Event,
    EventKind,
    Outcome,
    Receipt,
)
from dispatcher.errors import StorageDown
from dispatcher.services import settle
from dispatcher.services.dispatch import dispatch
from dispatcher.services.receive import receive
from dispatcher.services.reserve import reserve
from tests.support.doomed_worker import PLANNING, POINTS, STOP
from tests.support.house import TUESDAY, House
from tests.support.lost_commits import LOST, Line, LostCommit
from tests.support.patience import eventually

PEOPLE = 150
IN_FLIGHT = 64  # the sandbox takes so many at once
CERTAIN = {  # points at which the journal or the database knows everything
    "inside reserve, before its commit",
    "reserved, nothing rendered",
    "while rendering",
    "inside settle, before its commit",
    "settled, batch not handed back",
}
# Points that one batch passes again and again.
REPEATED = ("while rendering", "begun, nothing written", "receipt in the journal, not settled")
AUDIENCE = "SELECT customer_id FROM audience ORDER BY customer_id"
ROOT = Path(__file__).resolve().parents[2]


def doomed(house: House, point: str, count: int) -> subprocess.Popen[bytes]:
    """Start a worker process that will end itself."""
    settings = house.dispatcher.settings
    url = settings.database_url.get_secret_value()
    command = [sys.executable, "-m", "tests.support.doomed_worker", url, str(settings.home)]
    return subprocess.Popen([*command, point, str(count)], cwd=ROOT)


def recover(house: House) -> None:
    """Do what beat and the other workers do, until the wave is finished."""
    for _ in range(20):
        house.tidy()
        house.send(Channel.SMS)
        if house.query("SELECT state FROM wave") == ["finished"]:
            return
    raise AssertionError(f"the wave does not finish: {house.verdicts()}")


def assert_promise(house: House, people: list[int], most_unsure: int) -> None:
    """Everybody has one verdict; everybody sure got one message; nobody got two."""
    got = Counter(house.inbox())
    states = dict(house.query("SELECT customer_id, state FROM delivery"))
    assert sorted(states) == people
    assert set(states.values()) <= {"accepted", "unsure"}
    assert not [person for person, copies in got.items() if copies > 1]
    assert not [p for p in people if states[p] == "accepted" and got[p] != 1]
    assert Counter(states.values())["unsure"] <= most_unsure


@pytest.mark.parametrize(
    ("point", "count"),
    [(point, 1) for point in POINTS if point != PLANNING] + [(point, 40) for point in REPEATED],
)
def test_a_killed_worker_neither_loses_nor_doubles(house: House, point: str, count: int) -> None:
    """Whatever the point: others finish the work, and only what was on the wire is unsure."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    process = doomed(house, point, count)
    assert process.wait(60) == -signal.SIGKILL
    recover(house)
    assert_promise(house, people, 0 if point in CERTAIN else IN_FLIGHT)


@pytest.mark.parametrize(("count", "reached"), [(1, 0), (2, 32), (4, 128)])
def test_a_planner_killed_in_mid_plan_is_continued_without_overlap_or_gap(
    house: House, count: int, reached: int
) -> None:
    """At its first step or a later one: then everybody is in the audience once."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    process = doomed(house, PLANNING, count)
    assert process.wait(60) == -signal.SIGKILL
    ((state, planned_to, planned),) = house.query("SELECT state, planned_to, people FROM wave")
    assert (state, planned_to) == ("planning", reached)
    assert planned == len(house.query(AUDIENCE)) < PEOPLE
    house.plan()
    assert house.query(AUDIENCE) == people
    assert house.query("SELECT state, planned_to, people FROM wave") == [("running", 256, PEOPLE)]
    assert house.query("SELECT sum(size) FROM batch") == [PEOPLE]
    recover(house)
    assert_promise(house, people, most_unsure=0)


@pytest.mark.parametrize("line", Line)
@pytest.mark.parametrize("point", LOST)
def test_a_connection_lost_at_a_commit_neither_loses_nor_doubles(
    house: House, monkeypatch: pytest.MonkeyPatch, point: str, line: Line
) -> None:
    """Whether the commit came through or not: the worker cannot know, and need not."""
    monkeypatch.setattr(settle, "_GROUP", 40)  # so that more is on the wire while it settles
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    lost = LostCommit(house.dispatcher.settings.database, line)
    lost.arm(monkeypatch, point)
    failures = asyncio.run(work_through_outages(house))
    assert lost.happened
    assert failures <= 1
    recover(house)
    assert_promise(house, people, most_unsure=IN_FLIGHT if "settle" in point else 0)


async def work_through_outages(house: House) -> int:
    """Dispatch as a worker process does, again after each outage; count those."""
    out, failures, more = house.outbound(), 0, True
    while more:
        try:
            more = await dispatch(out, Channel.SMS, 30)
        except StorageDown:
            failures += 1
    await out.aclose()
    return failures


def test_without_the_journal_everything_permitted_is_unsure_and_nothing_is_repeated(
    house: House,
) -> None:
    """The machine is gone with its disk: at most what was permitted and not settled is unsure."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    assert doomed(house, "written, before its commit", 2).wait(60) == -signal.SIGKILL
    for journal in house.dispatcher.settings.journals.iterdir():
        journal.unlink()
    house.query(
        "UPDATE batch SET lease_until = clock_timestamp() WHERE state = 'leased' RETURNING 1"
    )
    recover(house)
    assert_promise(house, people, most_unsure=3 * IN_FLIGHT)


def test_a_stopped_worker_that_wakes_up_late_starts_nothing_more(house: House) -> None:
    """Its lease is over and others did the rest; its receipts are facts and still count."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    process = doomed(house, STOP, 10)
    assert eventually(lambda: _is_stopped(process.pid))
    house.query(
        "UPDATE batch SET lease_until = clock_timestamp() WHERE state = 'leased' RETURNING 1"
    )
    recover(house)
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(60) == 0
    recover(house)
    assert_promise(house, people, most_unsure=2 * IN_FLIGHT)


def test_two_workers_share_a_campaign_without_meeting(house: House) -> None:
    """Claims are exclusive."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    workers = [doomed(house, "while rendering", 10_000) for _ in range(2)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    recover(house)
    assert_promise(house, people, most_unsure=0)


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def test_a_later_event_resolves_what_was_unsure(house: House) -> None:
    """The gateway says it was delivered: then it was accepted, and nobody is asked to decide."""
    house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    assert doomed(house, "written, before its commit", 1).wait(60) == -signal.SIGKILL
    recover(house)
    query = "SELECT wave_id, customer_id, attempt FROM delivery WHERE state = 'unsure'"
    unsure = house.query(query)
    assert unsure
    told = [
        Event(f"delivered-{key}", "sms", EventKind.DELIVERED, TUESDAY.timestamp(), key=key)
        for key in (DeliveryKey(*row) for row in unsure)
    ]
    receive(house.dispatcher.desk, told, TUESDAY)
    assert set(house.verdicts()) == {("accepted", "ok")}


def test_what_a_refusal_taught_is_learnt_from_the_journal(house: House) -> None:
    """The gateway said that somebody has opted out; our death right then does not unlearn it."""
    house.people(3)
    house.campaign()
    house.plan()

    async def refused_then_dead() -> None:
        out = house.outbound()
        current = reserve(
            out.database, out.versions, out.book, out.tariffs, Channel.SMS, out.worker
        )
        assert current is not None
        stopped = DeliveryKey(current.batch.key.wave_id, 2, 1)
        out.journal.begin(stopped)
        out.journal.receipt(Receipt(stopped, Outcome.REFUSED, code="21610", contact_stopped=True))
        out.watch.stop()
        out.journal.abandon()

    asyncio.run(refused_then_dead())
    recover(house)
    assert house.inbox() == [1, 3]
    query = "SELECT reason FROM suppression WHERE source = 'gateway'"
    assert house.query(query) == ["gateway"]
