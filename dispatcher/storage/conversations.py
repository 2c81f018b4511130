"""Conversations: the one question that is open with a person, and what came of those before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def open_with_each(conn: Connection, people: Iterable[int], now: datetime) -> dict[int, Asked]:
    """Give the question that each may answer now, of those who have one."""
    ids = list(people)
    rows = conn.execute(_OPEN, {"ids": ids, "now": now}) if ids else ()
    found = (Asked(*row) for row in rows)
    return {
        one.customer_id: one._replace(channel=Channel(one.channel), offered=tuple(one.offered))
        for one in found
    }


def close(conn: Connection, customer_id: int, how: Closed, now: datetime, answer: str = "") -> None:
    """End the open question, if there is one; evidence is in the ledger by now, or not needed."""
    close_all(conn, [customer_id], how, now, answer)


def close_all(
    conn: Connection, people: Iterable[int], how: Closed, now: datetime, answer: str = ""
) -> None:
    """End the question that is open with each of these people."""
    if ids := sorted(people):
        conn.execute(_CLOSE, {"ids": ids, "state": how, "answer": answer, "now": now})


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
    " WHERE customer_id = ANY(:ids) AND state = 'open' AND expires_at > :now"
)
_CLOSE = text(
    "UPDATE conversation SET state = :state, answer = :answer, closed_at = :now, evidence = '{}'"
    " WHERE customer_id = ANY(:ids) AND state = 'open'"
)
_TRY = text("UPDATE conversation SET tries = tries + 1 WHERE customer_id = :id AND state = 'open'")
_BEFORE = text("SELECT question, asked_at FROM conversation WHERE customer_id = :id")
