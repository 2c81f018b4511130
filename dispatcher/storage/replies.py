"""Replies: what people wrote back, and how often they did so lately."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import rows_of

_INSERT = text(
    "INSERT INTO reply (dedup_key, gateway, channel, customer_id, digest, text, label,"
    " unsure, handed_over, received_at) VALUES (:dedup_key, :gateway, :channel, :customer_id,"
    " :digest, :text, :label, :unsure, :handed_over, :received_at)"
)
_RECENT = text(
    "SELECT label, count(*) FROM reply WHERE digest = :digest AND received_at > :since GROUP BY 1"
)
_OURS = text("SELECT EXISTS (SELECT FROM brand WHERE ltrim(sms_sender, '+') = ltrim(:number, '+'))")
BARE = "mail:bare:"  # keys of mails whose sender nothing proves begin so
_BARE = text(f"SELECT count(*) FROM reply WHERE dedup_key LIKE '{BARE}%' AND received_at > :since")
_LISTED = (
    "SELECT r.received_at AS at, r.channel, r.customer_id, coalesce(a.address, '') AS address,"
    " r.text FROM reply r"
    " LEFT JOIN address a ON a.customer_id = r.customer_id AND a.channel = r.channel"
)
_UNSURE = text(f"{_LISTED} WHERE r.unsure ORDER BY r.received_at DESC, r.id DESC LIMIT :most")
_HANDED_OVER = text(
    f"{_LISTED} WHERE r.handed_over ORDER BY r.received_at DESC, r.id DESC LIMIT :most"
)
_BRAND = text(
    "SELECT b.id, b.name, b.email, b.contact FROM brand b"
    " ORDER BY (b.sms_sender <> '' AND b.sms_sender = :recipient) DESC,"
    " (SELECT max(at) FROM contact c WHERE c.customer_id = :customer_id AND c.brand = b.id)"
    " DESC NULLS LAST, b.id LIMIT 1"
)


class Reply(NamedTuple):
    """One text a person sent us; `customer_id` is None when we do not know who."""

    dedup_key: str
    gateway: str
    channel: Channel
    customer_id: int | None
    digest: bytes
    text: str
    label: str
    received_at: datetime
    unsure: bool = False
    handed_over: bool = False


class UnsureReply(NamedTuple):
    """A reply that a person should read, for we are not sure what it means."""

    at: datetime
    channel: Channel
    customer_id: int | None
    address: str  # "" when we do not know who wrote
    text: str


class Voice(NamedTuple):
    """The brand that answers: whose number was written to, else the last that wrote."""

    name: str
    contact: str


def record(conn: Connection, reply: Reply) -> None:
    """Keep a reply."""
    conn.execute(_INSERT, reply._asdict())


def recent(conn: Connection, digest: bytes, now: datetime, within: timedelta) -> Counter[str]:
    """Count the replies of one sender by their meaning, back from now."""
    rows = rows_of(conn, _RECENT, {"digest": digest, "since": now - within})
    return Counter(dict(rows))


def is_ours(conn: Connection, number: str) -> bool:
    """Say whether a brand writes from this number: answering it would be talking to ourselves."""
    return bool(conn.execute(_OURS, {"number": number}).scalar_one())


def bare(conn: Connection, now: datetime, within: timedelta) -> int:
    """Count the wishes to leave that came by mail of late and proved nothing."""
    return int(conn.execute(_BARE, {"since": now - within}).scalar_one())


def unsure(conn: Connection, most: int) -> list[UnsureReply]:
    """Give the opt-outs that may have meant something else, the newest first."""
    return _listed(conn, _UNSURE, most)


def handed_over(conn: Connection, most: int) -> list[UnsureReply]:
    """Give the answers to questions that we did not understand, the newest first."""
    return _listed(conn, _HANDED_OVER, most)


def _listed(conn: Connection, query: TextClause, most: int) -> list[UnsureReply]:
    return [
        UnsureReply(**row._mapping)._replace(channel=Channel(row.channel))
        for row in conn.execute(query, {"most": most})
    ]


def voice_for(conn: Connection, customer_id: int | None, recipient: str) -> Voice | None:
    """Give the brand that answers; None when there is no brand at all."""
    row = conn.execute(_BRAND, {"customer_id": customer_id, "recipient": recipient}).one_or_none()
    return Voice(row.name, row.contact or row.email) if row else None
