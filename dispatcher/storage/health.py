"""Health: what the database server says of itself, of its standby and of our workers."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text


class Health(NamedTuple):
    """`epoch` is the server's clock in Unix seconds; `standbys` are those that commits wait for."""

    version: str
    epoch: float
    durable: bool
    standbys: int


class Work(NamedTuple):
    """What waits and who works. `ahead`: the programme's clock before the server's, in seconds.

    `beat_age`: seconds since any worker was last heard of, None if none ever was. `jumped`: workers
    that hand nothing over since the clocks moved apart, at worst by `jump` seconds.
    """

    ahead: float
    workers: int
    beat_age: float | None
    ready_batches: int
    unsure: int
    jumped: int
    jump: float


def health(conn: Connection) -> Health:
    """Ask the server; works without any schema."""
    return Health(*conn.execute(_HEALTH).one())


def work(conn: Connection) -> Work:
    """Ask about the programme's clock, workers and waiting work."""
    return Work(*conn.execute(_WORK).one())


def unplaced(conn: Connection) -> dict[str, int]:
    """Count people who got nothing in the last day as nobody knows their hours, by what is amiss.

    The last day is the programme's. Only waves that were still at work in it are looked through.
    """
    return {row.detail: row.people for row in conn.execute(_UNPLACED)}


# A committed row survives the loss of this disk only on a standby that commits wait for.
_HEALTH = text("""
    SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())::float8,
           current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off',
           (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
""")
_WORK = text("""
    SELECT (SELECT extract(epoch FROM ahead)::float8 FROM clock),
           (SELECT count(*) FROM worker
            WHERE adopted_at IS NULL AND beat_at > clock_timestamp() - interval '1 minute'),
           (SELECT extract(epoch FROM clock_timestamp() - max(beat_at))::float8 FROM worker),
           (SELECT count(*) FROM batch WHERE state = 'ready' AND not_before <= clock_timestamp()),
           (SELECT count(*) FROM delivery WHERE state = 'unsure'),
           jumped.workers, jumped.seconds
    FROM (SELECT count(*) AS workers,
                 coalesce((array_agg(clock_jump ORDER BY abs(clock_jump) DESC))[1], 0) AS seconds
          FROM worker WHERE adopted_at IS NULL AND clock_jump <> 0) AS jumped
""")
_UNPLACED = text("""
    SELECT d.detail, count(DISTINCT d.customer_id) AS people
    FROM clock CROSS JOIN wave w JOIN delivery d ON d.wave_id = w.id
    WHERE (w.finished_at IS NULL OR w.finished_at
           > clock_timestamp() + least(clock.ahead, interval '0') - interval '1 day')
      AND d.decided_at > clock_timestamp() + clock.ahead - interval '1 day'
      AND d.reason = 'zone_unknown_closed'
    GROUP BY d.detail ORDER BY people DESC, d.detail
""")
