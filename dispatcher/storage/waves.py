"""Waves: one run of a campaign, its planned audience, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.domain.routes import Way
from dispatcher.storage import planned_batches
from dispatcher.storage.planned_batches import Planned, lane_of
from dispatcher.storage.segments import (
    channel_joins,
    channel_parameters,
    first_channel,
    membership,
)

SHARDS = 256
BATCH_SIZE = 500
# A step reads all customers once, so there are few steps however many people there are: the first
# is small, that its people can be written to while the others are planned; then each goes on to
# four times as far. In shards; a wave whose batches span more begins with as many as one spans.
FIRST = 16
FURTHER = 4
# Batches that the people of some neighbouring shards are dealt to evenly: so all are nearly full.
TOGETHER = 4


def shard_in(wave: str, person: str) -> str:
    """Give an expression for the shard in which a wave has somebody: the first of its width.

    `wave` names a row of that table and `person` a customer's id. Who looks for a person says
    the shard as well: `audience` is found by wave, shard and person, in this order.
    """
    return f"({person} >> 45 & {SHARDS - 1}) / {wave}.shard_width * {wave}.shard_width"


class PlannedShards(NamedTuple):
    """What one planning transaction did; `channels` names that of each batch."""

    people: int
    channels: list[str]
    done: bool


class OpenWave(NamedTuple):
    """A wave whose planning is not done."""

    id: int
    version_id: int
    planned_to: int
    shard_width: int


def prepare_partitions(conn: Connection) -> None:
    """Make the partitions of the month a week from now, while nobody waits for them."""
    conn.execute(_PREPARE)


_PREPARE = text("""
    SELECT ensure_partitions(
        (extract(epoch FROM clock_timestamp() + interval '7 days') * 1000)::bigint * 1024)
""")


def take_unplanned(conn: Connection) -> OpenWave | None:
    """Take one wave that still has shards to plan, for this transaction, or give None.

    Its row stays unlocked: those who serve a wave that is half planned write to it meanwhile.
    """
    for wave in conn.execute(_UNPLANNED).scalars().all():
        if _take(conn, wave):
            row = conn.execute(_STILL_UNPLANNED, {"wave": wave}).one_or_none()
            if row:
                return OpenWave(*row)
    return None


def _take(conn: Connection, wave: int) -> bool:
    return bool(conn.execute(_TRY_TO_TAKE, {"wave": wave}).scalar_one())


_IS_UNPLANNED = """
    FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE w.state = 'planning' AND c.state = 'running'
"""
_UNPLANNED = text(f"SELECT w.id {_IS_UNPLANNED} ORDER BY w.id")
_TRY_TO_TAKE = text("SELECT pg_try_advisory_xact_lock(:wave)")
# In a statement of its own: whoever had it until now may have moved it on.
_STILL_UNPLANNED = text(
    f"SELECT w.id, w.version_id, w.planned_to, w.shard_width {_IS_UNPLANNED} AND w.id = :wave"
)


def count_audience(conn: Connection, spec: CampaignSpec, upto: int) -> int:
    """Count an audience, but no further than `upto`."""
    condition, values = membership(spec.audience)
    query = f"SELECT count(*) FROM (SELECT FROM customer c WHERE {condition} LIMIT :upto) AS found"
    return int(conn.execute(text(query), {**values, "upto": upto}).scalar_one())


def choose_width(conn: Connection, wave: OpenWave, spec: CampaignSpec) -> OpenWave:
    """Choose how many neighbouring shards a batch may span: small waves make no small batches."""
    people = count_audience(conn, spec, SHARDS * BATCH_SIZE)
    width = 1
    while width < SHARDS and people * width // SHARDS < TOGETHER * BATCH_SIZE:
        width *= 2
    return wave._replace(shard_width=width)


def plan_shards(
    conn: Connection, wave: OpenWave, spec: CampaignSpec, ways: Sequence[Way] = ()
) -> PlannedShards:
    """Write who gets a verdict, for the next run of shards; the caller's transaction is the step.

    One transaction a step, and `planned_to` moves with it: planning again neither overlaps nor
    leaves gaps.
    """
    condition, values = membership(spec.audience)
    last = min(SHARDS, max(FIRST, wave.shard_width, wave.planned_to * FURTHER))
    lane, places = lane_of(ways, first_channel(spec))
    values |= channel_parameters(spec) | places
    values |= {"wave": wave.id, "first": wave.planned_to, "last": last, "batch": BATCH_SIZE}
    query = _PLAN.format(
        condition=condition,
        width=wave.shard_width,
        channel=first_channel(spec),
        joins=channel_joins(spec.channels),
        number=_numbers(spec.channels),
        lane=lane,
        group="shard, channel, lane" if places else "shard, channel",
        lane_no=_LANE_NO if places else "0",
    )
    rows = [Planned(*row) for row in conn.execute(text(query), values)]
    planned_batches.write(conn, wave.id, spec, ways, rows)
    done = last >= SHARDS
    people = sum(row.size for row in rows)
    values = {"wave": wave.id, "width": wave.shard_width, "last": last}
    conn.execute(_ADVANCE, {**values, "people": people, "done": done})
    return PlannedShards(people, [row.channel for row in rows], done)


def _numbers(channels: Sequence[Channel]) -> str:
    """Number the channels, so that batches of one shard are numbered apart."""
    cases = [f"WHEN '{channel}' THEN {no}" for no, channel in enumerate(channels, start=1)]
    return f"CASE channel {' '.join(cases)} END"


# Batches of one shard and channel that go by different routes are numbered apart, too.
_LANE_NO = "(dense_rank() OVER (PARTITION BY shard, channel ORDER BY lane) - 1) * 1000"

# People are written in the order of both keys of `audience`, which then only grow at their ends.
_PLAN = """
    WITH person AS (
        SELECT c.id, (c.shard / {width} * {width})::smallint AS shard, {channel} AS channel,
               {lane} AS lane
        FROM customer c {joins}
        WHERE c.shard >= :first AND c.shard < :last AND {condition}
    ), numbered AS MATERIALIZED (
        SELECT id, shard, channel, lane,
               {number} * 1000000 + {lane_no}
               + (row_number() OVER (PARTITION BY {group} ORDER BY id) - 1)
               * ((people + :batch - 1) / :batch) / people AS batch_no
        FROM (SELECT *, count(*) OVER (PARTITION BY {group}) AS people FROM person) AS each
    ), written AS (
        INSERT INTO audience (wave_id, shard, batch_no, customer_id)
        SELECT :wave, shard, batch_no, id FROM numbered
    )
    SELECT shard, batch_no, channel, lane, count(*)
    FROM numbered GROUP BY shard, batch_no, channel, lane
