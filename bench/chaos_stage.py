"""What chaos acts upon: servers that come back after a kill, a worker tree, marks, arrivals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

from bench.world import ROOT, World, wait_for
from dispatcher.embedded.identity import IdentityKind
from dispatcher.embedded.processes import Guarded
from dispatcher.storage.database import driver_url
from dispatcher.tokens import Purpose, Tokens
from dispatcher.wiring import Dispatcher

CONNECTIONS = 4
PROCESSES = 2


class Toll(NamedTuple):
    """One thing that was done, and how many people it may at most leave unsure."""

    fault: str
    most_unsure: int


class Copy(NamedTuple):
    """A message that arrived whole. `silent`: the server never said so."""

    customer_id: int
    at: float
    silent: bool


@dataclass(slots=True)
class Stage:
    """A private installation under a rain of faults."""

    private: World
    here: Dispatcher
    folder: Path
    broken: str
    tolls: list[Toll] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    children: list[int] = field(default_factory=list)
    _tree: subprocess.Popen[bytes] | None = None
    _marks: int = -1
    _words: bytes = b""
    _arrivals: int = 0
    _read: int = 0

    def prepare(self, dooms: str) -> None:
        """Lay out the plan of dooms and the pipe they report through."""
        (self.folder / "dooms.json").write_text(dooms)
        (self.folder / "taken").touch()
        (self.folder / "arrivals").touch()
        os.mkfifo(self.folder / "marks")
        self._marks = os.open(self.folder / "marks", os.O_RDWR | os.O_NONBLOCK)

    @property
    def parent(self) -> int:
        """Name the process that all the workers come from."""
        return self._tree.pid if self._tree is not None else 0

    # The worker tree

    def start_workers(self) -> None:
        """Start Celery with beat, as production would, only doomed."""
        worker = ("worker", "-B", "-c", str(PROCESSES), "-l", "warning")
        words = ("bench.chaos_worker", str(self.folder), self.broken, "-A", "workers", *worker)
        with (self.folder / "worker.log").open("ab") as log:
            self._tree = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=self.private.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_workers(self) -> None:
        """`kill -9` for the whole tree."""
        if self._tree is not None:
            os.killpg(self._tree.pid, signal.SIGKILL)
            self._tree.wait()
        self.children.clear()

    def ended(self) -> bool:
        """Say whether the tree's own parent is gone."""
        return self._tree is not None and self._tree.poll() is not None

    def stop_workers(self) -> None:
        """Ask the tree to end as an operator would."""
        if self._tree is not None:
            self._tree.terminate()
            try:
                self._tree.wait(60)
            finally:
                self.kill_group()

    def kill_group(self) -> None:
        """Leave nothing behind."""
        if self._tree is not None:
            try:
                os.killpg(self._tree.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._tree.wait()

    def listen(self) -> None:
        """Read what the doomed have said since last time."""
        try:
            self._words += os.read(self._marks, 65536)
        except BlockingIOError:
            return
        lines = self._words.split(b"\n")
        self._words = lines.pop()
        for line in lines:
            what, pid, point = line.decode().split("\t")
            if what == "born":
                self.children.append(int(pid))
            else:
                self.deaths[point] += 1
                self.tolls.append(Toll(f"killed {point}", CONNECTIONS))

    def alive(self) -> list[int]:
        """Name the sending processes that still run."""
        self.listen()
        self.children = [pid for pid in self.children if _lives(pid)]
        return self.children

    # The servers

    def kill_database(self) -> None:
        """`kill -9` for PostgreSQL; started again on the same address, it recovers from its log."""
        guard = self.private.stack.servers["postgres"]
        (postmaster,) = children_of(guard.pid)
        family = children_of(postmaster)
        os.kill(postmaster, signal.SIGKILL)
        guard.process.wait(30)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 30)
        order = guard.order
        Path(order.command[order.command.index("-D") + 1], "postmaster.pid").unlink(missing_ok=True)
        for sockets in order.remove:
            sockets.mkdir(mode=0o700, exist_ok=True)
            if order.identity.kind is IdentityKind.NOBODY:
                os.chown(sockets, order.identity.uid, -1)
        self.private.stack.servers["postgres"] = Guarded.start(order)
        wait_for(self._database_answers, 60)

    def _database_answers(self) -> bool:
        try:
            url = driver_url(self.private.stack.database_url)
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill_broker(self) -> None:
        """`kill -9` for Valkey, and start it again, empty."""
        guard = self.private.stack.servers["valkey"]
        for pid in children_of(guard.pid):
            os.kill(pid, signal.SIGKILL)
        guard.process.wait(30)
        self.private.stack.servers["valkey"] = Guarded.start(guard.order)
        wait_for(self._broker_answers, 30)

    def _broker_answers(self) -> bool:
        try:
            with self.broker() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def broker(self) -> redis.Redis:
        """Open a connection to the broker."""
        return redis.Redis.from_url(self.private.stack.broker_url, socket_timeout=2)

    # What came of it

    def arrived(self) -> int:
        """Count the messages that have arrived so far."""
        with (self.folder / "arrivals").open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._arrivals += new.count(b"\n")
        return self._arrivals

    def copies(self, tokens: Tokens) -> list[Copy]:
        """Read the whole truth of the mail server."""
        found = []
        for line in (self.folder / "arrivals").read_text().splitlines():
            kind, name, at = line.split()
            token = tokens.open_link(Purpose.DELIVERY, name)
            assert token is not None, f"the mail server got a message that is not ours: {line}"
            found.append(Copy(token.customer_id, float(at), kind == "silent"))
        return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Name the direct children of a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


def patiently(work: Callable[[], object], errors: Sequence[type[Exception]]) -> bool:
    """Try something that an outage may prevent; say whether it was done."""
    try:
        work()
    except tuple(errors):
        return False
    return True
