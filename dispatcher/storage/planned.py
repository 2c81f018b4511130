"""Planned offers: what other campaigns have said to people lately, or are about to say."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers
from dispatcher.storage.waves import shard_in


class Standing(StrEnum):
    """Where another offer for a person stands."""

    OPEN = "open"
    SPOKEN = "spoken"
    DROPPED = "dropped"


class Place(NamedTuple):
    """One person's place in another wave."""

    customer_id: int
    wave_id: int
    version_id: int
    channel: Channel
    standing: Standing


def others(
    conn: Connection, ids: list[int], wave: int, now: float, within: float, least: int
) -> list[Place]:
    """Give the places in other waves of people who have at least so many of them.

    They are open and ready within so many seconds, or have been spoken from or dropped in as many.
    """
    values = {"wave": wave, "now": now, "within": within, "least": least}
    if conn.execute(_WAVES, values).scalar_one() < least:
        return []
    rows = conn.execute(_OTHERS, {**values, "ids": numbers(ids), "burst": Reason.BURST})
    return [
        Place(
            row.customer_id,
            row.wave_id,
            row.version_id,
            Channel(row.channel),
            Standing(row.standing),
        )
        for row in rows
    ]


# A wave that is over may have dropped or reached somebody. Its end is on the wall's clock, than
# which the programme's goes no slower.
_ALIVE = """
    FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.id <> :wave
      AND (w.state IN ('planning', 'running') OR
           w.finished_at > clock_timestamp() - :within * interval '1 second')
"""

_WAVES = text(f"SELECT count(*) {_ALIVE}")

# OFFSET 0 keeps the planner from reading the other waves whole: each person is looked up by key.
_OTHERS = text(f"""
    WITH place AS (
        SELECT person.id AS customer_id, others.id AS wave_id, others.version_id, found.channel,
               CASE WHEN found.spoken THEN 'spoken' WHEN found.dropped THEN 'dropped'
                    ELSE 'open' END AS standing
        FROM (SELECT w.id, w.version_id, w.shard_width, w.state IN ('planning', 'running')
                     AND c.state = 'running' AND NOT EXISTS (
                         SELECT FROM halt h
                         WHERE h.scope IN ('all', 'brand:' || w.brand, 'campaign:' || c.id))
                     AS speaks {_ALIVE} OFFSET 0) AS others
        CROSS JOIN unnest(CAST(:ids AS bigint[])) AS person (id)
        CROSS JOIN LATERAL (
            SELECT coalesce(d.channel, b.channel) AS channel,
                   k.at IS NOT NULL AS spoken,
                   d.state = 'skipped' AND d.reason = :burst AS dropped
            FROM audience a
            JOIN batch b USING (wave_id, shard, batch_no)
            LEFT JOIN delivery d ON d.wave_id = a.wave_id AND d.customer_id = a.customer_id
            LEFT JOIN contact k ON k.wave_id = a.wave_id AND k.customer_id = a.customer_id
                AND k.at > to_timestamp(:now - :within)
            WHERE a.wave_id = others.id AND a.customer_id = person.id
              AND a.shard = {shard_in("others", "person.id")}
              AND (k.at IS NOT NULL
                   OR d.state = 'skipped' AND d.reason = :burst
                      AND d.decided_at > to_timestamp(:now - :within)
                   OR others.speaks AND (d.state IS NULL OR d.state = 'deferred'
                      AND coalesce(d.not_before <= to_timestamp(:now + :within), true)))
            OFFSET 0) AS found
    )
    SELECT customer_id, wave_id, version_id, channel, standing FROM (
        SELECT *, count(*) OVER (PARTITION BY customer_id) AS known FROM place) AS counted
    WHERE known >= :least
""")
