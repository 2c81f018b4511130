"""Deliveries: the verdicts of a round written in bulk, a no-op the second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.decisions import Decision, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.policies import Policy
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
