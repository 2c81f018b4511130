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

    `beat_age`: seconds since any worker was last heard of, None if none ever was.
    """

    ahead: float
    workers: int
    beat_age: float | None
    ready_batches: int
    unsure: int


def health(conn: Connection) -> Health:
    """Ask the server; works without any schema."""
    return Health(*conn.execute(_HEALTH).one())


def work(conn: Connection) -> Work:
    """Ask about the programme's clock, workers and waiting work."""
    return Work(*conn.execute(_WORK).one())


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
           (SELECT count(*) FROM delivery WHERE state = 'unsure')
""")
