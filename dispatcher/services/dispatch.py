"""Dispatch: the journey of one batch after another, from claim to settled receipts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, time
from typing import TypeVar

from dispatcher.domain.messages import Channel, Message
from dispatcher.domain.ports import Gateway
from dispatcher.errors import GatewayDown
from dispatcher.rendering.people import Unrenderable
from dispatcher.services.gate import WINDOW, BatchGate, Terms
from dispatcher.services.renderer import Renderer
from dispatcher.services.reserve import Round, Tariff, reserve
from dispatcher.services.settle import Settler
from dispatcher.services.subscribe import Desk
from dispatcher.services.versions import Versions
from dispatcher.storage import batches
from dispatcher.storage.database import Database
from dispatcher.storage.deliveries import Reserved
from dispatcher.storage.journal import Journal
from dispatcher.storage.watch import Watch

T = TypeVar("T")


@dataclass(slots=True)
class Outbound:
    """What one worker process needs to send: built once, lives as long as the process.

    `overtime`: seconds a batch may go on after its task's time, before its gate shuts.
    """

    worker: str
    desk: Desk
    versions: Versions
    renderer: Renderer
    gateways: Mapping[str, Gateway]
    tariffs: Mapping[str, Tariff]
    watch: Watch
    journal: Journal
    stopping: Callable[[], bool] = lambda: False
    overtime: float = 20.0
    rounds_open: int = 0
    # One thread for the batches' reads and writes, one for permits, which must not wait for them.
    store: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "store"))
    permits: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "permits"))

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self.desk.database

    async def in_store(self, work: Callable[[], T]) -> T:
        """Run database work on the process's store thread."""
        return await asyncio.get_running_loop().run_in_executor(self.store, work)

    async def aclose(self) -> None:
        """Close gateways and threads; keep the journal only if something in it is unsettled."""
        for gateway in self.gateways.values():
            await gateway.aclose()
        self.watch.stop()
        self.store.shutdown()
        self.permits.shutdown()
        if self.rounds_open == 0:
            self.journal.close()

    async def in_permits(self, work: Callable[[], T]) -> T:
        """Run a permit on the thread kept free for them."""
        return await asyncio.get_running_loop().run_in_executor(self.permits, work)


async def dispatch(out: Outbound, channel: Channel, seconds: float = 30.0) -> bool:
    """Work on a channel's batches for at most some seconds; True when there was more to do.

    The next batch is fetched while this one is on the wire.
    """
    ends = monotonic() + seconds
    fetch = partial(reserve, out.database, out.versions, out.tariffs, channel, out.worker)
    current = await out.in_store(fetch)
    while current is not None:
        if monotonic() > ends or out.stopping():
            await _send_round(out, current, closes_at=ends + out.overtime)
            return True
        upcoming = asyncio.ensure_future(out.in_store(fetch))
        try:
            await _send_round(out, current, closes_at=ends + out.overtime)
        except BaseException:
            await _give_back(out, await upcoming)
            raise
        current = await upcoming
    return False


async def _give_back(out: Outbound, current: Round | None) -> None:
    """Release a batch that was fetched but will not be sent by this task."""
    if current is not None:
        await Settler(out, current).finish(begun=())
        await out.in_store(partial(_hand_back, out.database, current))


async def _send_round(out: Outbound, current: Round, closes_at: float) -> None:
    settler = Settler(out, current, out.tariffs[current.batch.gateway].price)
    gate = _gate(out, current, closes_at)
    out.rounds_open += 1
    try:
        if current.reserved:
            await _send(out, current, gate, settler)
    finally:
        await gate.finish()
        await settler.finish(gate.begun)
        out.rounds_open -= 1
    await out.in_store(partial(_hand_back, out.database, current))
    if out.rounds_open == 0:
        out.journal.forget()


async def _send(out: Outbound, current: Round, gate: BatchGate, settler: Settler) -> None:
    gateway = out.gateways[current.batch.gateway]
    messages = _messages(out.renderer, current, gate, settler)
    try:
        async for receipt in gateway.send(messages, gate):
            out.journal.receipt(receipt)
            await settler.add(receipt)
    except GatewayDown as outage:
        settler.retry_after = outage.retry_after
        settler.why = str(outage)
        trip = partial(_trip, out.database, current.batch.gateway, outage.retry_after)
        await out.in_store(trip)


def _messages(
    renderer: Renderer, current: Round, gate: BatchGate, settler: Settler
) -> Iterator[Message]:
    """Render lazily, while earlier messages are on the wire."""
    for item in renderer.render(
        current.version,
        current.batch,
        current.people,
        current.decisions,
        _still_wanted(current, gate, settler),
        current.now,
    ):
        if isinstance(item, Unrenderable):
            settler.skip(item.key, item.reason, item.detail)
        else:
            settler.parts[item.key.customer_id] = item.parts
            yield item


def _still_wanted(current: Round, gate: BatchGate, settler: Settler) -> Iterator[Reserved]:
    """Pass over whom the gate would refuse: refusing late may cost a connection."""
    for reserved in current.reserved:
        decision = current.decisions[reserved.customer_id]
        if gate.refuses(reserved.customer_id, decision.send_before):
            settler.withhold(reserved.customer_id)
        else:
            yield reserved


def _gate(out: Outbound, current: Round, closes_at: float) -> BatchGate:
    batch, brand = current.batch, current.version.spec.brand.id

    async def permit(upto: int) -> bool:
        return await out.in_permits(partial(_permit, out.database, current, upto))

    terms = Terms(
        size=len(current.reserved),
        permitted=min(WINDOW, len(current.reserved)),
        since=current.since,
        clock_ahead=current.now - time(),
        closes_at=closes_at,
        scopes=(
            "all",
            f"brand:{brand}",
            f"campaign:{batch.campaign_id}",
            f"gateway:{batch.gateway}",
        ),
        pace=current.pace,
    )
    return BatchGate(terms, out.watch, out.journal, permit)


def _permit(database: Database, current: Round, upto: int) -> bool:
    with database.begin() as conn:
        return batches.permit(conn, current.batch, upto)


def _hand_back(database: Database, current: Round) -> None:
    with database.begin() as conn:
        batches.hand_back(conn, current.batch, current.again_in)


def _trip(database: Database, gateway: str, seconds: float) -> None:
    with database.begin() as conn:
        batches.trip_breaker(conn, gateway, seconds)
