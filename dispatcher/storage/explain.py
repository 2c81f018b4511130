"""Explain: reads everything on record about one person, for `explain`, `show` and `export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.consents import ConsentAction, ConsentSource
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.explanations import (
    ActLine,
    AnswerLine,
    AttemptLine,
    ConsentLine,
    DecisionLine,
    EventLine,
    ReplyLine,
    StandingLine,
    Story,
    SuppressionLine,
)
from dispatcher.domain.messages import Channel
from dispatcher.storage import consents, evidence
from dispatcher.storage.waves import shard_in


def standings(conn: Connection, customer_id: int) -> tuple[StandingLine, ...]:
    """Give what the person allows now."""
    return tuple(
        StandingLine(row.channel, row.topic, row.state, row.event_id, row.since, row.kind)
        for row in consents.standings_of(conn, customer_id)
    )


def consent_lines(conn: Connection, customer_id: int) -> tuple[ConsentLine, ...]:
    """Give the person's ledger with its proofs, oldest first."""
    kept = evidence.reveal(conn, [customer_id])
    rows = conn.execute(_LEDGER, {"person": customer_id})
    return tuple(_consent_line(row, kept.get(row.id, {})) for row in rows)


def _consent_line(row: Any, kept: dict[str, tuple[str, str]]) -> ConsentLine:
    return ConsentLine(
        id=row.id,
        channel=Channel(row.channel),
        topic=row.topic,
        action=ConsentAction(row.action),
        source=ConsentSource(row.source),
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        kind=row.kind,
        wording=row.shown,
        origin=row.origin,
        evidence={name: value for name, (_, value) in kept.items()},
    )


def suppressions(
    conn: Connection, channel: Channel, digests: Sequence[bytes]
) -> tuple[SuppressionLine, ...]:
    """Give why an address, known by its digests, gets nothing."""
    rows = conn.execute(_SUPPRESSIONS, {"channel": channel, "digests": list(digests)})
    return tuple(
        SuppressionLine(channel, row.brand, row.reason, row.source, row.at) for row in rows
    )


def stories(conn: Connection, customer_id: int, campaign_id: int = 0) -> list[Story]:
    """Give every wave that met the person, oldest first; of one campaign, or (0) of all."""
    values = {"person": customer_id, "campaign": campaign_id}
    decided = [_story(conn, row) for row in conn.execute(_DELIVERIES, values).all()]
    waiting = [Story(*row) for row in conn.execute(_UNDECIDED, values)]
    return sorted([*decided, *waiting], key=lambda story: story.wave_id)


def _story(conn: Connection, row: Any) -> Story:
    values = {"wave": row.wave_id, "shard": row.shard, "person": row.customer_id}
    return Story(
        campaign_id=row.campaign_id,
        campaign=row.campaign,
        version_id=row.version_id,
        version=row.version,
        wave_id=row.wave_id,
        state=DeliveryState(row.state),
        reason=row.reason,
        rule=row.rule,
        channel=row.channel,
        gateway=row.gateway,
        stood_in_for=row.stood_in_for,
        decided_at=row.decided_at,
        not_before=row.not_before,
        send_before=row.send_before,
        settled_at=row.settled_at,
        consent_event=row.consent_event,
        parts=row.parts,
        cost=float(row.cost),
        reference=row.reference,
        detail=row.detail,
        decisions=tuple(_decision(each) for each in conn.execute(_DECISIONS, values)),
        attempts=tuple(
            AttemptLine(*each)._replace(channel=Channel(each.channel))
            for each in conn.execute(_ATTEMPTS, values)
        ),
        events=tuple(EventLine(*each) for each in conn.execute(_EVENTS, values)),
    )


def _decision(row: Any) -> DecisionLine:
    return DecisionLine(*row)._replace(verdict=Verdict(row.verdict), reason=Reason(row.reason))


def replies(conn: Connection, customer_id: int) -> tuple[ReplyLine, ...]:
    """Give what the person wrote."""
    rows = conn.execute(_REPLIES, {"person": customer_id})
    return tuple(ReplyLine(*row)._replace(channel=Channel(row.channel)) for row in rows)


def answers(conn: Connection, customer_id: int) -> tuple[AnswerLine, ...]:
    """Give what the person was answered."""
    rows = conn.execute(_ANSWERS, {"person": customer_id})
    return tuple(AnswerLine(*row)._replace(channel=Channel(row.channel)) for row in rows)


