"""Settlements: what became of attempts, written in bulk, each a no-op the second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel, DeliveryKey, Outcome
from dispatcher.storage import requests
from dispatcher.storage.database import numbers, rows_of, words
from dispatcher.storage.deliveries import give_way


class Settlement(NamedTuple):
    """What is to be written for one attempt. `not_before`: programme's clock, Unix seconds.

    `outcome` None: the gateway was never asked (nothing to render, released). `rendered`: the
    digest of the text in hex, "" where whoever settles has not seen it.
    """

    key: DeliveryKey
    state: DeliveryState
    reason: Reason
    outcome: Outcome | None = None
    not_before: float = 0.0
    reference: str = ""
    code: str = ""
    detail: str = ""
    parts: int = 0
    cost: float = 0.0
    rendered: str = ""


def settle(conn: Connection, settlements: Sequence[Settlement]) -> list[DeliveryKey]:
    """Write what became of attempts; give those for which it was news.

    Merges by (delivery, attempt) whatever the fence: receipts are facts. Settling twice is a
    no-op, and UNSURE may still become ACCEPTED or REFUSED.
    """
    values = _settlement_columns(settlements)
    news = [DeliveryKey(*row) for row in rows_of(conn, _SETTLE, values)]
    values["news_waves"] = numbers([key.wave_id for key in news])
    values["news"] = numbers([key.customer_id for key in news])
    if any(s.cost for s in settlements):
        conn.execute(_SPEND, values)
    if any(s.state in _GIVES_SLOT_BACK for s in settlements):
        slots = conn.execute(_GIVE_SLOT_BACK, values).all()
        requests.wake(conn, [person for person, asked in slots if asked])
    if any(s.state is DeliveryState.DEFERRED for s in settlements):
        conn.execute(_DUE_AGAIN, values)
    give_way(conn, [key.wave_id for key in news], [key.customer_id for key in news])
    return news


_GIVES_SLOT_BACK = (DeliveryState.REFUSED, DeliveryState.DEFERRED, DeliveryState.SKIPPED)


def _settlement_columns(settlements: Sequence[Settlement]) -> dict[str, Any]:
    return {
        "waves": numbers([s.key.wave_id for s in settlements]),
        "ids": numbers([s.key.customer_id for s in settlements]),
        "nos": numbers([s.key.attempt for s in settlements]),
        "states": words([s.state for s in settlements]),
        "reasons": words([s.reason for s in settlements]),
        "outcomes": words([s.outcome for s in settlements]),
        "befores": numbers([s.not_before for s in settlements]),
        "references": words([s.reference for s in settlements]),
        "codes": words([s.code for s in settlements]),
        "details": words([s.detail[:500] for s in settlements]),
        "parts": numbers([s.parts for s in settlements]),
        "costs": numbers([s.cost for s in settlements]),
        "rendered": words([s.rendered for s in settlements]),
    }


_ROWS = """
    unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[]), CAST(:nos AS smallint[]),
           CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:outcomes AS text[]),
           CAST(:befores AS float8[]), CAST(:references AS text[]), CAST(:codes AS text[]),
           CAST(:details AS text[]), CAST(:parts AS smallint[]), CAST(:costs AS float8[]),
           CAST(:rendered AS text[]))
    AS n (wave_id, customer_id, no, state, reason, outcome, not_before, reference, code, detail,
          parts, cost, rendered)
"""
# Pairs: the same person may stand in two waves of one group, and only one of them be news.
_IS_NEWS = """
    (n.wave_id, n.customer_id) IN (
        SELECT * FROM unnest(CAST(:news_waves AS bigint[]), CAST(:news AS bigint[])))
"""

# Most attempts are told by their delivery; UNSURE is the only outcome that changes.
_SETTLE = text(f"""
    WITH settled AS (
        UPDATE delivery d
        SET state = n.state, reason = n.reason, settled_at = clock_timestamp(),
            reference = n.reference, code = n.code, detail = n.detail,
            -- what was unsure has been paid for already
            parts = greatest(d.parts, n.parts), cost = greatest(d.cost, n.cost),
            rendered = CASE n.rendered WHEN '' THEN d.rendered ELSE decode(n.rendered, 'hex') END,
            tries = d.tries + coalesce(n.outcome = 'deferred', false)::int,
            not_before = CASE WHEN n.state = 'deferred' THEN to_timestamp(n.not_before) END
        FROM {_ROWS}
        WHERE d.wave_id = n.wave_id AND d.customer_id = n.customer_id AND d.attempt = n.no
          AND (d.state = 'reserved' OR d.state = 'unsure' AND n.outcome IN ('accepted', 'refused'))
        RETURNING d.wave_id, d.customer_id, d.attempt, d.channel, d.gateway, d.fence, n.outcome,
                  n.reference, n.code, n.detail
    ), attempted AS (
        INSERT INTO attempt (wave_id, customer_id, no, channel, gateway, fence, outcome, reference,
                             code, detail)
        SELECT * FROM settled WHERE outcome = 'deferred' OR reference <> '' AND outcome IS NOT NULL
        ON CONFLICT (wave_id, customer_id, no) DO UPDATE
        SET outcome = excluded.outcome, reference = excluded.reference, code = excluded.code,
            detail = excluded.detail
        WHERE attempt.outcome = 'unsure'
    ), tallied AS (
        INSERT INTO wave_tally AS t (wave_id, channel, accepted, refused)
        SELECT wave_id, channel, count(*) FILTER (WHERE outcome = 'accepted'),
               count(*) FILTER (WHERE outcome = 'refused')
        FROM settled WHERE outcome IN ('accepted', 'refused')
        GROUP BY wave_id, channel ORDER BY wave_id, channel
        ON CONFLICT (wave_id, channel) DO UPDATE
        SET accepted = t.accepted + excluded.accepted, refused = t.refused + excluded.refused
    )
    SELECT wave_id, customer_id, attempt FROM settled
