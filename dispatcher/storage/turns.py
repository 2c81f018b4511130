"""Turns: whom of a batch the room of their group lets through, when groups of people have limits.

A mail belongs to a group by its address's domain, a text by how its number begins.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.messages import Channel
from dispatcher.storage.batches import PLACES, UNDECIDED
from dispatcher.storage.database import numbers, rows_of, words

_MARKS = {
    Channel.EMAIL: "lower(split_part(at.address, '@', 2))",
    Channel.SMS: "left(at.address, 2)",
}


def mark_of(channel: Channel, address: str) -> str:
    """Give the mark by which an address belongs to a group."""
    return address[:2] if channel is Channel.SMS else address.rpartition("@")[2].lower()


def lock_undecided(
    conn: Connection, batch: Batch, limit: int, groups: Mapping[str, str], rooms: Mapping[str, int]
) -> list[int]:
    """Lock people as recipients.lock_undecided does, of each group no more than it has room for.

    `groups` tells the throttle of each mark, `rooms` how many each throttle lets through. All
    others stay in the batch.
    """
    values = {**_values(batch, groups), "limit": limit}
    values["rooms"] = numbers([rooms[key] for key in groups.values()])
    return [person for (person,) in rows_of(conn, _LOCK[batch.channel], values)]


def keys_left(conn: Connection, batch: Batch, groups: Mapping[str, str]) -> set[str | None]:
    """Give the throttles of those who are still undecided; None is that of who has none."""
    return {key for (key,) in rows_of(conn, _LEFT[batch.channel], _values(batch, groups))}


def _values(batch: Batch, groups: Mapping[str, str]) -> dict[str, object]:
    return {
        **batch.key._asdict(),
        "channel": batch.channel,
        "marks": words(list(groups)),
        "keys": words(list(groups.values())),
    }


_OPEN = f"""
    FROM {PLACES}
    LEFT JOIN address at ON at.customer_id = a.customer_id AND at.channel = :channel
    LEFT JOIN {{groups}} ON g.mark = {{mark}}
    WHERE (a.wave_id, a.shard, a.batch_no) = (:wave_id, :shard, :batch_no) AND {UNDECIDED}
"""
_ROOMS = """
    unnest(CAST(:marks AS text[]), CAST(:keys AS text[]), CAST(:rooms AS int[]))
    AS g (mark, key, room)
"""
_KEYS = "unnest(CAST(:marks AS text[]), CAST(:keys AS text[])) AS g (mark, key)"
_LOCK = {
    channel: text(f"""
        SELECT p.customer_id FROM person_pressure p
        WHERE p.customer_id IN (
            SELECT turn.customer_id FROM (
                SELECT a.customer_id, g.room,
                       row_number() OVER (PARTITION BY g.key ORDER BY a.customer_id) AS place
                {_OPEN.format(groups=_ROOMS, mark=mark)}) AS turn
            WHERE turn.room IS NULL OR turn.place <= turn.room)
        ORDER BY p.customer_id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    """)
    for channel, mark in _MARKS.items()
}
_LEFT = {
    channel: text(f"SELECT DISTINCT g.key {_OPEN.format(groups=_KEYS, mark=mark)}")
    for channel, mark in _MARKS.items()
}
