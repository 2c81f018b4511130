"""A Celery worker whose processes are doomed: each takes the next doom of the plan, and meets it.

Run as `python -m bench.chaos_worker FOLDER BROKEN CELERY-WORDS...`. FOLDER holds `dooms.json`,
the number of the next one in `taken`, and the pipe `marks`, into which each process says who it is
and how it is about to die. BROKEN names a fault to build in on purpose, or is "sound".
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery.__main__ import main as celery
from celery.signals import worker_process_init

from bench.chaos_points import ANY_MOMENT, Countdown, die, wrap_all
from dispatcher import wiring
from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import DeliveryKey, Outcome
from dispatcher.services import dispatch as dispatching
from dispatcher.services.reserve import Round
from dispatcher.storage import batches, deliveries, workers
from dispatcher.storage.deliveries import Settlement
from dispatcher.storage.journal import Journal
from dispatcher.storage.watch import Watch

LEASE = 6  # seconds; a minute would make every run ten times as long
OVERTIME = 2.0


def shorten_leases() -> None:
    """Let leases run out sooner, and batches end well before that."""
    batches.LEASE_SECONDS = LEASE
    real = wiring.build_outbound

    def build(*args: Any, **kwargs: Any) -> dispatching.Outbound:
        out = real(*args, **kwargs)
        out.overtime = OVERTIME
        return out

    wiring.build_outbound = build


class Fate:
    """What is to become of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marks = -1
        self._number = -1
        self._countdown = Countdown()
        wrap_all(self._countdown)

    def take(self, **_: object) -> None:
        """Take the next doom; when there is none left, live on."""
        self._marks = os.open(self._folder / "marks", os.O_WRONLY | os.O_NONBLOCK)
        dooms = json.loads((self._folder / "dooms.json").read_text())
        self._number = self._next()
        self._say("born", "")
        if self._number < len(dooms):
            doom = dooms[self._number]
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

    def _end(self, point: str) -> None:
        self._say("dies", point)
        die()

    def _say(self, what: str, point: str) -> None:
        # A pipe, since a full disk would swallow a line in a file.
        os.write(self._marks, f"{what}\t{os.getpid()}\t{point}\n".encode())


def settle_before_send() -> None:
    """Break the build: call everybody told before anybody is."""
    real = dispatching.reserve

    def reserve(*args: Any, **kwargs: Any) -> Round | None:
        current = real(*args, **kwargs)
        if current is not None and current.reserved:
            with args[0].begin() as conn:
                deliveries.settle(conn, [_told(current, each) for each in current.reserved])
        return current

    dispatching.reserve = reserve


def _told(current: Round, each: deliveries.Reserved) -> Settlement:
    key = DeliveryKey(current.batch.key.wave_id, each.customer_id, each.attempt)
    return Settlement(key, DeliveryState.ACCEPTED, Reason.OK, Outcome.ACCEPTED)


def release_permitted() -> None:
    """Break the build: take everybody a dead worker left behind for not told."""
    real = workers.reap

    def reap(conn: Any, batch: Any, **_: Any) -> workers.Reaped:
        return real(conn, batch, begun=(), absence_proves_unsent=True)

    workers.reap = reap


def no_journal() -> None:
    """Break the build: note nothing before the last bytes."""
    setattr(Journal, "begin", lambda *_: None)  # noqa: B010 - a plain assignment mypy forbids


def deaf() -> None:
    """Break the build: do not hear who withdraws while a batch is on its way."""
    setattr(Watch, "withdrawn", lambda *_: False)  # noqa: B010


BROKEN: dict[str, Callable[[], None]] = {
    "sound": lambda: None,
    "settle-before-send": settle_before_send,
    "release-permitted": release_permitted,
    "no-journal": no_journal,
    "deaf-to-opt-outs": deaf,
}


def main(words: list[str]) -> None:
    """Doom whatever processes this worker will have, then be Celery."""
    folder, broken, *rest = words
    shorten_leases()
    BROKEN[broken]()
    fate = Fate(Path(folder))
    worker_process_init.connect(fate.take, weak=False)
    sys.argv = ["celery", *rest]
    celery()


if __name__ == "__main__":
    main(sys.argv[1:])
