"""What chaos acts upon: servers that come back after a kill, a worker tree, marks, arrivals."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench.chaos_accounts import Accounts
from bench.chaos_witness import ADOPTED, GIVEN_UP
from bench.world import ROOT, World
from dispatcher.tokens import Purpose, Tokens
from dispatcher.wiring import Dispatcher

CAMPAIGN = "chaos"
CONNECTIONS = 4
PROCESSES = 2
_ROOM = 1 << 20  # bytes; while the conductor is busy, nobody's words may be lost


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
    mail_server: subprocess.Popen[bytes]
    accounts: Accounts = field(default_factory=Accounts)
    children: list[int] = field(default_factory=list)
    fates: list[str] = field(default_factory=list)
    _tree: subprocess.Popen[bytes] | None = None
    _dooms: list[dict[str, object]] = field(default_factory=list)
    _told: bytes = b""
    _marks: int = -1
    _words: bytes = b""
    _arrivals: int = 0
    _read: int = 0

    def prepare(self, dooms: list[dict[str, object]]) -> None:
        """Lay out the plan of dooms and the pipe they report through."""
        self.doom(dooms)
        (self.folder / "taken").touch()
        os.mkfifo(self.folder / "marks")
        self._marks = os.open(self.folder / "marks", os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self._marks, fcntl.F_SETPIPE_SZ, _ROOM)

    def doom(self, more: list[dict[str, object]]) -> None:
        """Add dooms for processes to come."""
        self._dooms += more
        new = self.folder / "dooms.new"
        new.write_text(json.dumps(self._dooms))
        new.rename(self.folder / "dooms.json")

    def answer_in(self, seconds: float) -> None:
        """Tell the mail server how long to take over its answers."""
        told = f"{seconds:.3f}\n".encode()
        if told != self._told and self.mail_server.stdin is not None:
            self._told = told
            self.mail_server.stdin.write(told)
            self.mail_server.stdin.flush()

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
                stdin=subprocess.PIPE,  # its lifeline: nobody survives the conductor
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
        with suppress(BlockingIOError):
            while True:
                self._words += os.read(self._marks, _ROOM)
        lines = self._words.split(b"\n")
        self._words = lines.pop()
        for line in lines:
            what, pid, about, people = line.decode().split("\t")
            if what == "born":
                self.children.append(int(pid))
                self.fates.append(about)
            else:
                self.hear(what, about, people)

    def hear(self, what: str, about: str, people: str) -> None:
        """Note what happened, or what was learnt of the dead."""
        accounts = self.accounts
        if what == "dies":
            accounts.kills[about] += 1
        elif what == "cut":
            accounts.cuts[about] += 1
        elif what == ADOPTED:
            accounts.journals[about] |= _attempts(people)
        elif what == GIVEN_UP:
            accounts.given_up[about] |= _attempts(people)

    def alive(self) -> list[int]:
        """Name the sending processes that still run."""
        self.listen()
        self.children = [pid for pid in self.children if lives(pid)]
        return self.children

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


def _attempts(people: str) -> set[tuple[int, int]]:
    pairs = (pair.partition(":") for pair in people.split())
    return {(int(person), int(attempt)) for person, _, attempt in pairs}


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
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
