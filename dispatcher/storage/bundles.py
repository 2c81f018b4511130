"""Bundles: reads what a campaign did, and the proof that it was allowed, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.storage import evidence
from dispatcher.storage.waves import SHARDS

Row = dict[str, Any]


def versions(conn: Connection, campaign_id: int) -> list[Row]:
    """Give every version of a campaign: the file as it was written, and what was pinned."""
    return _all(conn, _VERSIONS, campaign=campaign_id)


def waves(conn: Connection, campaign_id: int) -> list[Row]:
    """Give every wave of a campaign."""
    return _all(conn, _WAVES, campaign=campaign_id)


def shards_of(wave: Row) -> range:
    """Name the shards that a wave's batches begin with."""
    return range(0, SHARDS, wave["shard_width"])


def acts(conn: Connection, campaign_id: int) -> list[Row]:
    """Give what operators did to a campaign."""
    return _all(conn, _ACTS, subject=f"campaign:{campaign_id}")


def rule_books(conn: Connection) -> list[Row]:
    """Give every rule book that ever decided."""
    return _all(conn, _RULE_BOOKS)


def checkpoints(conn: Connection) -> Iterator[Row]:
    """Give the chain of checkpoints; one a minute at most, for years."""
    for row in conn.execute(_CHECKPOINTS, execution_options={"yield_per": 2_000}):
        yield _plain(row._mapping)


def wordings(conn: Connection, digests: Iterable[str]) -> list[Row]:
    """Give the texts that were shown."""
    return _all(conn, _WORDINGS, digests=sorted(digests))


def people(
    conn: Connection, wave: int, shard: int, *, with_evidence: bool = False
) -> Iterator[Row]:
    """Give everybody of a shard with verdicts, and the consents of those who were written to."""
    place = {"wave": wave, "shard": shard}
    deliveries = [_plain(row._mapping) for row in conn.execute(_DELIVERIES, place)]
    if not deliveries:
        return
    told = [row["customer_id"] for row in deliveries if row["state"] in ("accepted", "unsure")]
    decisions = _grouped(conn, _DECISIONS, place)
    chains = _grouped(conn, _CHAINS, {"people": told}) if told else {}
    kept = evidence.reveal(conn, told) if with_evidence else {}
    for delivery in deliveries:
        person = delivery.pop("customer_id")
        chain = chains.get(person, [])
        row: Row = {
            "wave": wave,
            "person": person,
            "delivery": delivery,
            "decisions": decisions.get(person, []),
            "consents": chain,
        }
        if with_evidence:
            row["evidence"] = {
                str(each["id"]): kept[each["id"]] for each in chain if each["id"] in kept
            }
        yield row


def _grouped(conn: Connection, query: Any, values: Mapping[str, Any]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in conn.execute(query, values):
        plain = _plain(row._mapping)
        found.setdefault(plain.pop("customer_id"), []).append(plain)
    return found


def _all(conn: Connection, query: Any, **values: Any) -> list[Row]:
    return [_plain(row._mapping) for row in conn.execute(query, values)]


def _plain(row: Mapping[Any, Any]) -> Row:
    """Give a row as JSON can hold it; hashes are written in hex."""
    return {
        str(name): bytes(value).hex() if isinstance(value, bytes | memoryview) else value
        for name, value in row.items()
    }


_VERSIONS = text("""
    SELECT id, no, source, spec, template, digest, approved_by, approved_at
    FROM campaign_version WHERE campaign_id = :campaign ORDER BY no
""")
_WAVES = text("""
    SELECT id, version_id, state, shard_width, people,
           nullif(closes_at, 'infinity') AS closes_at, created_at, finished_at
    FROM wave WHERE campaign_id = :campaign ORDER BY id
""")
_ACTS = text("""
    SELECT id, at, actor, action, subject, detail FROM audit
    WHERE subject = :subject ORDER BY id
""")
_RULE_BOOKS = text("SELECT * FROM rule_book ORDER BY first_used, hash")
_CHECKPOINTS = text("SELECT * FROM consent_checkpoint ORDER BY id")
_WORDINGS = text("""
    SELECT digest, text, language, max_per_month FROM wording
    WHERE digest = ANY(:digests) ORDER BY digest
""")
_DELIVERIES = text("""
    SELECT d.customer_id, d.state, d.reason, d.rule, d.channel, d.gateway, d.attempt,
           d.consent_event, d.decided_at, nullif(d.send_before, 'infinity') AS send_before,
           d.settled_at, d.parts, d.rendered,
           CAST(d.cost AS float8) AS cost, d.code
    FROM audience a JOIN delivery d ON (d.wave_id, d.customer_id) = (a.wave_id, a.customer_id)
    WHERE a.wave_id = :wave AND a.shard = :shard ORDER BY d.customer_id
""")
_DECISIONS = text("""
    SELECT n.customer_id, d.at, n.verdict, n.reason, n.rule,
           nullif(to_timestamp(n.until), 'infinity') AS until, d.rule_book, n.facts
    FROM decision d
    CROSS JOIN unnest(d.customer_ids, d.verdicts, d.reasons, d.rules, d.untils, d.facts)
         AS n (customer_id, verdict, reason, rule, until, facts)
    WHERE d.wave_id = :wave AND d.shard = :shard ORDER BY n.customer_id, d.at
""")
_CHAINS = text("""
    SELECT customer_id, id, seq, channel, topic, action, source, kind, wording, origin,
           occurred_at, received_at, commitments, prev_hash, hash
    FROM consent_event WHERE customer_id = ANY(:people) ORDER BY customer_id, seq
""")