"""

_ADVANCE = text("""
    UPDATE wave SET planned_to = :last, shard_width = :width, people = people + :people,
                    state = CASE WHEN :done THEN 'running' ELSE state END
    WHERE id = :wave
""")


def finish(conn: Connection) -> list[int]:
    """Close waves in which everybody has a verdict and nothing waits; give their ids."""
    rows = conn.execute(_FINISH).scalars().all()
    if rows:
        conn.execute(_FINISH_CAMPAIGNS, {"waves": list(rows)})
    return [int(row) for row in rows]


_FINISH = text("""
    UPDATE wave w SET state = 'finished', finished_at = clock_timestamp()
    WHERE w.state = 'running'
      AND NOT EXISTS (SELECT FROM batch b WHERE b.wave_id = w.id AND b.state <> 'done')
      AND NOT EXISTS (SELECT FROM due d WHERE d.wave_id = w.id)
    RETURNING w.id
""")

_FINISH_CAMPAIGNS = text("""
    UPDATE campaign c SET state = 'finished'
    WHERE c.state = 'running'
      AND c.id IN (SELECT campaign_id FROM wave WHERE id = ANY(:waves))
      AND NOT EXISTS (SELECT FROM wave w
                      WHERE w.campaign_id = c.id AND w.state IN ('planning', 'running'))
""")


def close_cancelled(conn: Connection, now: float) -> int:
    """Give everybody still undecided in a cancelled campaign that verdict; count them."""
    wave = conn.execute(_CANCELLED_WAVE).scalar_one_or_none()
    if wave is None or not _take(conn, wave):  # a planner still writes: next time
        return 0
    values: dict[str, Any] = {"wave": wave, "now": now}
    closed = conn.execute(_SKIP_UNDECIDED, values).rowcount
    conn.execute(text("DELETE FROM due WHERE wave_id = :wave"), values)
    conn.execute(_CLOSE_BATCHES, values)
    conn.execute(_CANCEL_WAVE, values)
    return closed


_CANCELLED_WAVE = text("""
    SELECT w.id FROM wave w JOIN campaign c ON c.id = w.campaign_id
    WHERE c.state = 'cancelled' AND w.state IN ('planning', 'running')
      AND NOT EXISTS (SELECT FROM batch b WHERE b.wave_id = w.id AND b.state = 'leased')
    LIMIT 1 FOR UPDATE OF w SKIP LOCKED
""")

_SKIP_UNDECIDED = text("""
    INSERT INTO delivery (wave_id, customer_id, state, reason, channel, gateway, batch_no,
                          rule, decided_at, held_since)
    SELECT a.wave_id, a.customer_id, 'skipped', 'cancelled', b.channel, b.gateway, a.batch_no,
           'cancelled', to_timestamp(:now), to_timestamp(:now)
    FROM audience a JOIN batch b USING (wave_id, shard, batch_no)
    LEFT JOIN delivery d USING (wave_id, customer_id)
    WHERE a.wave_id = :wave AND (d.state IS NULL OR d.state = 'deferred')
    ON CONFLICT (wave_id, customer_id) DO UPDATE
    SET state = 'skipped', reason = 'cancelled', rule = 'cancelled', not_before = NULL,
        decided_at = to_timestamp(:now)
    WHERE delivery.state = 'deferred'
""")

_CLOSE_BATCHES = text("UPDATE batch SET state = 'done' WHERE wave_id = :wave AND state = 'ready'")

_CANCEL_WAVE = text("""
    UPDATE wave SET state = 'cancelled', finished_at = clock_timestamp() WHERE id = :wave
""")
