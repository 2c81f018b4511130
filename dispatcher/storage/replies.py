"""Replies: what people wrote back, and how often they did so lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from dispatcher.domain.messages import Channel
from dispatcher.storage.database import rows_of

_INSERT = text(
    "INSERT INTO reply (dedup_key, gateway, channel, customer_id, digest, text, label,"
    " received_at, unsure, handed_over)"
    " SELECT * FROM unnest(CAST(:dedup_key AS text[]), CAST(:gateway AS text[]),"
    " CAST(:channel AS text[]), CAST(:customer_id AS bigint[]), CAST(:digest AS bytea[]),"
    " CAST(:text AS text[]), CAST(:label AS text[]), CAST(:received_at AS timestamptz[]),"
    " CAST(:unsure AS boolean[]), CAST(:handed_over AS boolean[]))"
)
_RECENT = text(
    "SELECT digest, label, count(*) FROM reply"
    " WHERE digest = ANY(:digests) AND received_at > :since GROUP BY 1, 2"
)
_OURS = text("""
    SELECT number FROM unnest(CAST(:numbers AS text[])) AS number
    WHERE EXISTS (SELECT FROM brand WHERE ltrim(sms_sender, '+') = ltrim(number, '+'))
""")
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
_BRANDS = text("""
    SELECT b.name, b.email, b.contact
    FROM unnest(CAST(:people AS bigint[]), CAST(:recipients AS text[])) WITH ORDINALITY
        AS p (customer_id, recipient, place)
    CROSS JOIN LATERAL (
        SELECT b.* FROM brand b
        ORDER BY (b.sms_sender <> '' AND b.sms_sender = p.recipient) DESC,
            (SELECT max(at) FROM contact c WHERE c.customer_id = p.customer_id AND c.brand = b.id)
            DESC NULLS LAST, b.id
        LIMIT 1) b
    ORDER BY p.place
""")


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


def record(conn: Connection, replies: Sequence[Reply]) -> None:
    """Keep replies, in this order."""
    if replies:
        columns = map(list, zip(*replies, strict=True))
        conn.execute(_INSERT, dict(zip(Reply._fields, columns, strict=True)))


def recent(
    conn: Connection, digests: Iterable[bytes], now: datetime, within: timedelta
) -> dict[bytes, Counter[str]]:
    """Count the replies of these senders by their meaning, back from now."""
    heard = {digest: Counter[str]() for digest in digests}
    values = {"digests": list(heard), "since": now - within}
    for digest, label, count in rows_of(conn, _RECENT, values) if heard else ():
        heard[bytes(digest)][label] = count
    return heard


def ours(conn: Connection, numbers: Iterable[str]) -> set[str]:
    """Give the numbers that brands write from: answering them would be talking to ourselves."""
    return set(conn.execute(_OURS, {"numbers": sorted(numbers)}).scalars())


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


def voices_for(conn: Connection, wrote: Sequence[tuple[int | None, str]]) -> list[Voice]:
    """Give the brand that answers each (customer, number written to); none if there is no brand."""
    values = {"people": [each[0] for each in wrote], "recipients": [each[1] for each in wrote]}
    rows = conn.execute(_BRANDS, values) if wrote else ()
    return [Voice(row.name, row.contact or row.email) for row in rows]
