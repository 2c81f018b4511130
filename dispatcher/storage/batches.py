"""Batches: claimed fairly, leased on the database's clock, fenced, permitted window by window."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch, BatchKey
from dispatcher.domain.messages import Channel

LEASE_SECONDS = 60


class Claim(NamedTuple):
    """A batch this worker now holds. `now`: the programme's clock, Unix seconds.

    `people`: how many are planned in its wave so far.
    """

    batch: Batch
    brand: str
    now: float
    people: int


def claim(conn: Connection, channel: Channel, worker: str) -> Claim | None:
    """Claim the ready batch that is most urgent and fair, or give None.

    Least served for its weight first, then the earliest to close (docs/how-it-works.md#out).
    """
    for wave in conn.execute(_WAVES, {"channel": channel}).scalars().all():
        values = {"wave": wave, "channel": channel, "worker": worker, "lease": LEASE_SECONDS}
        row = conn.execute(_CLAIM, values).mappings().one_or_none()
        if row:
            conn.execute(_SERVE, {"wave": wave, "size": row["size"]})
            return _claimed(row)
    return None


def _claimed(row: Any) -> Claim:
    key = BatchKey(row["wave_id"], row["shard"], row["batch_no"])
    batch = Batch(
        key,
        row["fence"],
        row["campaign_id"],
        row["version_id"],
        Channel(row["channel"]),
        row["gateway"],
        row["size"],
    )
    return Claim(batch, row["brand"], float(row["now"]), row["people"])


_WAVES = text("""
    SELECT w.id FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.state IN ('planning', 'running') AND c.state = 'running'
      AND NOT EXISTS (SELECT FROM halt h
                      WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
      AND EXISTS (SELECT FROM batch b WHERE b.channel = :channel AND b.wave_id = w.id
                    AND b.state = 'ready' AND b.not_before <= clock_timestamp())
    ORDER BY w.served::float / w.weight, w.closes_at, w.id LIMIT 20
""")

_CLAIM = text("""
    WITH free AS (
        SELECT b.wave_id, b.shard, b.batch_no FROM batch b
        WHERE b.wave_id = :wave AND b.channel = :channel AND b.state = 'ready'
          AND b.not_before <= clock_timestamp()
          AND NOT EXISTS (SELECT FROM halt h WHERE h.scope = 'gateway:' || b.gateway)
          AND NOT EXISTS (SELECT FROM rate r
                          WHERE r.key = 'down:' || b.gateway AND r.tat > clock_timestamp())
        LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE batch b
    SET state = 'leased', fence = b.fence + 1, worker = :worker, permitted_upto = 0,
        lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM free, wave w, clock
    WHERE (b.wave_id, b.shard, b.batch_no) = (free.wave_id, free.shard, free.batch_no)
      AND w.id = b.wave_id
    RETURNING b.wave_id, b.shard, b.batch_no, b.fence, b.channel, b.gateway, b.size,
              w.campaign_id, w.version_id, w.brand, w.people,
              extract(epoch FROM clock_timestamp() + clock.ahead) AS now
""")

_SERVE = text("UPDATE wave SET served = served + :size WHERE id = :wave")


def hold(conn: Connection, batch: Batch) -> bool:
    """Lock the batch for this transaction; False when the lease or the fence is lost."""
    return conn.execute(_HOLD, _fenced(batch)).rowcount == 1


_HOLD = text("""
    SELECT FROM batch WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no)
      AND fence = :fence AND state = 'leased' AND lease_until > clock_timestamp()
    FOR UPDATE
""")


def permit(conn: Connection, batch: Batch, upto: int) -> bool:
    """Permit ordinals below `upto` to be begun, and renew the lease; False: no longer ours."""
    values = {**_fenced(batch), "upto": upto, "lease": LEASE_SECONDS}
    return conn.execute(_PERMIT, values).rowcount == 1


_PERMIT = text("""
    UPDATE batch SET permitted_upto = :upto,
                     lease_until = clock_timestamp() + make_interval(secs => :lease)
    WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no)
      AND fence = :fence AND state = 'leased' AND lease_until > clock_timestamp()
""")


def hand_back(conn: Connection, batch: Batch, after_seconds: float = 0.05) -> bool:
    """End a round: done when everybody in it was decided on, else ready again a little later."""
    values = {**_fenced(batch), "after": after_seconds}
    return conn.execute(_HAND_BACK, values).rowcount == 1


# A batch still has people to decide on while somebody in it has no delivery row, or one that an
# earlier batch deferred (it was woken into this one), or one that was released.
UNDECIDED = "(d.state IS NULL OR d.state = 'deferred' AND d.batch_no <> a.batch_no)"

_HAND_BACK = text(f"""
    UPDATE batch b
    SET state = CASE WHEN undecided THEN 'ready' ELSE 'done' END, worker = NULL,
        lease_until = NULL,
        not_before = CASE WHEN undecided
            THEN clock_timestamp() + make_interval(secs => :after) ELSE b.not_before END
    FROM (SELECT EXISTS (
              SELECT FROM audience a LEFT JOIN delivery d USING (wave_id, customer_id)
              WHERE (a.wave_id, a.shard, a.batch_no) = (:wave, :shard, :batch_no)
                AND {UNDECIDED}) AS undecided) AS remaining
    WHERE (b.wave_id, b.shard, b.batch_no) = (:wave, :shard, :batch_no)
      AND b.fence = :fence AND b.state = 'leased'
""")


def trip_breaker(conn: Connection, gateway: str, seconds: float) -> None:
    """Leave a gateway alone for some seconds: a breaker, not thousands of deferrals."""
    conn.execute(_TRIP, {"key": f"down:{gateway}", "seconds": seconds})


_TRIP = text("""
    INSERT INTO rate (key, tat) VALUES (:key, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (key) DO UPDATE SET tat = greatest(rate.tat, excluded.tat)
""")


def ready_channels(conn: Connection) -> list[str]:
    """Name the channels on which a batch waits that could be claimed now."""
    rows = conn.execute(_READY).scalars().all()
    return [str(row) for row in rows]


_READY = text("""
    SELECT DISTINCT b.channel FROM batch b
    JOIN wave w ON w.id = b.wave_id JOIN campaign c ON c.id = w.campaign_id
    WHERE b.state = 'ready' AND b.not_before <= clock_timestamp()
      AND w.state IN ('planning', 'running') AND c.state = 'running'
""")


def _fenced(batch: Batch) -> dict[str, Any]:
    return {
        "wave": batch.key.wave_id,
        "shard": batch.key.shard,
        "batch_no": batch.key.batch_no,
        "fence": batch.fence,
    }
