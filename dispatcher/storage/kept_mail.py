"""Kept mail: what came in and waits for a person to look at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

_KEEP = text(
    "INSERT INTO kept_mail (digest, kind, why, sender, subject, words, received_at)"
    " VALUES (:digest, :kind, :why, :sender, :subject, :words, :received_at)"
    " ON CONFLICT (digest) DO NOTHING"
)
_LIST = text(
    "SELECT id, kind, why, sender, subject, words, received_at FROM kept_mail"
    " ORDER BY id DESC LIMIT :most"
)
_COUNT = text("SELECT count(*) FROM kept_mail")
_DONE = text("DELETE FROM kept_mail WHERE id = ANY(:ids)")


class Kept(NamedTuple):
    """One mail that waits."""

    id: int
    kind: str
    why: str
    sender: str
    subject: str
    words: str
    received_at: datetime


def keep(conn: Connection, digest: str, mail: Kept) -> bool:
    """Keep a mail; give whether it is new. Its `id` is not looked at."""
    return conn.execute(_KEEP, {"digest": digest, **mail._asdict()}).rowcount == 1


def waiting(conn: Connection, most: int) -> list[Kept]:
    """Give those that wait, the newest first."""
    return [Kept(*row) for row in conn.execute(_LIST, {"most": most})]


def done(conn: Connection, ids: Sequence[int]) -> int:
    """Throw away those that somebody has dealt with; give how many there were."""
    return conn.execute(_DONE, {"ids": list(ids)}).rowcount


def count(conn: Connection) -> int:
    """Count those that wait."""
    return int(conn.execute(_COUNT).scalar_one())
