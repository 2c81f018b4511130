"""The deferred: woken when due, in small steps, into new batches that meet all rules again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.routes import Way
from dispatcher.storage import planned_batches
from dispatcher.storage.planned_batches import Planned, lane_of
from dispatcher.storage.segments import channel_joins, channel_parameters, first_channel
from dispatcher.storage.waves import BATCH_SIZE

ENOUGH_READY = 64  # batches; while so many wait, waking more people would only make a herd


def waves_with_due(conn: Connection, now: float) -> list[tuple[int, int]]:
    """Give (wave, version) of running waves in which somebody is due, unless enough is ready."""
    rows = conn.execute(_WAVES, {"now": now, "enough": ENOUGH_READY}).all()
    return [(int(wave), int(version)) for wave, version in rows]


_WAVES = text("""
    SELECT w.id, w.version_id FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.state IN ('planning', 'running') AND c.state = 'running'
      AND EXISTS (SELECT FROM due d WHERE d.wave_id = w.id AND d.due_at <= to_timestamp(:now))
      AND (SELECT count(*) FROM batch b WHERE b.wave_id = w.id AND b.state = 'ready') < :enough
    ORDER BY w.closes_at LIMIT 20
""")


def wake(
    conn: Connection,
    wave: int,
    spec: CampaignSpec,
    now: float,
    ways: Sequence[Way] = (),
    most: int = 5000,
) -> int:
    """Move people who are due into new ready batches; count them."""
    values = {"wave": wave, "now": now, "most": most, "batch": BATCH_SIZE}
    lane, places = lane_of(ways, first_channel(spec))
    query = _WAKE.format(
        channel=first_channel(spec),
        joins=channel_joins(spec.channels),
        lane=lane,
    )
    found = conn.execute(text(query), {**values, **channel_parameters(spec), **places})
    rows = [Planned(*row) for row in found]
    planned_batches.write(conn, wave, spec, ways, rows)
    return sum(row.size for row in rows)


# `numbered` gives every group of at most :batch people of one shard, channel and lane a new number.
_WAKE = """
    WITH taken AS (
        DELETE FROM due WHERE ctid IN (
            SELECT ctid FROM due WHERE wave_id = :wave AND due_at <= to_timestamp(:now)
            ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
        RETURNING shard, customer_id
    ), person AS (
        SELECT a.shard, a.batch_no, a.customer_id, {channel} AS channel,
               {lane} AS lane
        FROM taken JOIN audience a ON (a.wave_id, a.shard, a.customer_id)
                                    = (:wave, taken.shard, taken.customer_id)
        JOIN customer c ON c.id = a.customer_id {joins}
    ), grouped AS (
        SELECT *, (row_number() OVER (PARTITION BY shard, channel, lane ORDER BY customer_id) - 1)
                  / :batch AS part
        FROM person
    ), numbered AS (
        SELECT shard, channel, lane, part, nextval('woken_batch_no')::int AS new_no,
               count(*) AS size
        FROM grouped GROUP BY shard, channel, lane, part
    ), moved AS (
        UPDATE audience a SET batch_no = n.new_no
        FROM grouped g JOIN numbered n USING (shard, channel, lane, part)
        WHERE a.wave_id = :wave AND a.shard = g.shard AND a.batch_no = g.batch_no
          AND a.customer_id = g.customer_id
    )
    SELECT shard, new_no, channel, lane, size FROM numbered
"""
