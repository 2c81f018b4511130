"""What chaos does from outside: stops, cuts, floods and takes away; each says what it may cost."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from bench.chaos_stage import CONNECTIONS, PROCESSES, Stage, Toll
from bench.chaos_worker import LEASE
from dispatcher.bell import QUEUES

IN_FLIGHT = PROCESSES * CONNECTIONS
_DISK_FULL = 2.0  # seconds


def kill_tree(stage: Stage, rng: random.Random) -> Toll:
    """Kill the whole worker tree and start another."""
    del rng
    stage.kill_workers()
    stage.start_workers()
    return Toll("whole worker tree killed", IN_FLIGHT)


def supervise(stage: Stage, rng: random.Random) -> Toll:
    """Start the worker again as systemd would: Celery gives up if a child dies as it starts."""
    del rng
    stage.kill_group()
    stage.start_workers()
    return Toll("worker gave up, started again by its supervisor", IN_FLIGHT)


def stop_beyond_lease(stage: Stage, rng: random.Random) -> Toll:
    """Stop a sending process for longer than its lease; others go on; then it wakes up."""
    alive = stage.alive()
    if not alive:
        return Toll("process stopped beyond its lease (none was alive)", 0)
    pid = rng.choice(alive)
    _signal(pid, signal.SIGSTOP)
    time.sleep(0.2)
    most = _permitted(stage, f"%-{pid}-%")
    time.sleep(LEASE + 2)
    _signal(pid, signal.SIGCONT)
    return Toll("process stopped beyond its lease", most + CONNECTIONS)


def kill_broker(stage: Stage, rng: random.Random) -> Toll:
    """Kill the broker with all its bells, and start it again."""
    del rng
    stage.kill_broker()
    return Toll("broker killed and restarted", 0)


def kill_database(stage: Stage, rng: random.Random) -> Toll:
    """Kill the database in mid-batch, and start it again."""
    del rng
    stage.kill_database()
    return Toll("database killed and restarted", IN_FLIGHT)


def lose_bells(stage: Stage, rng: random.Random) -> Toll:
    """Empty the broker: every bell is lost, and so is what it knows of queues."""
    del rng
    with stage.broker() as client:
        client.flushall()
    return Toll("all bells lost", 0)


def double_bells(stage: Stage, rng: random.Random) -> Toll:
    """Ring every queue again and again."""
    for _ in range(10):
        for queue in rng.sample(QUEUES, len(QUEUES)):
            stage.here.bell.ring(queue)
    return Toll("bells rung tenfold", 0)


def jump_clock(stage: Stage, rng: random.Random) -> Toll:
    """Move the programme's clock on by an hour, in the middle of everything."""
    del rng
    with stage.here.database.begin() as conn:
        conn.execute(text("UPDATE clock SET ahead = ahead + :hour"), {"hour": timedelta(hours=1)})
    return Toll("clock jumped an hour", 0)


def lose_machine(stage: Stage, rng: random.Random) -> Toll:
    """Kill the tree and take its journals away: what was permitted and not settled is unsure."""
    del rng
    stage.kill_workers()
    most = _permitted(stage, "%")
    shutil.rmtree(stage.here.settings.journals, ignore_errors=True)
    stage.start_workers()
    return Toll("machine lost with its journals", most)


def fill_disk(stage: Stage, rng: random.Random) -> Toll:
    """Let no file of the workers grow for a while: who gets no journal must not send."""
    del rng
    for pid in (stage.parent, *stage.alive()):
        _limit_files(pid, 400)
    for pid in stage.alive()[:1]:
        _signal(pid, signal.SIGKILL)  # the next one finds no room for its journal
    time.sleep(_DISK_FULL)
    for pid in (stage.parent, *stage.alive()):
        _limit_files(pid, resource.RLIM_INFINITY)
    return Toll("disk full under the journals", CONNECTIONS)


FAULTS: dict[str, Callable[[Stage, random.Random], Toll]] = {
    "supervisor": supervise,
    "tree": kill_tree,
    "stop": stop_beyond_lease,
    "broker": kill_broker,
    "database": kill_database,
    "bells lost": lose_bells,
    "bells doubled": double_bells,
    "clock": jump_clock,
    "machine": lose_machine,
    "disk": fill_disk,
}


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


def _permitted(stage: Stage, workers: str) -> int:
    """Count the people who may have been begun and are not settled."""
    with stage.here.database.begin() as conn:
        return int(conn.execute(_PERMITTED, {"workers": workers}).scalar_one())


_PERMITTED = text("""
    SELECT count(*) FROM delivery d JOIN audience a USING (wave_id, customer_id)
    JOIN batch b ON (b.wave_id, b.shard, b.batch_no) = (a.wave_id, a.shard, a.batch_no)
    WHERE d.state = 'reserved' AND b.state = 'leased' AND d.ordinal < b.permitted_upto
      AND b.worker LIKE :workers
""")
