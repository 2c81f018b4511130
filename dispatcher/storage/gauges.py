"""Gauges: what waits, what was decided and what the clocks say, in totals that name nobody."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text


class Clocks(NamedTuple):
    """The server's clock in Unix seconds, and by how much the programme's is ahead.

    `jumped`: workers that hand nothing over since the clocks moved apart, at worst by `jump`
    seconds. `polls`: processes that watch for withdrawals; the oldest of their last questions was
    asked `poll_age` seconds ago, None if nobody asks.
    """

    server: float
    ahead: float
    jumped: int
    jump: float
    polls: int
    poll_age: float | None


class Queue(NamedTuple):
    """What waits on a channel; `age`: for how many seconds the oldest batch could have gone."""

    channel: str
    batches: int
    people: int
    age: float


class Due(NamedTuple):
    """People whose time has come and who are not woken yet, up to a number; the oldest's delay."""

    people: int
    age: float


class Count(NamedTuple):
    """So many decisions of one verdict for one reason."""

    verdict: str
    reason: str
    decisions: int


def bound(conn: Connection, milliseconds: int) -> None:
    """Let no question of this transaction take longer; then the database counts as down."""
    conn.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")


def clocks(conn: Connection) -> Clocks:
    """Ask for clocks and for the polls for withdrawals."""
    return Clocks(*conn.execute(_CLOCKS).one())


def queues(conn: Connection) -> list[Queue]:
    """Give what could be sent now, by channel."""
    return [Queue(*row) for row in conn.execute(_QUEUES)]


def due(conn: Connection) -> Due:
    """Give who should have been woken."""
    return Due(*conn.execute(_DUE).one())


def decisions(conn: Connection) -> list[Count]:
    """Count what was decided in the last hour of the programme's clock."""
    return [Count(*row) for row in conn.execute(_DECISIONS)]


# Whoever polls is seen by the database itself: a poll that hangs needs not say so.
_CLOCKS = text("""
    SELECT extract(epoch FROM clock_timestamp())::float8, extract(epoch FROM clock.ahead)::float8,
           jumped.workers, jumped.seconds, polls.count, polls.age
    FROM clock,
        (SELECT count(*) AS workers,
                coalesce((array_agg(clock_jump ORDER BY abs(clock_jump) DESC))[1], 0) AS seconds
         FROM worker WHERE adopted_at IS NULL AND clock_jump <> 0) AS jumped,
        (SELECT count(*),
                extract(epoch FROM pg_catalog.clock_timestamp() - min(query_start))::float8 AS age
         FROM pg_stat_activity
         WHERE application_name = 'withdrawals' AND datname = current_database()) AS polls
""")
_QUEUES = text("""
    SELECT b.channel, count(*), sum(b.size),
           extract(epoch FROM clock_timestamp()
                              - min(greatest(b.not_before, b.created_at)))::float8
    FROM batch b JOIN wave w ON w.id = b.wave_id JOIN campaign c ON c.id = w.campaign_id
    WHERE b.state = 'ready' AND b.not_before <= clock_timestamp()
      AND w.state IN ('planning', 'running') AND c.state = 'running'
    GROUP BY b.channel ORDER BY b.channel
""")
_DUE = text("""
    SELECT count(*), coalesce(extract(epoch FROM max(late))::float8, 0)
    FROM (SELECT clock_timestamp() + clock.ahead - d.due_at AS late FROM clock, due d
          WHERE d.due_at <= clock_timestamp() + clock.ahead ORDER BY d.due_at LIMIT 100000) AS d
""")
# Only waves that were still at work in that hour are looked through.
_DECISIONS = text("""
    SELECT n.verdict, n.reason, count(*)
    FROM clock CROSS JOIN wave w JOIN decision d ON d.wave_id = w.id
    CROSS JOIN unnest(d.verdicts, d.reasons) AS n (verdict, reason)
    WHERE (w.finished_at IS NULL OR w.finished_at
           > clock_timestamp() + least(clock.ahead, interval '0') - interval '1 hour')
      AND d.at > clock_timestamp() + clock.ahead - interval '1 hour'
    GROUP BY n.verdict, n.reason ORDER BY n.verdict, n.reason
""")
