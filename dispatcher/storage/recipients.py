"""Recipients: every fact about a batch's people, in set-based reads under the lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.storage.batches import UNDECIDED
from dispatcher.storage.consents import PERMISSION_EVENT, PERMISSION_JOIN, PERMISSION_STATE
from dispatcher.storage.segments import membership
from dispatcher.storage.suppressions import SUPPRESSION_JOIN

_CONTACTS_FOR = 31 * 24 * 3600.0  # seconds: the longest window a cap may have


def lock_undecided(conn: Connection, batch: Batch, limit: int) -> list[int]:
    """Lock the pressure rows of people in the batch who have no verdict yet, at most `limit`.

    Rows another batch holds are passed over and taken up in the next round: no waiting, and no
    deadlock. Caps are only read in the statement after this one, on its own snapshot: counting
    in the same statement would count on the snapshot from before the wait.
    """
    values = {**batch.key._asdict(), "limit": limit}
    return [int(row) for row in conn.execute(_LOCK, values).scalars()]


_LOCK = text(f"""
    SELECT p.customer_id FROM person_pressure p
    WHERE p.customer_id IN (
        SELECT a.customer_id FROM audience a LEFT JOIN delivery d USING (wave_id, customer_id)
        WHERE (a.wave_id, a.shard, a.batch_no) = (:wave_id, :shard, :batch_no) AND {UNDECIDED})
    ORDER BY p.customer_id LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
""")


def load(
    conn: Connection, batch: Batch, spec: CampaignSpec, ids: list[int], now: float
) -> list[Recipient]:
    """Load everything the rules may know about these people on the batch's channel, by id."""
    condition, values = membership(spec.audience)
    values |= {
        "ids": ids,
        "channel": batch.channel,
        "topic": spec.audience.topic,
        "brand": spec.brand.id,
        "wave": batch.key.wave_id,
    }
    rows = conn.execute(text(_LOAD.format(condition=condition)), values).all()
    contacts = _contacts(conn, ids, batch.key.wave_id, now)
    return [_recipient(row, batch.channel, contacts.get(row.id, ())) for row in rows]


_LOAD = f"""
    SELECT c.id, coalesce(a.address, '') AS address, coalesce(a.deliverable, false) AS deliverable,
           c.language, c.country, c.zone, coalesce(a.zones, '{{{{}}}}') AS zones,
           c.hours_from, c.hours_until, coalesce(suppressed.reason, '') AS suppressed,
           {PERMISSION_STATE} AS consent_state, {PERMISSION_EVENT} AS consent_event,
           coalesce(a.bucket, 0) AS bucket,
           ({{condition}}) AS in_audience, coalesce(d.tries, 0) AS tries,
           coalesce(d.attempt, 0) AS attempt, c.attributes,
           coalesce(extract(epoch FROM CASE WHEN consent_t.state = 'active'
               THEN consent_t.since ELSE consent_w.since END)::float8, 0) AS since,
           coalesce(extract(epoch FROM d.held_since)::float8, 0) AS held_since
    FROM customer c
    LEFT JOIN address a ON a.customer_id = c.id AND a.channel = :channel
    {PERMISSION_JOIN.format(person="c.id")}
    {SUPPRESSION_JOIN.format(address="a")}
    LEFT JOIN delivery d ON d.wave_id = :wave AND d.customer_id = c.id
    WHERE c.id = ANY(:ids) ORDER BY c.id
"""


def _recipient(row: Any, channel: Channel, contacts: tuple[Contact, ...]) -> Recipient:
    return Recipient(
        row.id,
        channel,
        row.address,
        row.deliverable,
        row.language,
        row.country,
        row.zone,
        tuple(row.zones),
        row.hours_from,
        row.hours_until,
        row.suppressed,
        ConsentState(row.consent_state),
        row.consent_event,
        contacts,
        row.bucket,
        row.in_audience,
        row.tries,
        row.attributes,
        row.since,
        row.held_since,
    )


def _contacts(
    conn: Connection, ids: list[int], wave: int, now: float
) -> dict[int, tuple[Contact, ...]]:
    values = {"ids": ids, "since": now - _CONTACTS_FOR, "wave": wave}
    found: dict[int, list[Contact]] = {}
    for customer_id, at, channel, brand, subject in conn.execute(_CONTACTS, values):
        contact = Contact(float(at), Channel(channel), brand, subject)
        found.setdefault(customer_id, []).append(contact)
    return {customer_id: tuple(contacts) for customer_id, contacts in found.items()}


_CONTACTS = text("""
    SELECT customer_id, extract(epoch FROM at)::float8, channel, brand, subject FROM contact
    WHERE customer_id = ANY(:ids) AND at > to_timestamp(:since) AND wave_id <> :wave
    ORDER BY at
""")
