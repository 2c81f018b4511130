"""What the messages a person got stood on: the consent of each, and whether they had asked."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers, rows_of


class StoodOn(NamedTuple):
    """What is on record of one message's ground. `since`: Unix seconds, 0 if nobody knows."""

    wave_id: int
    version_id: int
    kind: str
    in_all: bool
    since: float
    asked: bool


def stood_on(conn: Connection, customer_id: int, waves: Collection[int]) -> dict[int, StoodOn]:
    """Give what a person's messages stood on, by wave."""
    values = {"person": customer_id, "waves": numbers(sorted(waves))}
    return {row[0]: StoodOn(*row) for row in rows_of(conn, _STOOD_ON, values)}


def last_to(conn: Connection, customer_id: int, channel: Channel) -> StoodOn | None:
    """Give that of the last message that reached a person on a channel."""
    values = {"person": customer_id, "channel": channel}
    row = conn.execute(_LAST, values).scalar_one_or_none()
    return stood_on(conn, customer_id, [row]).get(row) if row is not None else None


_STOOD_ON = text("""
    SELECT d.wave_id, w.version_id, coalesce(e.kind, ''), coalesce(e.topic = '*', false),
           coalesce(extract(epoch FROM least(e.occurred_at, e.received_at))::float8, 0),
           coalesce(k.asked, false)
    FROM delivery d JOIN wave w ON w.id = d.wave_id
    LEFT JOIN consent_event e ON e.id = d.consent_event AND e.customer_id = d.customer_id
    LEFT JOIN contact k ON k.customer_id = d.customer_id AND k.wave_id = d.wave_id
    WHERE d.customer_id = :person AND d.wave_id = ANY(CAST(:waves AS bigint[]))
""")
_LAST = text("""
    SELECT d.wave_id FROM contact k
    JOIN delivery d ON d.wave_id = k.wave_id AND d.customer_id = k.customer_id
    WHERE k.customer_id = :person AND d.channel = :channel AND d.state IN ('accepted', 'unsure')
    ORDER BY k.at DESC LIMIT 1
""")
