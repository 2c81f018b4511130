"""Conversations: the one question that is open with a person, and what came of those before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel


class Closed(StrEnum):
    """What came of a question."""

    ANSWERED = "answered"
    SKIPPED = "skipped"
    DROPPED = "dropped"
    HANDED_OVER = "handed_over"


class Asked(NamedTuple):
    """An open question. `wording` is the digest of its text; `evidence` is personal.

    `offered` are the choices in the order of their numbers, as the person read them.
    """

    customer_id: int
    question: str
    channel: Channel
    offered: tuple[str, ...]
    wording: str
    to_come: int
    asked_at: datetime
    expires_at: datetime
    evidence: Mapping[str, str]
    tries: int = 0


def ask(conn: Connection, new: Asked) -> None:
    """Open a question in the place of any other that was open with the person."""
    conn.execute(_DROP, {"id": new.customer_id, "now": new.asked_at})
    row: dict[str, Any] = new._asdict() | {
        "offered": list(new.offered),
        "evidence": orjson.dumps(dict(new.evidence)).decode(),
    }
    conn.execute(_ASK, row)


def open_with(conn: Connection, customer_id: int, now: datetime) -> Asked | None:
    """Give the question that somebody may answer now."""
    row = conn.execute(_OPEN, {"id": customer_id, "now": now}).one_or_none()
    if row is None:
        return None
    found = Asked(*row)
    return found._replace(channel=Channel(found.channel), offered=tuple(found.offered))


def close(conn: Connection, customer_id: int, how: Closed, now: datetime, answer: str = "") -> None:
    """End the open question, if there is one; evidence is in the ledger by now, or not needed."""
    values = {"id": customer_id, "state": how, "answer": answer, "now": now}
    conn.execute(_CLOSE, values)


def try_again(conn: Connection, customer_id: int) -> None:
    """Note an answer that was none."""
    conn.execute(_TRY, {"id": customer_id})


def asked_before(conn: Connection, customer_id: int) -> dict[str, datetime]:
    """Give when each question was put to somebody."""
    return {row.question: row.asked_at for row in conn.execute(_BEFORE, {"id": customer_id})}


def sweep(conn: Connection, now: datetime) -> int:
    """Drop questions that nobody answered in time; give how many."""
    return conn.execute(_SWEEP, {"now": now}).rowcount


_SWEEP = text(
    "UPDATE conversation SET state = 'dropped', closed_at = :now, evidence = '{}'"
    " WHERE state = 'open' AND expires_at <= :now"
)
_DROP = text(
    "UPDATE conversation SET state = 'dropped', closed_at = :now, evidence = '{}'"
    " WHERE customer_id = :id AND state = 'open'"
)
_ASK = text("""
    INSERT INTO conversation (customer_id, question, channel, offered, wording, state, tries,
        to_come, evidence, asked_at, expires_at)
    VALUES (:customer_id, :question, :channel, :offered, :wording, 'open', :tries, :to_come,
        CAST(:evidence AS jsonb), :asked_at, :expires_at)
    ON CONFLICT (customer_id, question) DO UPDATE
    SET channel = excluded.channel, offered = excluded.offered, wording = excluded.wording,
        state = 'open', answer = '', tries = excluded.tries, to_come = excluded.to_come,
        evidence = excluded.evidence, asked_at = excluded.asked_at,
        expires_at = excluded.expires_at, closed_at = NULL
""")
_OPEN = text(
    "SELECT customer_id, question, channel, offered, wording, to_come, asked_at, expires_at,"
    " evidence, tries FROM conversation"
    " WHERE customer_id = :id AND state = 'open' AND expires_at > :now"
)
_CLOSE = text(
    "UPDATE conversation SET state = :state, answer = :answer, closed_at = :now, evidence = '{}'"
    " WHERE customer_id = :id AND state = 'open'"
)
_TRY = text("UPDATE conversation SET tries = tries + 1 WHERE customer_id = :id AND state = 'open'")
_BEFORE = text("SELECT question, asked_at FROM conversation WHERE customer_id = :id")
