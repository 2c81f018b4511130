"""Workers and what they leave behind: heartbeats, and the batches of those that died."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import DeliveryKey


def enlist(conn: Connection, worker: str, host: str, boot: str, pid: int) -> None:
    """Note a worker process, whose id names its journal."""
    values = {"id": worker, "host": host, "boot": boot, "pid": pid}
    conn.execute(_ENLIST, values)


_ENLIST = text("""
    INSERT INTO worker (id, host, boot_id, pid) VALUES (:id, :host, :boot, :pid)
    ON CONFLICT (id) DO UPDATE SET beat_at = clock_timestamp()
""")


def beat(conn: Connection, worker: str) -> None:
    """Note that a worker process is alive."""
    conn.execute(_BEAT, {"id": worker})


_BEAT = text("UPDATE worker SET beat_at = clock_timestamp() WHERE id = :id")


def retire(conn: Connection, worker: str) -> None:
    """Note that a worker's journal has been read to the end, or held nothing unsettled."""
    conn.execute(
        text("UPDATE worker SET adopted_at = clock_timestamp() WHERE id = :id"), {"id": worker}
    )


def note_jump(conn: Connection, worker: str, seconds: float) -> None:
    """Note how far apart a worker found the clocks, so that it hands nothing over; 0: no more."""
    conn.execute(_NOTE_JUMP, {"id": worker, "seconds": seconds})


_NOTE_JUMP = text("UPDATE worker SET clock_jump = :seconds WHERE id = :id")


class Orphan(NamedTuple):
    """A leased batch whose worker is gone or stuck."""

    wave_id: int
    shard: int
    batch_no: int
    worker: str
    host: str


def batches_of(conn: Connection, worker: str) -> list[Orphan]:
    """Lock the batches a dead worker holds."""
    return [Orphan(*row) for row in conn.execute(_BATCHES_OF, {"worker": worker})]


_BATCHES_OF = text("""
    SELECT b.wave_id, b.shard, b.batch_no, b.worker, '' FROM batch b
    WHERE b.state = 'leased' AND b.worker = :worker FOR UPDATE
""")


def expired(conn: Connection) -> list[Orphan]:
    """Lock the batches whose lease has run out."""
    return [Orphan(*row) for row in conn.execute(_EXPIRED)]


_EXPIRED = text("""
    SELECT b.wave_id, b.shard, b.batch_no, b.worker, coalesce(w.host, '')
    FROM batch b LEFT JOIN worker w ON w.id = b.worker
    WHERE b.state = 'leased' AND b.lease_until < clock_timestamp()
    LIMIT 100 FOR UPDATE OF b SKIP LOCKED
""")


def expired_for(conn: Connection, batch: Orphan) -> float:
    """Give for how many seconds a batch's lease has been over."""
    return float(conn.execute(_EXPIRED_FOR, _key(batch)).scalar_one())


_EXPIRED_FOR = text("""
    SELECT extract(epoch FROM clock_timestamp() - lease_until) FROM batch
    WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no)
""")


class Reaped(NamedTuple):
    """What became of a dead worker's batch: people released as unsent, and people unsure."""

    released: int
    unsure: int


def reap(
    conn: Connection,
    batch: Orphan,
    *,
    begun: Collection[DeliveryKey] = (),
    absence_proves_unsent: bool = False,
) -> Reaped:
    """Raise the fence and give the batch back.

    Ordinals that were never permitted are unsent and released. Permitted ones that are not
    settled are UNSURE, unless a complete journal proves by its silence that they were not begun.
    """
    values = {
        **_key(batch),
        "begun": [key.customer_id for key in begun if key.wave_id == batch.wave_id],
        "proof": absence_proves_unsent,
    }
    upto = conn.execute(_RAISE_FENCE, values).scalar_one_or_none()
    if upto is None:
        return Reaped(0, 0)
    values["upto"] = upto
    unsure = conn.execute(_MARK_UNSURE, values).rowcount
    released = conn.execute(_RELEASE, values).scalars().all()
    conn.execute(_FREE_SLOTS, {**values, "released": list(released)})
    return Reaped(len(released), unsure)


_RAISE_FENCE = text("""
    UPDATE batch b SET fence = b.fence + 1, state = 'ready', worker = NULL, lease_until = NULL
    FROM batch old
    WHERE (b.wave_id, b.shard, b.batch_no) = (:wave, :shard, :batch_no)
      AND (old.wave_id, old.shard, old.batch_no) = (:wave, :shard, :batch_no)
      AND b.state = 'leased'
    RETURNING old.permitted_upto
""")

_THEIRS = """
    d.wave_id = :wave AND d.state = 'reserved' AND d.batch_no = :batch_no
    AND d.customer_id IN (SELECT customer_id FROM audience
                          WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no))
"""

_MARK_UNSURE = text(f"""
    UPDATE delivery d
    SET state = 'unsure', settled_at = clock_timestamp(),
        detail = 'was on the wire when its worker died'
    WHERE {_THEIRS} AND d.ordinal < :upto
      AND (NOT :proof OR d.customer_id = ANY(CAST(:begun AS bigint[])))
""")

_RELEASE = text(f"""
    UPDATE delivery d SET state = 'deferred', batch_no = -1, not_before = NULL
    WHERE {_THEIRS} RETURNING d.customer_id
""")

_FREE_SLOTS = text("""
    DELETE FROM contact WHERE wave_id = :wave AND customer_id = ANY(CAST(:released AS bigint[]))
""")


def _key(batch: Orphan) -> dict[str, object]:
    return {"wave": batch.wave_id, "shard": batch.shard, "batch_no": batch.batch_no}
