"""Deliveries: verdicts written in bulk, receipts settled in bulk, each a no-op the second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel, DeliveryKey, Outcome
from dispatcher.domain.policies import Policy
from dispatcher.storage import requests
from dispatcher.storage.database import numbers, rows_of, words

# What is known of a person's place in a wave, looked up by its whole key whatever the planner
# thinks: statistics from before a wave say that it has nobody, and then reading all of it again
# for each person looks as cheap.
DELIVERY_JOIN = """
    LEFT JOIN LATERAL (
        SELECT d.state, d.reason, d.batch_no, d.tries, d.held_since, d.not_before FROM delivery d
        WHERE d.wave_id = {wave} AND d.customer_id = {person} OFFSET 0) AS d ON true
"""


class Reserved(NamedTuple):
    """One person's place in the batch's order, and the number of this attempt."""

    customer_id: int
    ordinal: int
    attempt: int


class Settlement(NamedTuple):
    """What is to be written for one attempt. `not_before`: programme's clock, Unix seconds.

    `outcome` None: the gateway was never asked (nothing to render, released).
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


_STATES = {
    Verdict.SEND: DeliveryState.RESERVED,
    Verdict.DEFER: DeliveryState.DEFERRED,
    Verdict.SKIP: DeliveryState.SKIPPED,
}


def write_decisions(
    conn: Connection,
    batch: Batch,
    policy: Policy,
    decisions: Sequence[Decision],
    book: str,
    now: float,
) -> list[Reserved]:
    """Write every verdict of a round; give those who may be sent to, in ordinal order.

    The key (wave, customer) is the last guard: who already has a final verdict is not reserved.
    """
    if not decisions:
        return []
    values = {**_common(batch, policy, book, now), **_columns(decisions)}
    attempts: dict[int, int] = dict(rows_of(conn, _WRITE, values))
    if any(decision.verdict is Verdict.DEFER for decision in decisions):
        conn.execute(_DEFER, values)
    silent = [d.customer_id for d in decisions if d.verdict is not Verdict.SEND]
    if silent:
        give_way(conn, [batch.key.wave_id] * len(silent), silent)
    sent = [d.customer_id for d in decisions if d.verdict is Verdict.SEND]
    return [
        Reserved(customer_id, ordinal, attempts[customer_id])
        for ordinal, customer_id in enumerate(sent)
        if customer_id in attempts
    ]


def _common(batch: Batch, policy: Policy, book: str, now: float) -> dict[str, Any]:
    return {
        "wave": batch.key.wave_id,
        "shard": batch.key.shard,
        "batch_no": batch.key.batch_no,
        "fence": batch.fence,
        "channel": batch.channel,
        "gateway": batch.gateway,
        "brand": policy.brand,
        "subject": policy.subject,
        "campaign": batch.campaign_id,
        "offer_code": policy.offer_code,
        "reminds_of": policy.reminds_of,
        "reconfirms": policy.reconfirms,
        "book": book,
        "now": now,
    }


def _columns(decisions: Sequence[Decision]) -> dict[str, Any]:
    ordinals, ordinal = [], 0
    for decision in decisions:
        ordinals.append(ordinal)
        ordinal += decision.verdict is Verdict.SEND
    return {
        "ids": numbers([d.customer_id for d in decisions]),
        "verdicts": words([d.verdict for d in decisions]),
        "states": words([_STATES[d.verdict] for d in decisions]),
        "reasons": words([d.reason for d in decisions]),
        "rules": words([d.rule for d in decisions]),
        "ordinals": numbers(ordinals),
        "consents": numbers([d.consent_event for d in decisions]),
        "untils": numbers([d.until if d.verdict is Verdict.DEFER else None for d in decisions]),
        "wakes": numbers(
            [d.until + d.late if d.verdict is Verdict.DEFER else None for d in decisions]
        ),
        "behinds": numbers([d.behind or None for d in decisions]),
        "befores": numbers(
            [d.send_before if d.verdict is Verdict.SEND else None for d in decisions]
        ),
        "details": words([d.detail for d in decisions]),
        "facts": words([d.facts for d in decisions]),
        "asked": numbers([d.customer_id for d in decisions if d.asked]),
    }


