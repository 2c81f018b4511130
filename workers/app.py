"""The Celery app, and the one sending room each worker process has."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import resource
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from celery import Celery
from celery.signals import (
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
    worker_shutting_down,
)

from dispatcher import settings, wiring
from dispatcher.domain.masks import mask_logs
from dispatcher.services.outbound import Outbound, beat

mask_logs()  # also in the parent, which builds nothing
app = Celery("dispatcher")
app.config_from_object("celeryconfig")

T = TypeVar("T")
_GARBAGE = 100_000  # objects more than were freed, before the collector looks
_MEMORY = 4 << 30  # bytes of address space of a prefork child: no template takes the machine down
_stopping = multiprocessing.get_context("fork").Event()  # inherited by prefork children


class Room:
    """One process's dispatcher, event loop and sending desk; built at first use in that process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.dispatcher = wiring.build(settings.load(), app)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sender", daemon=True)
        self._thread.start()
        self.outbound: Outbound = self.run(self._open())
        self._beating = asyncio.run_coroutine_threadsafe(beat(self.outbound), self._loop)
        _settle_down()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the process's loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Close connections and leave the journal behind only if something in it is unsettled."""
        self._beating.cancel()
        self.run(self.outbound.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self.dispatcher.close()

    async def _open(self) -> Outbound:
        # Gateways bind to the loop they are made on.
        return wiring.build_outbound(self.dispatcher, stopping=_stopping.is_set)


def _settle_down() -> None:
    """Look for garbage among what batches leave behind, not among all that was imported.

    A batch makes some ten thousand objects that go with it; as Python comes, walking through the
    libraries' own each time took an eighth of a worker's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)


_room: Room | None = None
_building = threading.Lock()


def room() -> Room:
    """Give this process's room; a fork never uses its parent's."""
    global _room  # noqa: PLW0603 - one room a process is the point
    with _building:
        if _room is None or _room.pid != os.getpid():
            _room = Room()
        return _room


def close_room(**_: object) -> None:
    """Close this process's room, if it has one."""
    global _room  # noqa: PLW0603
    if _room is not None and _room.pid == os.getpid():
        _room.close()
        _room = None


def stop_fetching(**_: object) -> None:
    """Let running tasks end after the batch they hold."""
    _stopping.set()


def begin_process(**_: object) -> None:
    """Forget what was inherited from the parent, and bound what one process may take."""
    global _building  # noqa: PLW0603 - a lock held in the parent would stay held for ever
    _building = threading.Lock()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, most))


worker_process_init.connect(begin_process)
worker_process_shutdown.connect(close_room)
worker_shutdown.connect(close_room)
worker_shutting_down.connect(stop_fetching)
