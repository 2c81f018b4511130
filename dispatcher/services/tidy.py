"""Tidy: adopt journals of the dead, reap their batches, wake the deferred, let old records go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from dispatcher.domain.breakers import Bars
from dispatcher.domain.deliveries import SETTLED_AS
from dispatcher.domain.ports import Bell
from dispatcher.domain.routes import Way
from dispatcher.services import breaker, erase, retain
from dispatcher.services.consequences import draw_consequences
from dispatcher.services.settle import REASONS
from dispatcher.services.subscribe import Desk
from dispatcher.services.versions import Versions
from dispatcher.storage import (
    batches,
    candidates,
    clock,
    conversations,
    due,
    gateway_health,
    journal,
    pending,
    service_messages,
    settlements,
    signals,
    waves,
    workers,
)
from dispatcher.storage.database import Database
from dispatcher.storage.journal import Legacy
from dispatcher.storage.settlements import Settlement

_BARS = Bars()
_PATIENCE = 300.0  # seconds the reaper waits for a journal on another host to be adopted


@dataclass(slots=True)
class Tidied:
    """What one round of tidying did."""

    adopted: list[str] = field(default_factory=list)
    released: int = 0
    unsure: int = 0
    woken: int = 0
    finished: list[int] = field(default_factory=list)
    cancelled: int = 0
    paused: list[int] = field(default_factory=list)
    erasures: int = 0
    swept: dict[str, int] = field(default_factory=dict)


def tidy(
    desk: Desk,
    versions: Versions,
    bell: Bell,
    journals: Path,
    host: str,
    ways: Sequence[Way],
    bars: Bars = _BARS,
) -> Tidied:
    """Do what is nobody's task in particular; any number of these at once is harmless."""
    done = adopt(desk, journals)
    database = desk.database
    with database.begin() as conn:
        reap_expired(conn, host, done)
    done.paused = breaker.trip(database, bars)
    wake(database, versions, ways, done)
    with database.begin() as conn:
        now = datetime.fromtimestamp(clock.now(conn), UTC)
        pending.sweep(conn, now)
        service_messages.forget_strangers(conn, now)
        conversations.sweep(conn, now)
        done.cancelled = waves.close_cancelled(conn, clock.now(conn))
        done.finished = waves.finish(conn)
        signals.sweep(conn, clock.now(conn))
        gateway_health.sweep(conn)
    ring_for_waiting(database, bell)
    done.erasures = erase.go_on(desk)
    done.swept = retain.sweep(desk)
    return done


def adopt(desk: Desk, journals: Path) -> Tidied:
    """Settle what the journals of dead processes on this host prove, then free their batches."""
    done = Tidied()
    for legacy in journal.orphans(journals):
        _draw_consequences(desk, legacy)
        with desk.database.begin() as conn:
            _settle_legacy(conn, legacy)
            for batch in workers.batches_of(conn, legacy.worker):
                unknown = legacy.begun - legacy.receipts.keys()
                reaped = workers.reap(
                    conn, batch, begun=unknown, absence_proves_unsent=legacy.complete
                )
                done.released += reaped.released
                done.unsure += reaped.unsure
            workers.retire(conn, legacy.worker)
        done.adopted.append(legacy.worker)
    return done


def _draw_consequences(desk: Desk, legacy: Legacy) -> None:
    """Learn from refusals first: should we die here as well, the journal is still there."""
    telling = [r for r in legacy.receipts.values() if r.contact_stopped or r.dead_address]
    if not telling:
        return
    with desk.database.begin() as conn:
        channels = settlements.channels_of(conn, [receipt.key for receipt in telling])
        now = clock.now(conn)
    for channel in set(channels.values()):
        theirs = [receipt for receipt in telling if channels.get(receipt.key) is channel]
        draw_consequences(desk, theirs, channel, now)


def _settle_legacy(conn: Connection, legacy: Legacy) -> None:
    settled = [
        Settlement(
            key=key,
            state=SETTLED_AS[receipt.outcome],
            reason=REASONS[receipt.outcome],
            outcome=receipt.outcome,
            not_before=clock.now(conn) + receipt.retry_after,
            reference=receipt.reference,
            code=receipt.code,
            detail=receipt.detail,
        )
        for key, receipt in legacy.receipts.items()
    ]
    if settled:
        settlements.settle(conn, settled)


def reap_expired(conn: Connection, host: str, done: Tidied) -> None:
    """Free batches whose lease ran out: their worker is stuck, or gone with its machine."""
    for batch in workers.expired(conn):
        elsewhere = batch.host not in ("", host)
        if elsewhere and workers.expired_for(conn, batch) < _PATIENCE:
            continue  # its own host may still adopt the journal and know more than we do
        reaped = workers.reap(conn, batch)
        done.released += reaped.released
        done.unsure += reaped.unsure


def wake(database: Database, versions: Versions, ways: Sequence[Way], done: Tidied) -> None:
    """Put the deferred who are due into new batches, wave by wave."""
    with database.begin() as conn:
        candidates.release(conn)
        waiting = due.waves_with_due(conn, clock.now(conn))
    for wave, version_id in waiting:
        with database.begin() as conn:
            spec = versions.get(conn, version_id).spec
            done.woken += due.wake(conn, wave, spec, clock.now(conn), ways)


def ring_for_waiting(database: Database, bell: Bell) -> None:
    """Ring wherever work waits: repairs every bell that was lost."""
    with database.begin() as conn:
        queues = [f"dispatch.{channel}" for channel in batches.ready_channels(conn)]
        queues += [queue for queue, query in _WAITING.items() if conn.execute(query).scalar()]
    for queue in queues:
        bell.ring(queue)


_WAITING = {
    "plan": text("""
        SELECT EXISTS (SELECT FROM wave w JOIN campaign c ON c.id = w.campaign_id
                       WHERE w.state = 'planning' AND c.state = 'running')"""),
    "inbound": text("""
        SELECT EXISTS (SELECT FROM service_message s CROSS JOIN clock
                       WHERE s.state = 'waiting'
                         AND s.not_before <= clock_timestamp() + clock.ahead)"""),
}
