"""The named moments at which a worker may die, and how a function is made to die there."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from dispatcher.gateways.email.smtp_talk import Talk
from dispatcher.rendering.email import EmailRenderer
from dispatcher.services import dispatch as dispatching
from dispatcher.services import sending
from dispatcher.services import tidy as tidying
from dispatcher.storage import batches, deliveries, due, settlements, waves, workers
from dispatcher.storage.journal import Journal

ANY_MOMENT = "at any moment"


class Point(NamedTuple):
    """A place in the code: `owner.name` (`name` may be several), before or after it ran.

    `often`: passed once a message. `thread`: counts only where the thread is named like this.
    `news`: counts only when the result is true.
    """

    owner: Any
    name: str
    after: bool = True
    often: bool = False
    thread: str = ""
    news: bool = False


POINTS: dict[str, Point] = {
    "inside plan, before its commit": Point(waves, "plan_shards"),
    "inside claim, before its commit": Point(batches, "claim"),
    "claimed, nobody reserved": Point(batches, "hold", after=False),
    "inside reserve, before its commit": Point(deliveries, "write_decisions"),
    "reserved and permitted, nothing rendered": Point(dispatching, "reserve"),
    "while rendering": Point(EmailRenderer, "render", often=True),
    "in DATA, before the gate is asked": Point(Talk, "_ask_gate", after=False, often=True),
    "begun, final dot not written": Point(Journal, "begin", often=True),
    "final dot written, no answer": Point(Talk, "_finish", often=True, news=True),
    "answered, not in the journal": Point(Journal, "receipt", after=False, often=True),
    "receipt in the journal, not settled": Point(Journal, "receipt", often=True),
    "inside permit, before its commit": Point(batches, "permit", thread="permits"),
    "permitted a window ahead, not begun": Point(sending, "_permit"),
    "inside settle, before its commit": Point(settlements, "settle"),
    "settled, batch not handed back": Point(sending, "_hand_back", after=False),
    "inside hand-back, before its commit": Point(batches, "hand_back"),
    "handed back, journal not forgotten": Point(Journal, "forget", after=False),
    "inside adopting a journal": Point(workers, "batches_of"),
    "journal adopted, before its commit": Point(workers, "retire"),
    "inside reaping": Point(tidying, "reap_expired"),
    "inside waking the deferred": Point(due, "wake"),
}


class Countdown:
    """Counts the passings of one point in this process, and does the deed at the last one."""

    def __init__(self) -> None:
        self._point = ""
        self._left = 0
        self._deed: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def arm(self, point: str, count: int, deed: Callable[[str], None]) -> None:
        """Set what is to happen, and where."""
        self._point, self._left, self._deed = point, count, deed

    def passed(self, point: str) -> None:
        """Count; the deed is final."""
        if point != self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._deed(point)


def die() -> None:
    """End as by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def wrap_all(countdown: Countdown) -> None:
    """Put a counter at every point; the product knows nothing of it."""
    for label, point in POINTS.items():
        for name in point.name.split():
            real = getattr(point.owner, name)
            make = _wrapped_async if inspect.iscoroutinefunction(real) else _wrapped
            setattr(point.owner, name, make(real, label, point, countdown))


def _wrapped(
    real: Callable[..., Any], label: str, point: Point, countdown: Countdown
) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        here = not point.thread or threading.current_thread().name.startswith(point.thread)
        if here and not point.after:
            countdown.passed(label)
        result = real(*args, **kwargs)
        if here and point.after and (result or not point.news):
            countdown.passed(label)
        return result

    return wrapped


def _wrapped_async(
    real: Callable[..., Any], label: str, point: Point, countdown: Countdown
) -> Callable[..., Any]:
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = await real(*args, **kwargs)
        if result or not point.news:
            countdown.passed(label)
        return result

    return wrapped
