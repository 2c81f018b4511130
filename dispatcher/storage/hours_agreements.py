"""Agreements on hours that stand: read from the ledger's present state, for many people at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Connection, text

from dispatcher.domain.customers import Agreed, Recipient
from dispatcher.domain.hours_agreements import PREFIX, read_agreement
from dispatcher.domain.messages import Channel
from dispatcher.rules.jurisdictions import Jurisdictions
from dispatcher.storage.database import numbers, rows_of

# Only an own hand with evidence counts, and none that came before an opt-out of everything:
# whoever said STOP and comes back by START has not agreed to the night again.
_STANDING = text(f"""
    SELECT c.customer_id, c.topic, c.kind, c.event_id
    FROM consent c JOIN consent_event e ON e.id = c.event_id
    WHERE c.customer_id = ANY(CAST(:ids AS bigint[])) AND c.channel = :channel
      AND c.topic LIKE '{PREFIX}%' AND c.state = 'active' AND c.own_hand
      AND e.commitments <> '{{}}'
      AND NOT EXISTS (
        SELECT FROM consent_event o WHERE o.customer_id = c.customer_id AND o.channel = c.channel
          AND o.topic = '*' AND o.action = 'opt_out'
          AND least(o.occurred_at, o.received_at) >= c.since)
    ORDER BY c.customer_id, c.topic
""")


def standing(
    conn: Connection, channel: Channel, ids: Iterable[int]
) -> dict[int, tuple[Agreed, ...]]:
    """Give the hours these people agreed to for a channel, and the events that say so."""
    values = {"ids": numbers(list(ids)), "channel": channel}
    found: dict[int, list[Agreed]] = {}
    for customer_id, topic, kind, event in rows_of(conn, _STANDING, values):
        read = read_agreement(topic, kind)
        if read is not None:
            agreed = Agreed(read.jurisdiction, read.opens, read.closes, event)
            found.setdefault(customer_id, []).append(agreed)
    return {customer_id: tuple(agreed) for customer_id, agreed in found.items()}


def with_agreed(
    conn: Connection, data: Jurisdictions, channel: Channel, people: list[Recipient]
) -> list[Recipient]:
    """Add the hours agreed to, for those who live where the law knows any: one query, or none."""
    asked = {
        person.customer_id: places
        for person in people
        if (places := _by_own_hand(data, person.jurisdictions))
    }
    agreed = standing(conn, channel, asked) if asked else {}
    if not agreed:
        return people
    return [
        person._replace(
            agreed=tuple(
                each
                for each in agreed[person.customer_id]
                if each.jurisdiction in asked[person.customer_id]
            )
        )
        if person.customer_id in agreed
        else person
        for person in people
    ]


@lru_cache(maxsize=1 << 10)
def _by_own_hand(data: Jurisdictions, places: tuple[str, ...]) -> frozenset[str]:
    """Give those that bind at these places and let people agree to other hours."""
    return frozenset(
        member.code for code in places for member in data.chain(code).members if member.own_hand
    )
