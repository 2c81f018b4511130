"""What a person's own page tells: offers decided for them, and how much is on record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel


class Met(NamedTuple):
    """One offer and what became of it."""

    at: datetime
    brand: str
    campaign: str
    channel: Channel
    state: DeliveryState
    reason: Reason
    wave_id: int


class Amounts(NamedTuple):
    """How much is on record of a person, of what the page does not show itself."""

    messages: int
    answers: int
    replies: int
    signals: int


def last_met(conn: Connection, customer_id: int, most: int) -> list[Met]:
    """Give the last offers that were decided for somebody, the newest first."""
    rows = conn.execute(_LAST_MET, {"person": customer_id, "most": most})
    return [_met(row) for row in rows]


def amounts(conn: Connection, customer_id: int) -> Amounts:
    """Count what is on record of somebody."""
    return Amounts(*conn.execute(_AMOUNTS, {"person": customer_id}).one())


def keep_language(conn: Connection, customer_id: int, language: str) -> None:
    """Note the language somebody wants to be written to in."""
    conn.execute(_KEEP_LANGUAGE, {"id": customer_id, "language": language})


def brand_of_wave(conn: Connection, wave_id: int) -> str | None:
    """Name the brand that a message came from; None when nobody knows any more."""
    return conn.execute(_BRAND_OF_WAVE, {"wave": wave_id}).scalar_one_or_none()


def _met(row: Any) -> Met:
    return Met(*row)._replace(
        channel=Channel(row.channel),
        state=DeliveryState(row.state),
        reason=Reason(row.reason),
    )


# The newest waves first, each asked by its key: an index by person would cost every message.
_LAST_MET = text("""
    SELECT coalesce(d.settled_at, d.decided_at) AS at, b.name AS brand, c.name AS campaign,
           d.channel, d.state, d.reason,
           w.id AS wave_id
    FROM wave w JOIN delivery d ON d.wave_id = w.id AND d.customer_id = :person
    JOIN brand b ON b.id = w.brand JOIN campaign c ON c.id = w.campaign_id
    ORDER BY w.id DESC LIMIT :most
""")
_AMOUNTS = text("""
    SELECT (SELECT count(*) FROM contact WHERE customer_id = :person),
           (SELECT count(*) FROM service_message WHERE customer_id = :person),
           (SELECT count(*) FROM reply WHERE customer_id = :person),
           (SELECT count(*) FROM signal WHERE customer_id = :person)
""")
_KEEP_LANGUAGE = text(
    "UPDATE customer SET language = :language WHERE id = :id AND erased_at IS NULL"
)
_BRAND_OF_WAVE = text("SELECT brand FROM wave WHERE id = :wave")
