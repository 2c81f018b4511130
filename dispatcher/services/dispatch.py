"""Dispatch: the journey of one batch after another, from claim to settled receipts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

from dispatcher.domain.batches import Batch
from dispatcher.domain.messages import Channel
from dispatcher.errors import ClockJumped, Unavailable
from dispatcher.services.outbound import Outbound
from dispatcher.services.reserve import Round, reserve
from dispatcher.services.sending import Sending
from dispatcher.storage import batches, clock, workers
from dispatcher.storage.database import Database

log = logging.getLogger(__name__)
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
        wait = await out.in_store(partial(_next_turn_in, out, channel, asked))
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


def _next_turn_in(out: Outbound, channel: Channel, asked: float) -> float | None:
    with out.database.begin_by_key() as conn:
        known = tuple(out.tariffs)
        return batches.next_turn_in(conn, channel, known, _SOON, monotonic() - asked)


async def _send_round(out: Outbound, current: Round, closes_at: float) -> None:
    """Send a round. When its gateway falls ill the rest is let go, and the wire is left to itself.

    So a gateway that answers nothing holds up those whose messages it has, and nobody else.
    """
    sending = Sending(out, current, closes_at)
    work = asyncio.create_task(sending.carry())
    try:
        if await sending.well(work):
            work.result()
            return
        await sending.give_up()
    except BaseException:
        work.cancel()
        await asyncio.wait([work])
        raise
    linger(out, work)


def linger(out: Outbound, work: asyncio.Task[None]) -> None:
    """Let the last answers come, while others are sent by other gateways."""
    task = asyncio.create_task(_linger(work))
    out.lingering.add(task)
    task.add_done_callback(out.lingering.discard)


async def _linger(work: asyncio.Task[None]) -> None:
    try:
        await work
    except Unavailable as outage:
        log.warning("what a gateway said too late is not on record: %s", outage)


def _renew(database: Database, held: Sequence[Batch]) -> None:
    with database.begin_by_key() as conn:
        batches.renew(conn, held)
