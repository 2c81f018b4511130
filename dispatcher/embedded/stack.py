"""The whole laptop stack in one object: database, broker, and the product's own processes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from dispatcher.embedded import runfile
from dispatcher.embedded.postgres import start_postgres
from dispatcher.embedded.processes import Guarded, Lifeline, Order, stop_all
from dispatcher.embedded.runfile import RunFile
from dispatcher.embedded.valkey import start_valkey
from dispatcher.errors import Conflict

_POLL_SECONDS = 0.05
_WAIT_FOR_ANOTHER_SECONDS = 40  # longer than any grace


@dataclass(slots=True)
class Stack:
    """Running servers of one data folder. `DATABASE_URL` and `BROKER_URL` of others win."""

    home: Path
    database_url: str
    broker_url: str
    web_url: str = ""
    servers: dict[str, Guarded] = field(default_factory=dict)
    workers: dict[str, Guarded] = field(default_factory=dict)
    _lifeline: Lifeline = field(default_factory=Lifeline.anonymous)
    _lock: int = -1
    _claims: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def start(
        cls,
        home: Path,
        *,
        database_url: str = "",
        broker_url: str = "",
        broker: bool = True,
        durable: bool = True,
    ) -> Self:
        """Start what no URL is given for. Raises Conflict if the folder's stack already runs.

        `durable=False` is for throw-away data: quicker, and lost if the machine goes down.
        """
        stack = cls(home.absolute(), database_url, broker_url)
        _wait_for_orphans(stack.home)
        try:
            stack._lock = stack._claims.enter_context(runfile.hold(stack.home))
            stack._start_database(durable=durable)
            if broker:
                stack._start_broker()
            stack.record()
        except BaseException:
            stack.stop()
            raise
        return stack

    def _start_database(self, *, durable: bool) -> None:
        if not self.database_url:
            postgres = start_postgres(self.home, self._lifeline, durable=durable, keep=[self._lock])
            self.servers["postgres"] = postgres.process
            self.database_url = postgres.url()

    def _start_broker(self) -> None:
        if not self.broker_url:
            valkey = start_valkey(self.home, self._lifeline, keep=[self._lock])
            self.servers["valkey"] = valkey.process
            self.broker_url = valkey.url()

    def launch(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        grace: float = 35,
    ) -> Guarded:
        """Start one of the product's own processes; it gets `grace` seconds to finish its work."""
        log = self.home / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        order = Order(
            name=name,
            command=command,
            log=log,
            lifeline=self._lifeline,
            grace=grace,
            environment=environment,
            keep=[self._lock],
            folder=Path.cwd(),
        )
        self.workers[name] = Guarded.start(order)
        return self.workers[name]

    def record(self, *, ready: bool = False) -> None:
        """Write the run file, by which other terminals find this stack."""
        everything = self.servers | self.workers
        RunFile(
            launcher=os.getpid(),
            database_url=self.database_url,
            broker_url=self.broker_url,
            web_url=self.web_url,
            processes={name: guarded.pid for name, guarded in everything.items()},
            ready=ready,
        ).write(self.home)

    def ended(self) -> list[str]:
        """Names of the processes that are not running any more."""
        everything = self.servers | self.workers
        return [name for name, guarded in everything.items() if not guarded.running]

    def last_words(self, name: str) -> str:
        """What the process said before it ended."""
        return (self.servers | self.workers)[name].last_words()

    def stop(self) -> None:
        """First the workers, which may still write, then the servers; nothing is left."""
        stop_all(self.workers.values())
        stop_all(self.servers.values())
        if self._lock >= 0:
            (self.home / "run.json").unlink(missing_ok=True)
            self._lock = -1
        self._lifeline.close()
        self._claims.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _wait_for_orphans(home: Path) -> None:
    """What is left of a stack whose launcher was killed stops by itself, within its grace."""
    deadline = time.monotonic() + _WAIT_FOR_ANOTHER_SECONDS
    while runfile.is_orphaned(home) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


@contextmanager
def open_database(home: Path, database_url: str = "") -> Iterator[str]:
    """A database address for one command: the given one, the running stack's, or our own server.

    A server started here ends with the block. Another command that is using the folder for a
    moment is waited for.
    """
    if database_url:
        yield database_url
        return
    deadline = time.monotonic() + _WAIT_FOR_ANOTHER_SECONDS
    while True:
        running = runfile.find_running(home)
        if running is not None and running.ready:
            yield running.database_url
            return
        try:
            stack = Stack.start(home, broker=False)
        except Conflict:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
            continue
        with stack:
            yield stack.database_url
        return


def stop_running(home: Path, seconds: float = 60) -> bool:
    """Stop the stack of another terminal; False if none runs. Returns when nothing is left."""
    if not runfile.is_alive(home):
        return False
    running = runfile.find_running(home)
    if running is not None:
        try:
            os.kill(running.launcher, signal.SIGTERM)
        except ProcessLookupError:
            pass  # killed a moment ago: its servers are stopping by themselves
    deadline = time.monotonic() + seconds
    while runfile.is_alive(home):
        if time.monotonic() > deadline:
            raise Conflict(f"The stack in {home} did not stop within {seconds:.0f} s.")
        time.sleep(_POLL_SECONDS)
    return True


def remove_data(home: Path) -> None:
    """Remove what a stack made in its folder; the installation's settings and keys stay."""
    for name in ("postgres", "valkey", "logs", "journals"):
        # PostgreSQL's folder may be a link to a place where an unprivileged user may go.
        shutil.rmtree((home / name).resolve(), ignore_errors=True)
        if (home / name).is_symlink():
            (home / name).unlink()
    for pattern in ("postgres.*", "run.*"):
        for file in home.glob(pattern):
            file.unlink()


def without_password(running: RunFile) -> RunFile:
    """The same, fit to be shown."""
    return replace(
        running,
        database_url=_masked(running.database_url),
        broker_url=_masked(running.broker_url),
    )


def _masked(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if "@" not in rest:
        return url
    credentials, _, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}{separator}{user}:***@{place}"
