"""What chaos does from outside: stops, cuts, floods, pauses and takes away."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import text

from bench import chaos_servers as servers
from bench.chaos_accounts import Silence, anybody_at_work, permitted
from bench.chaos_stage import CAMPAIGN, Stage, children_of, patiently
from bench.chaos_worker import LEASE
from bench.world import wait_for
from dispatcher.bell import QUEUES
from dispatcher.errors import Unavailable
from dispatcher.services import campaigns
from dispatcher.storage.database import driver

MACHINE_LOST = "machine lost with its journals"
STOPPED = "process stopped beyond its lease, then woken"
OUTAGES = ("database killed and restarted in mid-batch", "database's disk full")
_DISK_FULL = _PAUSED = 2.0  # seconds


def kill_tree(stage: Stage, rng: random.Random) -> None:
    """Kill the whole worker tree and start another."""
    del rng
    stage.kill_workers()
    stage.start_workers()


def supervise(stage: Stage, rng: random.Random) -> None:
    """Start the worker again as systemd would: Celery gives up if a child dies as it starts."""
    del rng
    stage.kill_group()
    stage.start_workers()


def stop_beyond_lease(stage: Stage, rng: random.Random) -> None:
    """Stop a sending process for longer than its lease; others go on; then it wakes up."""
    pid = _somebody_sending(stage, rng)
    _signal(pid, signal.SIGSTOP)
    time.sleep(0.2)
    stage.accounts.lose(STOPPED, permitted(stage.here, f"%-{pid}-%"))
    time.sleep(LEASE + 2)
    _signal(pid, signal.SIGCONT)


def kill_broker(stage: Stage, rng: random.Random) -> None:
    """Kill the broker, and start it again."""
    del rng
    servers.kill_broker(stage)


def kill_database(stage: Stage, rng: random.Random) -> None:
    """Kill the database in mid-batch, and start it again."""
    del rng
    servers.kill_database(stage)


def lose_bells(stage: Stage, rng: random.Random) -> None:
    """Lose every bell that waits."""
    del rng
    servers.lose_bells(stage)


def jump_clock(stage: Stage, rng: random.Random) -> None:
    """Move the programme's clock on by an hour, in the middle of everything."""
    del rng
    with stage.here.database.begin() as conn:
        conn.execute(text("UPDATE clock SET ahead = ahead + :hour"), {"hour": timedelta(hours=1)})


def lose_machine(stage: Stage, rng: random.Random) -> None:
    """Kill the tree and take its journals away: what was permitted and not settled is unsure."""
    del rng
    stage.kill_workers()
    wait_for(lambda: not anybody_at_work(stage.here), 10)  # commits that were on their way
    stage.accounts.lose(MACHINE_LOST, permitted(stage.here))
    shutil.rmtree(stage.here.settings.journals, ignore_errors=True)
    stage.start_workers()


def fill_disk(stage: Stage, rng: random.Random) -> None:
    """Let no file of the workers grow for a while: who gets no journal must not send."""
    del rng
    for pid in (stage.parent, *children_of(stage.parent)):
        _limit_files(pid, 400)
    for pid in stage.alive()[:1]:
        _signal(pid, signal.SIGKILL)  # the next one finds no room for its journal
    time.sleep(_DISK_FULL)
    _limit_files(stage.parent, resource.RLIM_INFINITY)  # first: its next child inherits it
    for pid in children_of(stage.parent):
        _limit_files(pid, resource.RLIM_INFINITY)


def fill_database_disk(stage: Stage, rng: random.Random) -> None:
    """Let the database refuse all verdicts and receipts, in the words of a full disk."""
    del rng
    _execute(stage, _FULL)
    time.sleep(_DISK_FULL)
    _surely(lambda: _execute(stage, "DROP FUNCTION IF EXISTS no_room() CASCADE"))


_FULL = """
    SET LOCAL lock_timeout = '20s';
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device'
        USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON delivery
    FOR EACH STATEMENT EXECUTE FUNCTION no_room()
"""


def pause(stage: Stage, rng: random.Random) -> None:
    """Pause the campaign in mid-flight, and let it go on after a while."""
    _somebody_sending(stage, rng)
    database, bell = stage.here.database, stage.here.bell
    campaigns.pause(database, CAMPAIGN, "chaos")
    begins = time.time()
    time.sleep(_PAUSED)
    stage.accounts.silences.append(Silence(begins, time.time()))
    _surely(lambda: campaigns.resume(database, CAMPAIGN, "chaos"))
    for queue in QUEUES:
        bell.ring(queue)


class Fault(NamedTuple):
    """Something that goes wrong outside our processes, in words, and how to bring it about."""

    words: str
    strike: Callable[[Stage, random.Random], None]


FAULTS = {
    "supervisor": Fault("worker gave up, started again by its supervisor", supervise),
    "tree": Fault("whole worker tree killed", kill_tree),
    "stop": Fault(STOPPED, stop_beyond_lease),
    "broker": Fault("broker killed and restarted", kill_broker),
    "database": Fault(OUTAGES[0], kill_database),
    "bells lost": Fault("all bells lost", lose_bells),
    "bells doubled": Fault("bells rung tenfold", servers.double_bells),
    "bells reordered": Fault("bells taken out and rung in another order", servers.reorder_bells),
    "clock": Fault("clock jumped an hour", jump_clock),
    "machine": Fault(MACHINE_LOST, lose_machine),
    "disk": Fault("disk full under the journals", fill_disk),
    "database disk": Fault(OUTAGES[1], fill_database_disk),
    "pause": Fault("campaign paused in mid-flight, then resumed", pause),
}
CHOSEN = tuple(name for name in FAULTS if name != "supervisor")


def _somebody_sending(stage: Stage, rng: random.Random) -> int:
    """Choose a process with people on its hands; wait for one."""
    found: list[int] = []

    def anybody() -> bool:
        found[:] = [pid for pid in stage.alive() if permitted(stage.here, f"%-{pid}-%")]
        return bool(found)

    try:
        wait_for(anybody, 20)
    except TimeoutError:
        found = stage.alive() or [stage.parent]
    return rng.choice(found)


def _execute(stage: Stage, statements: str) -> None:
    with stage.here.database.begin() as conn:
        driver(conn).execute(statements.encode())


def _surely(work: Callable[[], object]) -> None:
    """Undo a fault, however often it takes: else the rest of the run would prove nothing."""
    wait_for(lambda: patiently(work, [Unavailable]), 60)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # its doom came first


def _limit_files(pid: int, size: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    except ProcessLookupError:
        pass  # its doom came first
