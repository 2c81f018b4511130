"""Candidates: other offers that are ready for the same people at this moment."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers
from dispatcher.storage.deliveries import DELIVERY_JOIN
from dispatcher.storage.waves import shard_in


class Candidate(NamedTuple):
    """One undecided offer of another wave for one person."""

    customer_id: int
    wave_id: int
    version_id: int
    channel: Channel


def undecided(conn: Connection, ids: list[int], wave: int, now: float) -> list[Candidate]:
    """Give the other running waves' open places for these people, ready now and not halted."""
    values = {"wave": wave, "now": now}
    if not conn.execute(_OTHERS_RUN, values).scalar_one():
        return []
    rows = conn.execute(_UNDECIDED, {**values, "ids": numbers(ids)})
    return [
        Candidate(row.customer_id, row.wave_id, row.version_id, Channel(row.channel))
        for row in rows
    ]


_RUNNING = """
    FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.id <> :wave AND w.state IN ('planning', 'running') AND c.state = 'running'
      AND NOT EXISTS (SELECT FROM halt h
                      WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
      AND (EXISTS (SELECT FROM batch b WHERE b.wave_id = w.id AND b.state <> 'done')
           OR EXISTS (SELECT FROM due WHERE due.wave_id = w.id
                        AND due.due_at <= to_timestamp(:now)))
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
        {DELIVERY_JOIN.format(wave="a.wave_id", person="a.customer_id")}
        WHERE a.wave_id = others.id AND a.customer_id = person.id
          AND a.shard = {shard_in("others", "person.id")}
          AND (d.state IS NULL
               OR d.state = 'deferred' AND coalesce(d.not_before <= to_timestamp(:now), true))
        OFFSET 0) AS open
""")
