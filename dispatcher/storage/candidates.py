"""Candidates: other offers that are ready, or soon will be, for the same people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers, rows_of
from dispatcher.storage.deliveries import DELIVERY_JOIN
from dispatcher.storage.waves import shard_in


class Candidate(NamedTuple):
    """One undecided offer of another wave for one person. `not_before`: Unix seconds, 0 if none."""

    customer_id: int
    wave_id: int
    version_id: int
    channel: Channel
    not_before: float


def others(conn: Connection, wave: int, upto: float) -> list[tuple[int, int]]:
    """Give (wave, version) of other waves that may speak, of which somebody is ready by `upto`."""
    values = {"wave": wave, "upto": upto}
    return [(row[0], row[1]) for row in rows_of(conn, _OTHERS, values)]


def undecided(
    conn: Connection, ids: Sequence[int], waves: Sequence[int], upto: float
) -> list[Candidate]:
    """Give the open places of these people in these waves that are ready by `upto`.

    Whoever was outranked there is ready: it may be that this very moment makes room.
    """
    values = {"ids": numbers(ids), "waves": numbers(waves), "upto": upto}
    return [
        Candidate(person, wave, version, Channel(channel), not_before)
        for person, wave, version, channel, not_before in rows_of(conn, _UNDECIDED, values)
    ]


_MAY_SPEAK = """
    w.state IN ('planning', 'running') AND c.state = 'running'
    AND NOT EXISTS (SELECT FROM halt h
                    WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
"""

_OTHERS = text(f"""
    SELECT w.id, w.version_id FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.id <> :wave AND {_MAY_SPEAK}
      AND (EXISTS (SELECT FROM batch b WHERE b.wave_id = w.id AND b.state <> 'done')
           OR EXISTS (SELECT FROM due WHERE due.wave_id = w.id
                        AND due.due_at <= to_timestamp(:upto)))
""")

# OFFSET 0 keeps the planner from reading the other waves whole: each person is looked up by key.
_UNDECIDED = text(f"""
    SELECT person.id, others.id, others.version_id, open.channel, open.not_before
    FROM (SELECT w.id, w.version_id, w.shard_width FROM wave w
          WHERE w.id = ANY(CAST(:waves AS bigint[])) OFFSET 0) AS others
    CROSS JOIN unnest(CAST(:ids AS bigint[])) AS person (id)
    CROSS JOIN LATERAL (
        SELECT b.channel, CASE WHEN d.reason = 'outranked' THEN 0 ELSE
                   coalesce(extract(epoch FROM d.not_before)::float8, 0) END AS not_before
        FROM audience a
        JOIN batch b USING (wave_id, shard, batch_no)
        {DELIVERY_JOIN.format(wave="a.wave_id", person="a.customer_id")}
        WHERE a.wave_id = others.id AND a.customer_id = person.id
          AND a.shard = {shard_in("others", "person.id")}
          AND (d.state IS NULL OR d.state = 'deferred' AND (
                   d.reason = 'outranked' OR d.not_before IS NULL
                   OR d.not_before <= to_timestamp(:upto)))
          AND NOT b.route <@ ARRAY(
              SELECT substr(h.scope, 9) FROM halt h WHERE h.scope LIKE 'gateway:%')
        OFFSET 0) AS open
""")


def release(conn: Connection, most: int = 5000) -> int:
    """Let go of people who wait behind a wave that is over, paused or halted; count them."""
    return conn.execute(_RELEASE, {"most": most}).rowcount


_RELEASE = text(f"""
    UPDATE due SET behind = NULL, due_at = (SELECT clock_timestamp() + ahead FROM clock)
    WHERE ctid = ANY(ARRAY(
        SELECT f.ctid FROM due f WHERE f.behind IN (
            WITH RECURSIVE ahead AS (
                (SELECT behind FROM due WHERE behind IS NOT NULL ORDER BY behind LIMIT 1)
                UNION ALL
                SELECT (SELECT d.behind FROM due d WHERE d.behind > ahead.behind
                        ORDER BY d.behind LIMIT 1)
                FROM ahead WHERE ahead.behind IS NOT NULL)
            SELECT behind FROM ahead WHERE behind IS NOT NULL AND NOT EXISTS (
                SELECT FROM wave w JOIN campaign c ON c.id = w.campaign_id
                WHERE w.id = ahead.behind AND {_MAY_SPEAK}))
        LIMIT :most FOR UPDATE SKIP LOCKED))
""")
