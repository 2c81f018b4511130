"""Launchers that a test can kill: the embedded stack started from a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import make_url

from dispatcher.embedded import runfile
from dispatcher.embedded.runfile import RunFile
from tests.support.patience import eventually

ROOT = Path(__file__).resolve().parents[2]

_START = """
import sys, time
from pathlib import Path
from dispatcher.embedded.stack import Stack
with Stack.start(Path(sys.argv[1]), durable=False) as stack:
    stack.launch("sleeper", ["sleep", "600"], {"PATH": "/usr/bin:/bin"}, grace=5)
    stack.record(ready=True)
    time.sleep(600)
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """A process that runs a stack with one worker, which merely sleeps."""

    home: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, home: Path) -> Self:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(home)], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        launcher = cls(home, process)
        assert eventually(lambda: _is_ready(home) or process.poll() is not None, 60)
        return launcher

    def facts(self) -> RunFile:
        running = runfile.find_running(self.home)
        assert running is not None
        return running

    def end_with(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(60)


def _is_ready(home: Path) -> bool:
    running = runfile.find_running(home)
    return running is not None and running.ready


def leftovers(home: Path, facts: RunFile) -> list[str]:
    """Processes, ports and sockets that are still there."""
    left = [f"process {name}" for name, pid in facts.processes.items() if _lives(pid)]
    broker_port, sockets = make_url(facts.broker_url).port, socket_folder_of(facts)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", broker_port or 0)) == 0:
            left.append(f"port {broker_port}")
    if sockets.exists():
        left.append(f"sockets {sockets}")
    if runfile.is_alive(home):
        left.append("a process that holds the lock")
    return left


def socket_folder_of(facts: RunFile) -> Path:
    return Path(str(make_url(facts.database_url).query["host"]))


def _lives(pid: int) -> bool:
    """Whether the process runs; a zombie that waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")  # noqa: PTH110
