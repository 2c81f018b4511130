"""Wave starts: the one row that enqueueing writes, once for each enqueue key."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import CampaignVersion


class Started(NamedTuple):
    """The wave of an enqueue key; `new` is False when it had been enqueued before."""

    wave_id: int
    new: bool


def find(conn: Connection, enqueue_key: str) -> int | None:
    """Give the wave an earlier call has made with this key."""
    return conn.execute(_FIND, {"key": enqueue_key}).scalar_one_or_none()


def start(conn: Connection, version: CampaignVersion, enqueue_key: str) -> Started:
    """Make the wave of this key and the partitions it needs, unless it is there."""
    conn.execute(_ONE_AT_A_TIME)
    known = find(conn, enqueue_key)
    if known is not None:
        return Started(known, new=False)
    wave_id = conn.execute(_NEXT).scalar_one()
    conn.execute(_PARTITIONS, {"wave": wave_id})
    values = {
        "wave": wave_id,
        "campaign": version.campaign_id,
        "version": version.id,
        "brand": version.spec.brand.id,
        "weight": version.spec.priority,
        "asks": version.spec.policy.asks,
        "closes": version.spec.policy.ends_at,
        "key": enqueue_key,
    }
    conn.execute(_INSERT, values)
    return Started(wave_id, new=True)


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('wave'))")
_FIND = text("SELECT id FROM wave WHERE enqueue_key = :key")
# Numbered by the wall's milliseconds, yet always upwards, should that clock be set back.
_NEXT = text("""
    SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1024,
                    (SELECT max(id) + 1 FROM wave))
""")
_PARTITIONS = text("SELECT ensure_partitions(:wave)")
_INSERT = text("""
    INSERT INTO wave (id, campaign_id, version_id, brand, state, weight, asks, closes_at,
                      enqueue_key)
    VALUES (:wave, :campaign, :version, :brand, 'planning', :weight, :asks,
            to_timestamp(:closes), :key)
""")
