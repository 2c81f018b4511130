"""What one worker process needs to send, and the sign of life it gives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from dispatcher.domain.ports import Gateway
from dispatcher.domain.pulses import Bounds, Pulse
from dispatcher.errors import Unavailable
from dispatcher.rules.book import RuleBook
from dispatcher.services.clocks import Clocks
from dispatcher.services.renderer import Renderer
from dispatcher.services.reserve import AT_ONCE, Patience, Tariff
from dispatcher.services.subscribe import Desk
from dispatcher.services.versions import Versions
from dispatcher.storage import workers
from dispatcher.storage.database import Database
from dispatcher.storage.journal import Journal
from dispatcher.storage.watch import Watch

T = TypeVar("T")
log = logging.getLogger(__name__)
BEAT_SECONDS = 15.0  # between two signs that a process is alive; the doctor waits for four


@dataclass(slots=True)
class Outbound:
    """What one worker process needs to send: built once, lives as long as the process.

    `overtime`: seconds a batch may go on after its task's time, before its gate shuts.
    `enlist` gives a name that nobody had before, with its journal. `beaten`: an outage or a bug
    left batches and receipts behind that only the journal knows of. `jumped`: the clocks do not
    agree, and that is on record. `bounds`: what makes a gateway ill. `lingering`: rounds of ill
    gateways that still wait for answers.
    """

    enlist: Callable[[], tuple[str, Journal]]
    desk: Desk
    versions: Versions
    book: RuleBook
    renderer: Renderer
    gateways: Mapping[str, Gateway]
    tariffs: Mapping[str, Tariff]
    watch: Watch
    clocks: Clocks
    stopping: Callable[[], bool] = lambda: False
    overtime: float = 20.0
    patience: Patience = AT_ONCE
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    pulses: dict[str, Pulse] = field(default_factory=dict)
    lingering: set[asyncio.Task[None]] = field(default_factory=set)
    at_work: int = 0
    beaten: bool = False
    jumped: bool = False
    worker: str = field(init=False)
    journal: Journal = field(init=False)
    # One thread for the batches' reads and writes, one for permits, which must not wait for them.
    store: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "store"))
    permits: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "permits"))

    def __post_init__(self) -> None:
        self.worker, self.journal = self.enlist()

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self.desk.database

    def pulse(self, gateway: str) -> Pulse:
        """Give what this process has heard of a gateway."""
        if gateway not in self.pulses:
            self.pulses[gateway] = Pulse(self.bounds.get(gateway, Bounds()))
        return self.pulses[gateway]

    async def in_store(self, work: Callable[[], T]) -> T:
        """Run database work on the process's store thread."""
        return await asyncio.get_running_loop().run_in_executor(self.store, work)

    async def aclose(self) -> None:
        """Close gateways and threads; keep the journal only if something in it is unsettled."""
        if self.lingering:
            await asyncio.wait(self.lingering)
        for gateway in self.gateways.values():
            await gateway.aclose()
        self.watch.stop()
        if self.jumped:  # whoever is gone is no reason to worry
            with suppress(Unavailable):
                await self.in_store(partial(self.note_jump, 0.0))
        self.store.shutdown()
        self.permits.shutdown()
        if self.at_work == 0 and not self.beaten:
            self.journal.close()

    def note_jump(self, seconds: float) -> None:
        """Put on record how far apart the clocks were found to be; 0: they agree."""
        with self.database.begin() as conn:
            workers.note_jump(conn, self.worker, seconds)

    async def in_permits(self, work: Callable[[], T]) -> T:
        """Run a permit on the thread kept free for them."""
        return await asyncio.get_running_loop().run_in_executor(self.permits, work)


async def beat(out: Outbound, every: float = BEAT_SECONDS) -> None:
    """Note for ever that this process is alive, whether or not there is anything to send."""
    while True:
        await asyncio.sleep(every)
        try:
            await out.in_permits(partial(_beat, out.database, out.worker))
        except Unavailable as outage:
            log.warning("nobody hears that this process is alive: %s", outage)


def _beat(database: Database, worker: str) -> None:
    with database.begin() as conn:
        workers.beat(conn, worker)
