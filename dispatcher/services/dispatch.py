"""Dispatch: the journey of one batch after another, from claim to settled receipts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from itertools import islice
from time import monotonic, time

from dispatcher.domain.batches import Batch
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel, Message
from dispatcher.errors import ClockJumped, GatewayDown, Unavailable
from dispatcher.rendering.people import Unrenderable
from dispatcher.services.gate import WINDOW, BatchGate, Terms
from dispatcher.services.outbound import Outbound
from dispatcher.services.pacing import due
from dispatcher.services.renderer import Renderer
from dispatcher.services.reserve import Round, reserve
from dispatcher.services.settle import Settler
from dispatcher.storage import batches, clock, rates, workers
from dispatcher.storage.database import Database
from dispatcher.storage.deliveries import Reserved

log = logging.getLogger(__name__)
_IN_A_ROW = 32  # messages; more would hold up the connections for longer than a mail takes
_SOON = 0.3  # seconds; a turn further away is left to the next bell


async def dispatch(out: Outbound, channel: Channel, seconds: float = 30.0) -> bool:
    """Work on a channel's batches for at most some seconds; True when there was more to do.

    Who is beaten in the middle of it (the database went away) plays dead: the journal is left to
    be adopted, which settles what it proves and frees all else, and the next call begins anew.
    """
    if out.beaten and out.at_work == 0:
        out.worker, out.journal = await out.in_store(out.enlist)
        out.beaten = out.jumped = False
    out.at_work += 1
    try:
        return await _work(out, channel, seconds)
    except BaseException:
        out.beaten = True
        raise
    finally:
        out.at_work -= 1
        if out.beaten and out.at_work == 0:
            out.journal.abandon()


async def _work(out: Outbound, channel: Channel, seconds: float) -> bool:
    """Send batch after batch; the next one is fetched while this one is on the wire."""
    ends = monotonic() + seconds
    held: list[Batch] = []
    fetch = partial(_fetch, out, channel, ends, held)
    keeper = asyncio.create_task(_keep_leases(out, held))
    try:
        current = await fetch()
        while current is not None:
            if monotonic() > ends or out.stopping():
                await _send_round(out, current, closes_at=ends + out.overtime)
                return True
            upcoming = asyncio.ensure_future(fetch())
            try:
                await _send_round(out, current, closes_at=ends + out.overtime)
            except BaseException:
                await asyncio.wait([upcoming])  # a batch claimed now still bears our name
                raise
            held.remove(current.batch)
            current = await upcoming or await fetch()  # what was handed back just now, if need be
        return False
    finally:
        keeper.cancel()


async def _keep_leases(out: Outbound, held: Sequence[Batch]) -> None:
    """Renew the leases on what is held: a slow gateway may take long, and one more batch waits.

    Whoever cannot renew loses its batches, as it should: it may not be able to settle either.
    """
    while True:
        await asyncio.sleep(batches.LEASE_SECONDS / 3)
        try:
            await out.in_permits(partial(_renew, out.database, tuple(held)))
        except Unavailable as outage:
            log.warning("leases are not renewed: %s", outage)


async def _fetch(out: Outbound, channel: Channel, until: float, held: list[Batch]) -> Round | None:
    """Reserve a round; when there are but some that must wait a moment, wait with them."""
    work = partial(
        reserve,
        out.database,
        out.versions,
        out.book,
        out.tariffs,
        channel,
        out.worker,
        out.patience,
        out.clocks,
    )
    asked = monotonic()
    while (found := await _unless_jumped(out, work)) is None:
        if out.jumped:
            return None
        wait = await out.in_store(partial(_next_turn_in, out.database, channel, asked))
        if wait is None or monotonic() + wait > until or out.stopping():
            return None
        await asyncio.sleep(max(wait, 0.005))
        asked = monotonic()
    held.append(found.batch)
    return found


async def _unless_jumped(out: Outbound, work: Callable[[], Round | None]) -> Round | None:
    """Reserve, and note when the clocks stop agreeing, and when they agree again."""
    try:
        if out.jumped:
            await out.in_store(partial(_look_again, out))
            out.jumped = False
        return await out.in_store(work)
    except ClockJumped as jump:
        if not out.jumped:
            log.error("%s", jump)
            await out.in_store(partial(out.note_jump, jump.seconds))
        out.jumped = True
        return None


def _look_again(out: Outbound) -> None:
    with out.database.begin() as conn:
        out.clocks.check(clock.server(conn))
        workers.note_jump(conn, out.worker, 0.0)


def _next_turn_in(database: Database, channel: Channel, asked: float) -> float | None:
    with database.begin_by_key() as conn:
        return batches.next_turn_in(conn, channel, _SOON, monotonic() - asked)


async def _send_round(out: Outbound, current: Round, closes_at: float) -> None:
    settler = Settler(out, current, out.tariffs[current.batch.gateway].price)
    gate = _gate(out, current, closes_at)
    try:
        if current.reserved:
            await _send(out, current, gate, settler)
    finally:
        await gate.finish()
        await settler.finish(gate.begun)
    parts = settler.parts_of(gate.begun)
    out.patience.pacing.note(current.batch, parts.values())
    await out.in_store(partial(_hand_back, out.database, current, parts))
    if out.at_work == 1 and not out.beaten:
        out.journal.forget()


async def _send(out: Outbound, current: Round, gate: BatchGate, settler: Settler) -> None:
    name = current.batch.gateway
    gateway = out.gateways[name]
    tables = gateway.limits.national_tables
    messages = _ahead(_messages(out.renderer, current, gate, settler, tables))
    try:
        _let_rest(out, current)
        # Closed before anything is settled: a gateway must not go on behind a failed settle.
        async with aclosing(gateway.send(messages, gate)) as receipts:
            async for receipt in receipts:
                gate.heard(receipt)
                settler.add(receipt)
    except GatewayDown as outage:
        settler.retry_after = outage.retry_after
        settler.why = str(outage)
        out.note_down(name, outage.retry_after)
        await out.in_store(partial(_trip, out.database, name, outage.retry_after))


def _let_rest(out: Outbound, current: Round) -> None:
    """Ask nothing of a gateway that went down after this round was fetched."""
    gateway = current.batch.gateway
    noted, until = out.downs.get(gateway, (0.0, 0.0))
    left = until - monotonic()
    if current.since < noted and left > 0:
        raise GatewayDown(f"gateway {gateway} is left alone for {left:.0f} s more", left)


def _messages(
    renderer: Renderer,
    current: Round,
    gate: BatchGate,
    settler: Settler,
    tables: Collection[National] = (),
) -> Iterator[Message]:
    """Render whom the gate would let through; note for whom there is nothing to send."""
    for item in renderer.render(
        current.version,
        current.batch,
        current.people,
        current.decisions,
        _still_wanted(current, gate, settler),
        current.now,
        tables,
    ):
        if isinstance(item, Unrenderable):
            settler.skip(item.key, item.reason, item.detail)
        else:
            settler.expect(item)
            yield item


def _ahead(messages: Iterator[Message]) -> Iterator[Message]:
    """Render some in a row while earlier ones are on the wire (docs/why.md#sending)."""
    while some := list(islice(messages, _IN_A_ROW)):
        yield from some


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
        steady_ahead=current.now - current.since,
        closes_at=closes_at,
        scopes=(
            "all",
            f"brand:{brand}",
            f"campaign:{batch.campaign_id}",
            f"gateway:{batch.gateway}",
        ),
    )
    return BatchGate(terms, out.watch, out.journal, permit)


def _permit(database: Database, current: Round, upto: int) -> bool:
    with database.begin_by_key() as conn:
        return batches.permit(conn, current.batch, upto)


def _renew(database: Database, held: Sequence[Batch]) -> None:
    with database.begin_by_key() as conn:
        batches.renew(conn, held)


def _hand_back(database: Database, current: Round, parts: Mapping[int, int]) -> None:
    with database.begin_by_key() as conn:
        charges = due(current.taken, parts)
        rates.charge(conn, charges)
        if any(charge.parts < 0 for charge in charges):  # a budget that was used up is not
            batches.hold_back(conn, current.batch, 0.0)
        all_decided = len(current.decisions) == current.batch.size
        waits_for = current.waits_for
        batches.hand_back(conn, current.batch, all_decided=all_decided, waits_for=waits_for)


def _trip(database: Database, gateway: str, seconds: float) -> None:
    with database.begin() as conn:
        batches.trip_breaker(conn, gateway, seconds)
