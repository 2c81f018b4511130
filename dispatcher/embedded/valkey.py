"""A private Valkey (or Redis) server: the doorbell of the laptop stack, gone with its launcher."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis

from dispatcher.embedded.binaries import find_valkey
from dispatcher.embedded.processes import (
    LOOPBACK,
    Guarded,
    Lifeline,
    Order,
    ServerFailed,
    free_port,
)

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_START_SECONDS = 30
_PORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running server."""

    process: Guarded
    port: int
    password: str

    def url(self, database: int = 0) -> str:
        """Address for Celery and for redis-py."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def stop(self) -> None:
        """End; what was in the bell's memory is rung again from the database."""
        self.process.stop()


def start_valkey(folder: Path, lifeline: Lifeline, *, keep: Sequence[int] = ()) -> ValkeyServer:
    """Start the server on a free loopback port; `keep` are descriptors it holds while it lives."""
    home = folder / "valkey"
    home.mkdir(parents=True, exist_ok=True)
    log = folder / "logs" / "valkey.log"
    log.parent.mkdir(exist_ok=True)
    program = find_valkey()
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port, password = free_port(), secrets.token_urlsafe(24)
        order = Order(
            name="Valkey",
            command=[program, str(_write_configuration(home, port, password))],
            log=log,
            lifeline=lifeline,
            grace=5,
            environment=_ENVIRONMENT,
            keep=keep,
        )
        server = ValkeyServer(Guarded.start(order), port, password)
        try:
            server.process.wait_until(partial(_answers, server), _START_SECONDS)
        except ServerFailed as failure:
            if attempt == _PORT_ATTEMPTS or "in use" not in str(failure):
                raise
        else:
            return server
    raise AssertionError("unreachable")


def _write_configuration(home: Path, port: int, password: str) -> Path:
    """A file rather than arguments, which everybody on the machine could read."""
    file = home / "valkey.conf"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    # Nothing is kept on disk: the tables are the record, the broker is only the bell.
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{home}"',
        'save ""',
        "appendonly no",
        "daemonize no",
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


def _answers(server: ValkeyServer) -> bool:
    with redis.Redis(
        host=LOOPBACK, port=server.port, password=server.password, socket_timeout=1
    ) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