""")

_SPEND = text(f"""
    UPDATE wave w SET spent = spent + cost.total
    FROM (SELECT n.wave_id, sum(n.cost) AS total FROM {_ROWS}
          WHERE {_IS_NEWS} GROUP BY n.wave_id) AS cost
    WHERE w.id = cost.wave_id
""")

_GIVE_SLOT_BACK = text(f"""
    DELETE FROM contact c USING {_ROWS}
    WHERE c.wave_id = n.wave_id AND c.customer_id = n.customer_id
      AND n.state IN ('refused', 'deferred', 'skipped') AND {_IS_NEWS}
    RETURNING c.customer_id, c.asked
""")

_DUE_AGAIN = text(f"""
    INSERT INTO due (due_at, shard, wave_id, customer_id)
    SELECT to_timestamp(n.not_before), (c.shard / w.shard_width * w.shard_width)::smallint,
           n.wave_id, n.customer_id
    FROM {_ROWS}
    JOIN wave w ON w.id = n.wave_id
    JOIN customer c ON c.id = n.customer_id
    WHERE n.state = 'deferred' AND {_IS_NEWS}
    ON CONFLICT DO NOTHING
""")


def hurry(conn: Connection, keys: Sequence[DeliveryKey], now: float) -> None:
    """Let people whom a gateway has put off be decided on again at once: another one takes over."""
    values = {
        "waves": numbers([key.wave_id for key in keys]),
        "ids": numbers([key.customer_id for key in keys]),
        "now": now,
    }
    conn.execute(_HURRY, values)


# Who was woken meanwhile has no row here any more; who waits behind another offer still does.
_HURRY = text("""
    WITH n AS (
        SELECT d.wave_id, d.customer_id, d.not_before
        FROM unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[])) AS n (wave_id, customer_id)
        JOIN delivery d USING (wave_id, customer_id)
        WHERE d.state = 'deferred' AND d.reason = 'gateway_deferred'
          AND d.not_before > to_timestamp(:now)
    ), sooner AS (
        UPDATE due SET due_at = to_timestamp(:now) FROM n JOIN customer c ON c.id = n.customer_id
        JOIN wave w ON w.id = n.wave_id
        WHERE due.due_at = n.not_before AND due.wave_id = n.wave_id
          AND due.shard = (c.shard / w.shard_width * w.shard_width)::smallint
          AND due.customer_id = n.customer_id
        RETURNING due.wave_id, due.customer_id
    )
    UPDATE delivery d SET not_before = to_timestamp(:now)
    FROM sooner s WHERE (d.wave_id, d.customer_id) = (s.wave_id, s.customer_id)
""")


def channels_of(conn: Connection, keys: Sequence[DeliveryKey]) -> dict[DeliveryKey, Channel]:
    """Say on which channel each of these attempts was to go."""
    values = {
        "waves": numbers([key.wave_id for key in keys]),
        "ids": numbers([key.customer_id for key in keys]),
    }
    found = {(row[0], row[1]): Channel(row[2]) for row in conn.execute(_CHANNELS, values)}
    return {key: found[key[:2]] for key in keys if key[:2] in found}


_CHANNELS = text("""
    SELECT wave_id, customer_id, channel FROM delivery
    WHERE (wave_id, customer_id) IN (
        SELECT * FROM unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[])))
""")


def resolve_unsure(conn: Connection, keys: Sequence[DeliveryKey]) -> int:
    """Settle attempts as accepted that a later event proves to have arrived; count the news."""
    if not keys:
        return 0
    values = {
        "waves": [key.wave_id for key in keys],
        "ids": [key.customer_id for key in keys],
        "nos": [key.attempt for key in keys],
    }
    return conn.execute(_RESOLVE, values).rowcount


_RESOLVE = text("""
    WITH resolved AS (
        UPDATE delivery d
        SET state = 'accepted', settled_at = clock_timestamp(), detail = 'a later event says so'
        FROM unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[]), CAST(:nos AS bigint[]))
             AS n (wave_id, customer_id, no)
        WHERE d.wave_id = n.wave_id AND d.customer_id = n.customer_id AND d.attempt = n.no
          AND d.state = 'unsure'
        RETURNING d.wave_id, d.customer_id, d.attempt
    ), amended AS (
        UPDATE attempt a SET outcome = 'accepted' FROM resolved r
        WHERE (a.wave_id, a.customer_id, a.no) = (r.wave_id, r.customer_id, r.attempt)
    )
    SELECT FROM resolved
""")


def unsure(conn: Connection, limit: int = 1000) -> Sequence[Any]:
    """List deliveries that were on the wire when their worker died, the newest first."""
    return conn.execute(_UNSURE, {"limit": limit}).mappings().all()


_UNSURE = text("""
    SELECT d.wave_id, d.customer_id, d.attempt, c.name AS campaign, d.channel, d.gateway,
           d.settled_at, d.detail
    FROM delivery d JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
    WHERE d.state = 'unsure' ORDER BY d.settled_at DESC NULLS LAST LIMIT :limit
""")
