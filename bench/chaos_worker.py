"""A Celery worker whose processes are doomed: each takes the next doom of the plan, and meets it.

Run as `python -m bench.chaos_worker FOLDER BROKEN CELERY-WORDS...`. FOLDER holds `dooms.json`,
the number of the next one in `taken`, and the pipe `marks`, into which each process says who it is,
what it learns of the dead, and how it is about to die. BROKEN names a fault to build in on
purpose, or is "sound".
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from celery.__main__ import main as celery
from celery.signals import worker_process_init

from bench.chaos_broken import BROKEN
from bench.chaos_cuts import Scissors
from bench.chaos_points import ANY_MOMENT, Countdown, die, wrap_all
from bench.chaos_witness import attend
from dispatcher import wiring
from dispatcher.services.outbound import Outbound
from dispatcher.storage import batches

LEASE = 6  # seconds; a minute would make every run ten times as long
OVERTIME = 2.0


def shorten_leases() -> None:
    """Let leases run out sooner, and batches end well before that."""
    batches.LEASE_SECONDS = LEASE
    real = wiring.build_outbound

    def build(*args: Any, **kwargs: Any) -> Outbound:
        out = real(*args, **kwargs)
        out.overtime = OVERTIME
        return out

    wiring.build_outbound = build


class Fate:
    """What is to become of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marks = -1
        self._countdown = Countdown()

    def take(self, **_: object) -> None:
        """Take the next doom; when there is none left, live on."""
        self._marks = os.open(self._folder / "marks", os.O_WRONLY | os.O_NONBLOCK)
        dooms = json.loads((self._folder / "dooms.json").read_text())
        number = self._next()
        doom = dooms[number] if number < len(dooms) else None
        self._say("born", doom["point"] if doom else "")
        attend(self._say)
        if doom is not None:
            self._arm(doom)

    def _arm(self, doom: dict[str, Any]) -> None:
        if doom["cut"]:
            url = os.environ["DATABASE_URL"]
            Scissors(url, doom["cut"], doom["passing"], self._cut).wrap()
        wrap_all(self._countdown)
        self._countdown.arm(doom["point"], doom["count"], self._end)
        timer = threading.Timer(doom["patience"], self._end, [ANY_MOMENT])
        timer.daemon = True
        timer.start()

    def _next(self) -> int:
        with (self._folder / "taken").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            number = int(file.read() or 0)
            file.seek(0)
            file.write(str(number + 1))
        return number

    def _cut(self, label: str) -> None:
        self._say("cut", label)

    def _end(self, point: str) -> None:
        self._say("dies", point)
        die()

    def _say(self, what: str, about: str = "", people: str = "") -> None:
        # A pipe, since a full disk would swallow a line in a file.
        os.write(self._marks, f"{what}\t{os.getpid()}\t{about}\t{people}\n".encode())


def end_with_conductor() -> None:
    """Wait for the end of standard input, which is the conductor's, and end the whole tree."""
    os.read(0, 1)  # a thread in `sys.stdin` would hold a lock that forked children wait for
    os.killpg(0, signal.SIGKILL)


def main(words: list[str]) -> None:
    """Doom whatever processes this worker will have, then be Celery."""
    folder, broken, *rest = words
    threading.Thread(target=end_with_conductor, daemon=True).start()
    shorten_leases()
    BROKEN[broken]()
    worker_process_init.connect(Fate(Path(folder)).take, weak=False)
    sys.argv = ["celery", *rest]
    celery()


if __name__ == "__main__":
    main(sys.argv[1:])
