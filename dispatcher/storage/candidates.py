"""Candidates: other offers that are ready for the same people at this moment."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers
from dispatcher.storage.waves import shard_in


class Candidate(NamedTuple):
    """One undecided offer of another wave for one person."""

    customer_id: int
    wave_id: int
    version_id: int
    channel: Channel


def undecided(conn: Connection, ids: list[int], wave: int, now: float) -> list[Candidate]:
    """Give the other running waves' open places for these people, ready now and not halted."""
    if not conn.execute(_OTHERS_RUN, {"wave": wave}).scalar_one():
        return []
    rows = conn.execute(_UNDECIDED, {"ids": numbers(ids), "wave": wave, "now": now})
    return [
        Candidate(row.customer_id, row.wave_id, row.version_id, Channel(row.channel))
        for row in rows
    ]


_RUNNING = """
    FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.id <> :wave AND w.state IN ('planning', 'running') AND c.state = 'running'
      AND NOT EXISTS (SELECT FROM halt h
                      WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
"""

_OTHERS_RUN = text(f"SELECT EXISTS (SELECT {_RUNNING})")

# OFFSET 0 keeps the planner from reading the other waves whole: each person is looked up by key.
_UNDECIDED = text(f"""
    SELECT person.id AS customer_id, others.id AS wave_id, others.version_id, open.channel
    FROM (SELECT w.id, w.version_id, w.shard_width {_RUNNING} OFFSET 0) AS others
    CROSS JOIN unnest(CAST(:ids AS bigint[])) AS person (id)
    CROSS JOIN LATERAL (
        SELECT b.channel FROM audience a
        JOIN batch b USING (wave_id, shard, batch_no)
        LEFT JOIN delivery d USING (wave_id, customer_id)
        WHERE a.wave_id = others.id AND a.customer_id = person.id
          AND a.shard = {shard_in("others", "person.id")}
          AND (d.state IS NULL
               OR d.state = 'deferred' AND coalesce(d.not_before <= to_timestamp(:now), true))
        OFFSET 0) AS open
""")
