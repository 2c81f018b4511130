"""Pending: who asked to join and has not confirmed yet; of who never does, nothing stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel

# A request may be repeated once: whoever has written somebody else's address cannot go on.
_MOST_REQUESTS = 2

_ASK = text("""
    INSERT INTO pending (id, channel, address, digest, topics, language, wording, origin, evidence,
        asked_at, expires_at)
    VALUES (:id, :channel, :address, :digest, :topics, :language, :wording, :origin,
        CAST(:evidence AS jsonb), :asked_at, :expires_at)
    ON CONFLICT (channel, digest) DO UPDATE
    SET id = excluded.id, topics = excluded.topics, language = excluded.language,
        wording = excluded.wording, origin = excluded.origin, evidence = excluded.evidence,
        asked_at = excluded.asked_at, expires_at = excluded.expires_at,
        requests = CASE WHEN pending.expires_at <= excluded.asked_at THEN 1
                        ELSE pending.requests + 1 END
    WHERE pending.requests < :most OR pending.expires_at <= excluded.asked_at
""")
_COLUMNS = "id, channel, address, topics, language, wording, origin, evidence, asked_at, expires_at"
_FIND = text(f"SELECT {_COLUMNS} FROM pending WHERE id = :id AND expires_at > :now")
_OF = text(
    f"SELECT {_COLUMNS}, digest FROM pending"
    " WHERE channel = :channel AND digest = ANY(:digests) AND expires_at > :now"
)
_TAKE = text("DELETE FROM pending WHERE id = :id AND expires_at > :now RETURNING id")
_DROP = text("DELETE FROM pending WHERE channel = :channel AND digest = ANY(:digests)")
_SWEEP = text(
    "DELETE FROM pending WHERE id IN (SELECT id FROM pending WHERE expires_at <= :now LIMIT :most)"
)
_SWEPT_AT_ONCE = 1000


class Pending(NamedTuple):
    """One request. `wording` is the digest of the text shown; `evidence` is personal."""

    id: int
    channel: Channel
    address: str
    topics: tuple[str, ...]
    language: str
    wording: str
    origin: str
    evidence: Mapping[str, str]
    asked_at: datetime
    expires_at: datetime


def ask(conn: Connection, new: Pending, digest: bytes) -> bool:
    """Keep a request in the place of an older one; False when that address was asked enough."""
    row: dict[str, Any] = new._asdict() | {
        "topics": list(new.topics),
        "evidence": orjson.dumps(dict(new.evidence)).decode(),
        "digest": digest,
        "most": _MOST_REQUESTS,
    }
    return conn.execute(_ASK, row).rowcount == 1


def find(conn: Connection, number: int, now: datetime) -> Pending | None:
    """Give a request that may still be confirmed."""
    row = conn.execute(_FIND, {"id": number, "now": now}).one_or_none()
    return _pending(row) if row else None


def of_addresses(
    conn: Connection, channel: Channel, digests: Iterable[bytes], now: datetime
) -> dict[bytes, Pending]:
    """Give what addresses asked for and have not confirmed yet, by their digests."""
    values = {"channel": channel, "digests": list(digests), "now": now}
    rows = conn.execute(_OF, values) if values["digests"] else ()
    return {bytes(row.digest): _pending(row[:-1]) for row in rows}


def take(conn: Connection, number: int, now: datetime) -> bool:
    """Take a request away to obey it; False for whoever comes second."""
    return conn.execute(_TAKE, {"id": number, "now": now}).first() is not None


def drop(conn: Connection, channel: Channel, digests: Iterable[bytes]) -> bool:
    """Forget what an address asked for; give whether there was anything."""
    return conn.execute(_DROP, {"channel": channel, "digests": list(digests)}).rowcount > 0


def sweep(conn: Connection, now: datetime) -> int:
    """Forget whom nobody confirmed in time; give how many."""
    return conn.execute(_SWEEP, {"now": now, "most": _SWEPT_AT_ONCE}).rowcount


def _pending(row: Any) -> Pending:
    found = Pending(*row)
    return found._replace(channel=Channel(found.channel), topics=tuple(found.topics))