def acts(conn: Connection, customer_id: int) -> tuple[ActLine, ...]:
    """Give what operators did about the person."""
    return tuple(
        ActLine(*row) for row in conn.execute(_ACTS, {"subject": f"customer:{customer_id}"})
    )


_LEDGER = text("""
    SELECT e.*, coalesce(w.text, e.wording) AS shown FROM consent_event e
    LEFT JOIN wording w ON w.digest = e.wording
    WHERE e.customer_id = :person ORDER BY e.seq
""")
_SUPPRESSIONS = text("""
    SELECT DISTINCT brand, reason, source, at FROM suppression
    WHERE channel = :channel AND digest = ANY(:digests) ORDER BY at
""")
# Whether a wave met somebody is asked wave by wave: an index by person would cost every message.
_DELIVERIES = text(f"""
    SELECT d.wave_id, d.customer_id, d.state, d.reason, d.rule, d.channel, d.gateway, d.decided_at,
           d.not_before, nullif(d.send_before, 'infinity') AS send_before, d.settled_at,
           d.consent_event, d.parts, d.cost, d.reference, d.detail,
           {shard_in("w", ":person")} AS shard, w.version_id, v.no AS version,
           c.id AS campaign_id, c.name AS campaign,
           CASE WHEN d.attempt > 0 AND b.route[1] <> d.gateway THEN b.route[1] ELSE '' END
               AS stood_in_for
    FROM wave w JOIN delivery d ON d.wave_id = w.id AND d.customer_id = :person
    JOIN campaign c ON c.id = w.campaign_id JOIN campaign_version v ON v.id = w.version_id
    LEFT JOIN batch b ON b.wave_id = w.id AND b.batch_no = d.batch_no
        AND b.shard = {shard_in("w", ":person")}
    WHERE :campaign IN (0, c.id)
""")
_UNDECIDED = text(f"""
    SELECT c.id, c.name, w.version_id, v.no, w.id
    FROM wave w JOIN audience a ON a.wave_id = w.id AND a.customer_id = :person
        AND a.shard = {shard_in("w", ":person")}
    JOIN campaign c ON c.id = w.campaign_id JOIN campaign_version v ON v.id = w.version_id
    WHERE :campaign IN (0, c.id) AND NOT EXISTS (
        SELECT FROM delivery d WHERE d.wave_id = w.id AND d.customer_id = :person)
""")
_DECISIONS = text("""
    SELECT d.at, n.verdict, n.reason, n.rule, to_timestamp(n.until) AS until, d.rule_book, n.facts,
           coalesce(b.data_version, '') AS data_version, coalesce(b.profile, '') AS profile
    FROM decision d LEFT JOIN rule_book b ON b.hash = d.rule_book
    CROSS JOIN unnest(d.customer_ids, d.verdicts, d.reasons, d.rules, d.untils, d.facts)
         AS n (customer_id, verdict, reason, rule, until, facts)
    WHERE d.wave_id = :wave AND d.shard = :shard AND n.customer_id = :person ORDER BY d.at
""")
_ATTEMPTS = text("""
    SELECT no, channel, gateway, outcome, code, detail, reference, at FROM attempt
    WHERE wave_id = :wave AND customer_id = :person
    UNION ALL
    SELECT attempt, channel, gateway, state, code, detail, reference, settled_at FROM delivery d
    WHERE wave_id = :wave AND customer_id = :person AND state IN ('accepted', 'refused', 'unsure')
      AND NOT EXISTS (SELECT FROM attempt a WHERE (a.wave_id, a.customer_id, a.no)
                                                = (d.wave_id, d.customer_id, d.attempt))
    ORDER BY no
""")
_EVENTS = text("""
    SELECT kind, gateway, at, code, detail FROM event
    WHERE wave_id = :wave AND customer_id = :person ORDER BY at
""")
_REPLIES = text("""
    SELECT received_at, channel, label, text FROM reply WHERE customer_id = :person
    ORDER BY received_at
""")
_ACTS = text("SELECT at, actor, action, detail FROM audit WHERE subject = :subject ORDER BY id")
_ANSWERS = text("""
    SELECT created_at, channel, class, state, text FROM service_message
    WHERE customer_id = :person ORDER BY created_at
""")
