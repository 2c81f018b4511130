"""Starts, watches and stops one server process that cannot outlive its launcher."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from dispatcher.embedded.identity import AS_SELF, Identity
from dispatcher.errors import DispatcherError

LOOPBACK = "127.0.0.1"
_GUARD = Path(__file__).with_name("guard.py")
# Longest socket path Linux and macOS both accept is 103 bytes, hence a short folder.
_SHORT_TEMPORARY = Path("/tmp")
_POLL_SECONDS = 0.01
_TELLING_LINES = 50
# What PostgreSQL says before it ends, and how a Python traceback ends.
_FATAL = re.compile(r"\b(FATAL|PANIC): |^[\w.]+(Error|Exception|Down|Failed): ")
_NO_ROOM = ("No space left on device", "Check free disk space", "Disk quota exceeded")


class ServerFailed(DispatcherError):
    """A server of the embedded stack did not start, or did not stop."""


@dataclass(slots=True)
class Lifeline:
    """A pipe whose writing end the launcher holds: when the last holder is gone, servers stop."""

    reading: int
    writing: int

    @classmethod
    def anonymous(cls) -> Self:
        """For a launcher that is one process."""
        return cls(*os.pipe())

    @classmethod
    def named(cls, path: Path) -> Self:
        """For a launcher whose servers are started by processes of its own: a new named pipe."""
        os.mkfifo(path, 0o600)
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        return cls(reading, os.open(path, os.O_WRONLY))

    @classmethod
    def of_launcher(cls, path: Path) -> Self:
        """The named pipe as one of those processes passes it on; it does not hold the line."""
        return cls(os.open(path, os.O_RDONLY | os.O_NONBLOCK), -1)

    def close(self) -> None:
        """Let go. Servers stop once nobody else holds the line."""
        for descriptor in (self.reading, self.writing):
            if descriptor >= 0:
                os.close(descriptor)
        self.reading = self.writing = -1


@dataclass(frozen=True, slots=True)
class Order:
    """What to run, and how it is asked to stop."""

    name: str
    command: Sequence[str]
    log: Path
    lifeline: Lifeline
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 20.0
    identity: Identity = AS_SELF
    environment: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[Path] = ()
    keep: Sequence[int] = ()
    folder: Path | None = None

    def for_guard(self) -> str:
        """The order as the watchdog reads it."""
        return json.dumps(
            {
                "lifeline": self.lifeline.reading,
                "signal": int(self.stop_signal),
                "grace": self.grace,
                "identity": self.identity.kind,
                "uid": self.identity.uid,
                "remove": [str(path) for path in self.remove],
            }
        )


@dataclass(frozen=True, slots=True)
class Guarded:
    """A running server behind its watchdog."""

    order: Order
    process: subprocess.Popen[bytes]
    log_begin: int = 0

    @classmethod
    def start(cls, order: Order) -> Self:
        """Start the server; its output goes to the end of the log file."""
        # Isolated (-I) and without site-packages (-S): up in a few milliseconds.
        guard = [sys.executable, "-I", "-S", str(_GUARD), order.for_guard()]
        with order.log.open("ab") as log:
            log_begin = log.tell()
            process = subprocess.Popen(
                [*guard, *order.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(order.environment),
                cwd=order.folder or "/",
                pass_fds=(order.lifeline.reading, *order.keep),
                start_new_session=True,
            )
        return cls(order, process, log_begin)

    @property
    def pid(self) -> int:
        """Process id of the watchdog."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the server still runs."""
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Until `ready()`; raises ServerFailed with the last words of the log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise ServerFailed(self._obituary("ended while starting"))
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(self._obituary(f"was not ready within {seconds:.0f} s"))
            time.sleep(_POLL_SECONDS)

    def wait(self) -> None:
        """Until the server ends by itself; raises ServerFailed unless it ended well."""
        if self.process.wait() != 0:
            raise ServerFailed(self._obituary("failed"))

    def ask_to_stop(self) -> None:
        """Ask without waiting."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask and wait; after the grace the watchdog kills the server."""
        self.ask_to_stop()
        self.process.wait(self.order.grace + 10)

    def last_words(self) -> str:
        """What it ended of, as far as its log tells: a fatal line, else the last ones."""
        lines = last_lines(self.order.log, _TELLING_LINES, since=self.log_begin)
        if any(sign in line for line in lines for sign in _NO_ROOM):
            return f"the disk of {self.order.log.parent} is full: make room, then start again"
        fatal = [line for line in lines if _FATAL.search(line)]
        return "; ".join(fatal[-1:] or lines[-3:]) or "it said nothing"

    def _obituary(self, event: str) -> str:
        return f"{self.order.name} {event}: {self.last_words()} (whole log: {self.order.log})"


def last_lines(log: Path, count: int, since: int = 0) -> list[str]:
    """The last lines of a log that say anything, from the byte `since` on."""
    with log.open("rb") as file:
        file.seek(max(since, file.seek(0, os.SEEK_END) - 8192))
        text = file.read().decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()][-count:]


def stop_all(servers: Iterable[Guarded]) -> None:
    """Ask each of them to stop, then wait for each."""
    servers = list(servers)
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        server.stop()


def free_port() -> int:
    """A loopback TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def socket_folder() -> Path:
    """A new private folder with a path short enough for sockets."""
    parent = _SHORT_TEMPORARY if os.access(_SHORT_TEMPORARY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="dispatcher-", dir=parent))


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with loopback exempt from any proxy."""
    named = [environment.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    exempt = ",".join(part for part in (*named, f"localhost,{LOOPBACK},::1") if part)
    return {**environment, "NO_PROXY": exempt, "no_proxy": exempt}
