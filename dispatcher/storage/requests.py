"""Requests: offers that people asked for themselves, and what waits for them woken to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.rules.asked_for import ANSWER_WITHIN
from dispatcher.storage.database import numbers, rows_of, words

# What puts an offer off that may not stand in the way of an answer; all others bind as ever.
_GIVES_WAY = (
    *(Reason.QUIET_HOURS, Reason.SCHEDULED, Reason.MIN_GAP),
    *(Reason.CAP_BRAND, Reason.CAP_PERSON, Reason.CAP_SUBJECT),
)


def ask(conn: Connection, customer_id: int, at: datetime) -> int:
    """Note that somebody asks for an offer, and wake the offers that wait for them; count those.

    Whoever is being decided on is waited for: their offers are then either sent or waiting.
    """
    conn.execute(_LOCK, {"customer": customer_id})
    conn.execute(_ASK, {"customer": customer_id, "at": at})
    return wake(conn, [customer_id])


def wake(conn: Connection, ids: Sequence[int]) -> int:
    """Let the offers that wait for these people meet all rules again, now."""
    if not ids:
        return 0
    return conn.execute(_WAKE, {"ids": numbers(ids), "reasons": words(_GIVES_WAY)}).rowcount


def open_ones(conn: Connection, ids: list[int], now: float) -> dict[int, float]:
    """Give when these people asked (Unix seconds), of late; most people did not."""
    return dict(rows_of(conn, _OPEN, {"ids": numbers(ids), "since": now - ANSWER_WITHIN - 1}))


def may_be_met(conn: Connection, customer_id: int) -> bool:
    """Tell whether some offer is still open for somebody: undecided, or to be decided on again."""
    return bool(conn.execute(_MAY_BE_MET, {"customer": customer_id}).scalar_one())


def hears(conn: Connection, customer_id: int, channel: Channel) -> bool:
    """Tell whether somebody has agreed to offers of any kind on a channel."""
    values = {"customer": customer_id, "channel": channel}
    return bool(conn.execute(_HEARS, values).scalar_one())


_LOCK = text("SELECT FROM person_pressure WHERE customer_id = :customer FOR NO KEY UPDATE")

_ASK = text("""
    INSERT INTO asked AS a (customer_id, at) VALUES (:customer, :at)
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at WHERE a.at < excluded.at
""")

# Somebody deferred is due when the delivery says so, which finds the row by its key. The delivery
# moves too, so that lesser offers see that a better one is ready.
_WAKE = text("""
    WITH waiting AS (
        SELECT d.wave_id, d.customer_id, d.not_before FROM wave w
        CROSS JOIN unnest(CAST(:ids AS bigint[])) AS person (id)
        CROSS JOIN LATERAL (
            SELECT d.* FROM delivery d
            WHERE d.wave_id = w.id AND d.customer_id = person.id AND d.state = 'deferred'
              AND d.reason = ANY(CAST(:reasons AS text[]))
            OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) AS d
        WHERE w.state IN ('planning', 'running')
    ), woken AS (
        UPDATE due SET due_at = clock_timestamp() + clock.ahead
        FROM waiting n, wave w, customer c, clock
        WHERE w.id = n.wave_id AND c.id = n.customer_id
          AND (due.due_at, due.shard, due.wave_id, due.customer_id)
              = (n.not_before, (c.shard / w.shard_width * w.shard_width)::smallint, n.wave_id,
                 n.customer_id)
          AND due.due_at > clock_timestamp() + clock.ahead
        RETURNING due.wave_id, due.customer_id, due.due_at
    )
    UPDATE delivery d SET not_before = woken.due_at FROM woken
    WHERE (d.wave_id, d.customer_id) = (woken.wave_id, woken.customer_id)
""")

_OPEN = text("""
    SELECT customer_id, extract(epoch FROM at)::float8 FROM asked
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND at > to_timestamp(:since)
""")

_MAY_BE_MET = text("""
    SELECT EXISTS (
        SELECT FROM wave w JOIN campaign c ON c.id = w.campaign_id
        JOIN customer person ON person.id = :customer
        JOIN audience a ON a.wave_id = w.id AND a.customer_id = person.id
          AND a.shard = person.shard / w.shard_width * w.shard_width
        LEFT JOIN delivery d ON d.wave_id = w.id AND d.customer_id = person.id
        WHERE w.state IN ('planning', 'running') AND c.state = 'running'
          AND (d.state IS NULL OR d.state = 'deferred'))
""")

_HEARS = text("""
    SELECT EXISTS (SELECT FROM consent WHERE customer_id = :customer AND channel = :channel
                     AND state = 'active')
""")
