"""Exports: what a person may ask for that no other page needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text


class Source(NamedTuple):
    """Where a person came from."""

    source: str
    at: datetime


class Counted(NamedTuple):
    """An offer that counts against the limits, or did."""

    at: datetime
    channel: str
    brand: str
    subject: str
    campaign: str
    offer_code: str


def added_at(conn: Connection, customer_id: int) -> datetime:
    """Say since when somebody is a customer."""
    added: datetime = conn.execute(_ADDED, {"id": customer_id}).scalar_one()
    return added


def sources(conn: Connection, customer_id: int) -> list[Source]:
    """Give the files that brought somebody."""
    return [Source(*row) for row in conn.execute(_SOURCES, {"id": customer_id})]


def counted(conn: Connection, customer_id: int) -> list[Counted]:
    """Give the offers that limits count for somebody."""
    return [Counted(*row) for row in conn.execute(_COUNTED, {"id": customer_id})]


def last_heard_of(conn: Connection, customer_id: int) -> datetime | None:
    """Say when somebody last answered, joined, clicked or bought."""
    heard: datetime | None = conn.execute(_LAST, {"id": customer_id}).scalar_one_or_none()
    return heard


def asked_at(conn: Connection, customer_id: int) -> datetime | None:
    """Say when somebody last asked for an offer."""
    asked: datetime | None = conn.execute(_ASKED, {"id": customer_id}).scalar_one_or_none()
    return asked


def unconfirmed(conn: Connection, customer_id: int) -> list[Mapping[str, Any]]:
    """Give what was asked for at somebody's addresses and is not confirmed."""
    return [dict(row._mapping) for row in conn.execute(_UNCONFIRMED, {"id": customer_id})]


def questions(conn: Connection, customer_id: int) -> list[Mapping[str, Any]]:
    """Give what somebody was asked by text, and what they said."""
    return [dict(row._mapping) for row in conn.execute(_QUESTIONS, {"id": customer_id})]


def redeemed(conn: Connection, customer_id: int) -> list[Mapping[str, Any]]:
    """Give the codes that somebody told us they have used."""
    return [dict(row._mapping) for row in conn.execute(_REDEEMED, {"id": customer_id})]


def letters(conn: Connection, customer_id: int) -> list[Mapping[str, Any]]:
    """Give mail from somebody's address that waits for a person to read it."""
    return [dict(row._mapping) for row in conn.execute(_LETTERS, {"id": customer_id})]


def setbacks(conn: Connection, customer_id: int) -> list[Mapping[str, Any]]:
    """Give what was taken as a sign that a campaign was not welcome."""
    return [dict(row._mapping) for row in conn.execute(_SETBACKS, {"id": customer_id})]


def in_sandbox(conn: Connection, customer_id: int) -> dict[int, bytes]:
    """Give messages that went into the sandbox, by wave: the very bytes are still there."""
    return {row.wave_id: bytes(row.content) for row in conn.execute(_SANDBOX, {"id": customer_id})}


_ADDED = text("SELECT created_at FROM customer WHERE id = :id")
_SOURCES = text("""
    SELECT i.source, i.started_at FROM customer c JOIN import i ON i.id = c.import_id
    WHERE c.id = :id
""")
_COUNTED = text("""
    SELECT t.at, t.channel, t.brand, t.subject, c.name, t.offer_code
    FROM contact t JOIN campaign c ON c.id = t.campaign_id
    WHERE t.customer_id = :id ORDER BY t.at
""")
_LAST = text("SELECT at FROM sign_of_life WHERE customer_id = :id")
_ASKED = text("SELECT at FROM asked WHERE customer_id = :id")
_UNCONFIRMED = text("""
    SELECT p.channel, p.address, p.topics, p.origin, p.evidence, p.asked_at, p.expires_at
    FROM pending p JOIN address a ON (p.channel, p.digest) = (a.channel, a.digest)
    WHERE a.customer_id = :id
""")
_QUESTIONS = text("""
    SELECT v.question, v.channel, coalesce(w.text, '') AS text, v.state, v.answer, v.evidence,
        v.asked_at, v.closed_at
    FROM conversation v LEFT JOIN wording w ON w.digest = v.wording
    WHERE v.customer_id = :id ORDER BY v.asked_at, v.question
""")
_REDEEMED = text("""
    SELECT r.offer_code, c.name AS campaign, r.at
    FROM redemption r LEFT JOIN campaign c ON c.id = r.campaign_id
    WHERE r.customer_id = :id ORDER BY r.at
""")
_LETTERS = text("""
    SELECT k.sender, k.subject, k.words, k.received_at
    FROM kept_mail k JOIN address a ON lower(k.sender) = a.address WHERE a.customer_id = :id
""")
_SETBACKS = text("""
    SELECT s.wave_id, s.channel, s.kind FROM setback s JOIN wave w ON w.id = s.wave_id
    WHERE s.customer_id = :id ORDER BY s.wave_id, s.kind
""")
_SANDBOX = text("""
    SELECT wave_id, content FROM sandbox_message
    WHERE customer_id = :id AND wave_id > 0 ORDER BY id
""")