# The verdicts, their record, and a place in the day of each who is to be sent to.
_WRITE = text("""
    WITH written AS (
        INSERT INTO delivery (wave_id, customer_id, state, reason, channel, gateway, batch_no,
                              attempt, ordinal, fence, consent_event, rule, decided_at, held_since,
                              not_before, send_before, detail)
        SELECT :wave, n.id, n.state, n.reason, :channel, :gateway, :batch_no,
               (n.state = 'reserved')::int, n.ordinal, :fence, n.consent, n.rule,
               to_timestamp(:now), to_timestamp(:now), to_timestamp(n.wakes),
               to_timestamp(n.before), n.detail
        FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]),
                    CAST(:rules AS text[]), CAST(:ordinals AS int[]), CAST(:consents AS bigint[]),
                    CAST(:wakes AS float8[]), CAST(:befores AS float8[]), CAST(:details AS text[]))
             AS n (id, state, reason, rule, ordinal, consent, wakes, before, detail)
        ON CONFLICT (wave_id, customer_id) DO UPDATE
        SET state = excluded.state, reason = excluded.reason, channel = excluded.channel,
            gateway = excluded.gateway, batch_no = excluded.batch_no,
            attempt = delivery.attempt + excluded.attempt, ordinal = excluded.ordinal,
            fence = excluded.fence, consent_event = excluded.consent_event, rule = excluded.rule,
            decided_at = excluded.decided_at, not_before = excluded.not_before,
            send_before = excluded.send_before, detail = excluded.detail
        WHERE delivery.state = 'deferred'
        RETURNING customer_id, attempt, state, consent_event
    ), recorded AS (
        INSERT INTO decision (wave_id, shard, at, rule_book, customer_ids, verdicts, reasons, rules,
                              untils, facts)
        VALUES (:wave, :shard, to_timestamp(:now), :book, CAST(:ids AS bigint[]),
                CAST(:verdicts AS text[]), CAST(:reasons AS text[]), CAST(:rules AS text[]),
                CAST(:untils AS float8[]), CAST(:facts AS text[]))
    ), counted AS (
        INSERT INTO contact (customer_id, wave_id, at, channel, brand, subject, campaign_id,
                             offer_code, reminds_of, asked, reconfirms)
        SELECT customer_id, :wave, to_timestamp(:now), :channel, :brand, :subject, :campaign,
               :offer_code, :reminds_of, customer_id = ANY(CAST(:asked AS bigint[])),
               CASE WHEN :reconfirms THEN consent_event ELSE 0 END
        FROM written WHERE state = 'reserved'
        ON CONFLICT (customer_id, wave_id) DO UPDATE
        SET at = excluded.at, channel = excluded.channel, asked = excluded.asked,
            reconfirms = excluded.reconfirms
    )
    SELECT customer_id, attempt FROM written
""")

# People are due on the campaign's shard, where their audience row is.
_DEFER = text("""
    INSERT INTO due (due_at, shard, wave_id, customer_id, behind)
    SELECT to_timestamp(n.wakes), :shard, :wave, n.id, n.behind
    FROM unnest(CAST(:ids AS bigint[]), CAST(:wakes AS float8[]), CAST(:behinds AS bigint[]))
         AS n (id, wakes, behind)
    WHERE n.wakes IS NOT NULL
    ON CONFLICT DO NOTHING
""")


def give_way(conn: Connection, waves: Sequence[int], ids: Sequence[int]) -> None:
    """Let the offers that were outranked by these (wave, person) meet all rules again, now."""
    conn.execute(_GIVE_WAY, {"waves": numbers(waves), "ids": numbers(ids)})


# Rows that are locked are being woken or released already. OFFSET 0 as in DELIVERY_JOIN.
_GIVE_WAY = text("""
    UPDATE due SET behind = NULL, due_at = (SELECT clock_timestamp() + ahead FROM clock)
    WHERE ctid = ANY(ARRAY(
        SELECT lesser.ctid
        FROM unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[])) AS n (wave_id, customer_id)
        CROSS JOIN LATERAL (
            SELECT f.ctid FROM due f
            WHERE f.behind = n.wave_id AND f.customer_id = n.customer_id
            OFFSET 0 FOR UPDATE SKIP LOCKED) AS lesser
        WHERE EXISTS (SELECT FROM due w WHERE w.behind = ANY(CAST(:waves AS bigint[])))))
""")


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
    }


_ROWS = """
    unnest(CAST(:waves AS bigint[]), CAST(:ids AS bigint[]), CAST(:nos AS smallint[]),
           CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:outcomes AS text[]),
           CAST(:befores AS float8[]), CAST(:references AS text[]), CAST(:codes AS text[]),
           CAST(:details AS text[]), CAST(:parts AS smallint[]), CAST(:costs AS float8[]))
    AS n (wave_id, customer_id, no, state, reason, outcome, not_before, reference, code, detail,
          parts, cost)
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
