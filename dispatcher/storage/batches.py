"""Batches: claimed fairly, leased on the database's clock, fenced, permitted window by window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch, BatchKey
from dispatcher.domain.messages import Channel
from dispatcher.storage import gateway_health, waves
from dispatcher.storage.deliveries import DELIVERY_JOIN

LEASE_SECONDS = 60


class Claim(NamedTuple):
    """A batch this worker now holds. `now`: the programme's clock, Unix seconds.

    `server` is the database's own clock. `probing`: the gateway has rested and is to be tried with
    few. `elsewhere`: another gateway could take over. `route`: all that could carry it.
    """

    batch: Batch
    brand: str
    now: float
    server: float
    probing: bool = False
    elsewhere: bool = False
    route: Sequence[str] = ()


def claim(conn: Connection, channel: Channel, worker: str, gateways: Sequence[str]) -> Claim | None:
    """Claim the ready batch that is most urgent and fair, or give None.

    It goes by the first gateway of its route that is one of these `gateways`, and well.

    Least served for its weight first, then the earliest to close (docs/how-it-works.md#out).
    """
    ways = {"channel": channel, "gateways": list(gateways)}
    values = {**ways, "worker": worker, "lease": LEASE_SECONDS, "patience": _PROBE_PATIENCE}
    wanted = {**ways, "batch": waves.BATCH_SIZE}
    for wave, floor in conn.execute(_WAVES, wanted).all():
        found = conn.execute(_CLAIM, {**values, "wave": wave, "floor": max(floor, 0.0)})
        row = found.mappings().one_or_none()
        if row:
            _note_way(conn, row)
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
    times = float(row["now"]), float(row["server"])
    return Claim(batch, row["brand"], *times, row["probing"], row["elsewhere"], row["route"])


def _note_way(conn: Connection, row: Any) -> None:
    if row["probing"]:
        gateway_health.note_probe(conn, row["gateway"])
    if row["gateway"] != row["first"]:
        gateway_health.note_stand_in(conn, row["gateway"], row["first"])


_PROBE_PATIENCE = 60  # seconds until another batch may probe, should nothing be heard of this one
# `up`: the gateways that are neither halted nor resting. `free`: those of them with a slot now.
_WAY = """
    up AS MATERIALIZED (
        SELECT ARRAY(
            SELECT known FROM unnest(CAST(:gateways AS text[])) AS known
            WHERE NOT EXISTS (SELECT FROM halt h WHERE h.scope = 'gateway:' || known)
              AND NOT EXISTS (SELECT FROM gateway_health g
                              WHERE g.gateway = known AND g.state <> 'ready'
                                AND g.until > clock_timestamp())) AS names
    ), way AS MATERIALIZED (
        SELECT names AS up, ARRAY(
            SELECT name FROM unnest(names) AS name
            WHERE NOT EXISTS (SELECT FROM rate r WHERE r.key = 'gateway:' || name
                                AND r.tat > clock_timestamp())) AS free
        FROM up)
"""
# The gateway that a batch would go by now: the first of its route that is up, if any.
_BY = """
    CASE WHEN b.route[1] = ANY(way.up) THEN b.route[1] ELSE (
        SELECT name FROM unnest(b.route) WITH ORDINALITY AS r (name, place)
        WHERE name = ANY(way.up) ORDER BY place LIMIT 1) END
"""

# `floor` is where the best served of those that want to go stood one batch ago. While all keep
# wanting, nobody is below it; who comes late, or back, is lifted to it: what others had meanwhile
# gives no claim (start-time fair queueing: Goyal, Vin, Cheng 1996).
_WAVES = text(f"""
    WITH {_WAY}
    SELECT w.id, max(coalesce(s.served, 0) - CAST(:batch AS float8) / w.weight) OVER () AS floor
    FROM way CROSS JOIN wave w JOIN campaign c ON c.id = w.campaign_id
    LEFT JOIN share s ON s.wave_id = w.id AND s.channel = :channel
    WHERE w.state IN ('planning', 'running') AND c.state = 'running'
      AND coalesce(s.not_before, '-infinity') <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM halt h
                      WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
      AND NOT EXISTS (SELECT FROM rate r
                      WHERE r.key = 'campaign:' || c.id AND r.tat > clock_timestamp())
      AND EXISTS (SELECT FROM batch b WHERE b.channel = :channel AND b.wave_id = w.id
                    AND b.state = 'ready' AND b.not_before <= clock_timestamp()
                    AND (b.waits_for = '' OR NOT EXISTS (
                        SELECT FROM rate r
                        WHERE r.key = b.waits_for AND r.tat > clock_timestamp()))
                    AND {_BY} = ANY(way.free))
    ORDER BY coalesce(s.served, 0), w.closes_at, w.id LIMIT 20
""")

# Of two that would probe at once, the second finds no probe left to take, and claims nothing.
_CLAIM = text(f"""
    WITH {_WAY}, found AS (
        SELECT b.wave_id, b.shard, b.batch_no, b.size, {_BY} AS gateway, b.route[1] AS first,
               EXISTS (SELECT FROM unnest(b.route) AS name
                       WHERE name = ANY(way.up) AND name <> {_BY}) AS elsewhere
        FROM way CROSS JOIN batch b
        WHERE b.wave_id = :wave AND b.channel = :channel AND b.state = 'ready'
          AND b.not_before <= clock_timestamp() AND {_BY} = ANY(way.free)
          AND NOT EXISTS (SELECT FROM rate r
                          WHERE r.key = b.waits_for AND r.tat > clock_timestamp())
        LIMIT 1 FOR UPDATE OF b SKIP LOCKED
    ), probe AS (
        UPDATE gateway_health g
        SET state = 'probing', until = clock_timestamp() + make_interval(secs => :patience)
        FROM found WHERE g.gateway = found.gateway AND g.state <> 'ready'
          AND g.until <= clock_timestamp()
        RETURNING g.gateway
    ), free AS (
        SELECT found.*, EXISTS (SELECT FROM probe) AS probing FROM found
        WHERE EXISTS (SELECT FROM probe) OR NOT EXISTS (
            SELECT FROM gateway_health g WHERE g.gateway = found.gateway AND g.state <> 'ready')
    ), served AS (
        INSERT INTO share (wave_id, channel, served)
        SELECT w.id, :channel, CAST(:floor AS float8) + free.size::float8 / w.weight
        FROM free JOIN wave w ON w.id = free.wave_id
        ON CONFLICT (wave_id, channel) DO UPDATE
        SET served = excluded.served + greatest(share.served - CAST(:floor AS float8), 0)
    )
    UPDATE batch b
    SET state = 'leased', fence = b.fence + 1, worker = :worker, permitted_upto = 0,
        gateway = free.gateway,
        lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM free, wave w, clock
    WHERE (b.wave_id, b.shard, b.batch_no) = (free.wave_id, free.shard, free.batch_no)
      AND w.id = b.wave_id
    RETURNING b.wave_id, b.shard, b.batch_no, b.fence, b.channel, b.gateway, b.size,
              w.campaign_id, w.version_id, w.brand, free.first, free.probing, free.elsewhere,
              b.route,
              extract(epoch FROM clock_timestamp() + clock.ahead) AS now,
              extract(epoch FROM clock_timestamp()) AS server
""")


def give_back_share(conn: Connection, batch: Batch, people: int) -> None:
    """Take from a wave's share the people of a claimed batch who had to stay in it."""
    values = {"wave": batch.key.wave_id, "channel": batch.channel, "people": people}
    conn.execute(_GIVE_BACK_SHARE, values)


_GIVE_BACK_SHARE = text("""
    UPDATE share SET served = greatest(served - CAST(:people AS float8) / w.weight, 0)
    FROM wave w
    WHERE w.id = :wave AND (share.wave_id, share.channel) = (:wave, :channel)
""")


def hold_back(conn: Connection, batch: Batch, seconds: float) -> None:
    """Let nobody claim a batch of this wave and channel for some seconds: it would come in vain."""
    values = {"wave": batch.key.wave_id, "channel": batch.channel, "seconds": seconds}
    conn.execute(_HOLD_BACK, values)


_HOLD_BACK = text("""
    UPDATE share SET not_before = clock_timestamp() + make_interval(secs => :seconds)
    WHERE (wave_id, channel) = (:wave, :channel)
""")


def next_turn_in(
    conn: Connection, channel: Channel, gateways: Sequence[str], within: float, ago: float
) -> float | None:
    """Give the seconds until a waiting batch may be claimed; None: not within so many.

    What was let go since a claim was tried, `ago` seconds before, was not free then: it counts.
    """
    values = {"channel": channel, "within": within, "ago": ago + _ASKING}
    values["gateways"] = list(gateways)
    seconds = conn.execute(_NEXT_TURN, values).scalar_one_or_none()
    return None if seconds is None else max(float(seconds), 0.0)


_ASKING = 0.05  # seconds that the question itself may take
# A batch waits for its throttles, and a moment after it was handed back.
_NEXT_TURN = text(f"""
    WITH {_WAY}
    SELECT extract(epoch FROM min(turn.at) - clock_timestamp())
    FROM way CROSS JOIN wave w JOIN campaign c ON c.id = w.campaign_id
    LEFT JOIN share s ON s.wave_id = w.id AND s.channel = :channel
    CROSS JOIN LATERAL (
        SELECT {_BY} AS gateway, b.waits_for, b.not_before FROM batch b
        WHERE b.channel = :channel AND b.wave_id = w.id AND b.state = 'ready'
        ORDER BY b.not_before LIMIT 1) AS b
    CROSS JOIN LATERAL (
        SELECT greatest(b.not_before, s.not_before, max(r.tat)) AS at FROM rate r
        WHERE r.key IN ('campaign:' || c.id, 'gateway:' || b.gateway, b.waits_for)) AS turn
    WHERE w.state IN ('planning', 'running') AND c.state = 'running'
      AND turn.at BETWEEN clock_timestamp() - make_interval(secs => :ago)
                      AND clock_timestamp() + make_interval(secs => :within)
""")


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


def renew(conn: Connection, held: Sequence[Batch]) -> None:
    """Renew the leases of batches that are still held; one that has run out stays so."""
    for batch in held:
        conn.execute(_RENEW, {**_fenced(batch), "lease": LEASE_SECONDS})


_RENEW = text("""
    UPDATE batch SET lease_until = clock_timestamp() + make_interval(secs => :lease)
    WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no)
      AND fence = :fence AND state = 'leased' AND lease_until > clock_timestamp()
""")


def hand_back(
    conn: Connection,
    batch: Batch,
    after_seconds: float = 0.05,
    *,
    all_decided: bool = False,
    waits_for: str = "",
) -> bool:
    """End a round: done when everybody in it was decided on, else ready again a little later.

    Who knows already that nobody is left (`all_decided`) spares the database the look. With
    `waits_for` it is not claimed before that throttle is free.
    """
    values = {**_fenced(batch), "after": after_seconds, "waits_for": waits_for}
    return conn.execute(_FINISH if all_decided else _HAND_BACK, values).rowcount == 1


_FINISH = text("""
    UPDATE batch SET state = 'done', worker = NULL, lease_until = NULL
    WHERE (wave_id, shard, batch_no) = (:wave, :shard, :batch_no)
      AND fence = :fence AND state = 'leased'
""")

# Everybody's place, with what is known of it.
PLACES = "audience a" + DELIVERY_JOIN.format(wave="a.wave_id", person="a.customer_id")

# A batch still has people to decide on while somebody in it has no delivery row, or one that an
# earlier batch deferred (it was woken into this one), or one that was released.
UNDECIDED = "(d.state IS NULL OR d.state = 'deferred' AND d.batch_no <> a.batch_no)"

_HAND_BACK = text(f"""
    UPDATE batch b
    SET state = CASE WHEN undecided THEN 'ready' ELSE 'done' END, worker = NULL,
        lease_until = NULL, waits_for = :waits_for,
        not_before = CASE WHEN undecided
            THEN clock_timestamp() + make_interval(secs => :after) ELSE b.not_before END
    FROM (SELECT EXISTS (
              SELECT FROM {PLACES}
              WHERE (a.wave_id, a.shard, a.batch_no) = (:wave, :shard, :batch_no)
                AND {UNDECIDED}) AS undecided) AS remaining
    WHERE (b.wave_id, b.shard, b.batch_no) = (:wave, :shard, :batch_no)
      AND b.fence = :fence AND b.state = 'leased'
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
