"""Kill any process at any moment: nobody is forgotten, nobody is told twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dispatcher.domain.messages import Channel, DeliveryKey, Event, EventKind
from dispatcher.services.receive import receive
from tests.support.doomed_worker import POINTS, STOP
from tests.support.house import TUESDAY, House
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
    ("point", "count"), [(point, 1) for point in POINTS] + [(point, 40) for point in REPEATED]
)
def test_a_killed_worker_neither_loses_nor_doubles(house: House, point: str, count: int) -> None:
    """Whatever the point: others finish the work, and only what was on the wire is unsure."""
    people = house.people(PEOPLE)
    house.campaign()
    house.plan()
    process = doomed(house, point, count)
    assert process.wait(60) == -signal.SIGKILL
    recover(house)
    assert_promise(house, people, 0 if point in CERTAIN else IN_FLIGHT)


def test_without_the_journal_everything_permitted_is_unsure_and_nothing_is_repeated(
    house: House,
) -> None:
    """The machine is gone with its disk: at most what was permitted and not settled is unsure."""
    people = house.people(PEOPLE)
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
    people = house.people(PEOPLE)
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
    people = house.people(PEOPLE)
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
    house.people(PEOPLE)
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
