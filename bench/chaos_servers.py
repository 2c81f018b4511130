"""What can be done to the servers: kill them, take bells away, ring them in another order."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from bench.chaos_stage import Stage, children_of, lives
from bench.world import wait_for
from dispatcher.bell import QUEUES
from dispatcher.embedded.identity import IdentityKind
from dispatcher.embedded.processes import Guarded
from dispatcher.storage.database import driver_url


def kill_database(stage: Stage) -> None:
    """`kill -9` for PostgreSQL; started again on the same address, it recovers from its log."""
    servers = stage.private.stack.servers
    guard = servers["postgres"]
    (postmaster,) = children_of(guard.pid)
    family = children_of(postmaster)
    os.kill(postmaster, signal.SIGKILL)
    guard.process.wait(30)
    wait_for(lambda: not any(map(lives, family)), 30)
    order = guard.order
    Path(order.command[order.command.index("-D") + 1], "postmaster.pid").unlink(missing_ok=True)
    for sockets in order.remove:
        sockets.mkdir(mode=0o700, exist_ok=True)
        if order.identity.kind is IdentityKind.NOBODY:
            os.chown(sockets, order.identity.uid, -1)
    servers["postgres"] = Guarded.start(order)
    wait_for(lambda: _database_answers(stage), 60)
    stage.here.database.dispose()  # the conductor is not on trial: it begins with sound connections


def _database_answers(stage: Stage) -> bool:
    try:
        url = driver_url(stage.private.stack.database_url)
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def kill_broker(stage: Stage) -> None:
    """`kill -9`, and start again: Valkey comes back empty, RabbitMQ with what is on its disk."""
    if stage.private.rabbit is not None:
        stage.private.rabbit.kill()
        stage.private.rabbit.start()
        return
    servers = stage.private.stack.servers
    guard = servers["valkey"]
    for pid in children_of(guard.pid):
        os.kill(pid, signal.SIGKILL)
    guard.process.wait(30)
    servers["valkey"] = Guarded.start(guard.order)
    wait_for(lambda: _valkey_answers(stage), 30)


def lose_bells(stage: Stage) -> None:
    """Lose every bell; Valkey also forgets whatever else it knew."""
    _take_bells(stage)
    if stage.private.rabbit is None:
        with _valkey(stage) as client:
            client.flushall()


def double_bells(stage: Stage, rng: random.Random) -> None:
    """Ring every queue again and again, in any order."""
    for _ in range(10):
        for queue in rng.sample(QUEUES, len(QUEUES)):
            stage.here.bell.ring(queue)


def reorder_bells(stage: Stage, rng: random.Random) -> None:
    """Take the bells that wait out of their queues, and ring them in another order."""
    double_bells(stage, rng)
    waiting = _take_bells(stage)
    rng.shuffle(waiting)
    for queue in waiting:
        stage.here.bell.ring(queue)


def _take_bells(stage: Stage) -> list[str]:
    taken: list[str] = []
    try:
        with Connection(stage.private.stack.broker_url, connect_timeout=5) as connection:
            for queue in QUEUES:
                count = connection.default_channel.queue_purge(queue)  # type: ignore[attr-defined]
                taken += [queue] * int(count or 0)
    except (OperationalError, OSError, redis.RedisError):
        return taken  # they are lost either way
    return taken


def _valkey_answers(stage: Stage) -> bool:
    try:
        with _valkey(stage) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def _valkey(stage: Stage) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stage.private.stack.broker_url, socket_timeout=2) as client:
        yield client
