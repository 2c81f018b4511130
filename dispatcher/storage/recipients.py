"""Recipients: every fact about a batch's people, in set-based reads under the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.places import Places, with_home
from dispatcher.rules.jurisdictions import Jurisdictions
from dispatcher.storage import (
    context_flags,
    grounds,
    hours_agreements,
    reconfirmations,
    requests,
    signals,
    signs_of_life,
)
from dispatcher.storage.batches import PLACES, UNDECIDED
from dispatcher.storage.consents import (
    BESIDE,
    IN_ALL,
    PERMISSION_EVENT,
    PERMISSION_JOIN,
    PERMISSION_KIND,
    PERMISSION_STATE,
    PROMISED,
    PROMISED_IN_ALL,
)
from dispatcher.storage.database import Row, numbers, rows_of
from dispatcher.storage.deliveries import DELIVERY_JOIN
from dispatcher.storage.segments import (
    channel_joins,
    channel_parameters,
    membership,
    permitted_channel,
)
from dispatcher.storage.signs_of_life import HEARD_AT, LIFE_JOIN
from dispatcher.storage.suppressions import SUPPRESSION_JOIN

_CONTACTS_FOR = 31 * 24 * 3600.0  # seconds: the longest window a cap may have


def lock_undecided(conn: Connection, batch: Batch, limit: int) -> list[int]:
    """Lock the pressure rows of people in the batch who have no verdict yet, at most `limit`.

    Rows another batch holds are passed over and taken up in the next round: no waiting, and no
    deadlock. Caps are only read in the statement after this one, on its own snapshot: counting
    in the same statement would count on the snapshot from before the wait.
    """
    values = {**batch.key._asdict(), "limit": limit}
    return [person for (person,) in rows_of(conn, _LOCK, values)]


_LOCK = text(f"""
    SELECT p.customer_id FROM person_pressure p
    WHERE p.customer_id IN (
        SELECT a.customer_id FROM {PLACES}
        WHERE (a.wave_id, a.shard, a.batch_no) = (:wave_id, :shard, :batch_no) AND {UNDECIDED})
    ORDER BY p.customer_id LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
""")


def load(
    conn: Connection,
    batch: Batch,
    spec: CampaignSpec,
    ids: list[int],
    now: float,
    data: Jurisdictions,
) -> list[Recipient]:
    """Load everything the rules may know about these people on the batch's channel, by id.

    `data` tells for whom hours agreed to by their own hand are to be read.
    """
    condition, values = membership(replace(spec.audience, viewed=(), ending=False))
    values |= {
        "ids": numbers(ids),
        "channel": batch.channel,
        "topic": spec.audience.topic,
        "brand": spec.brand.id,
        "wave": batch.key.wave_id,
    }
    rows = rows_of(conn, _load(condition), values)
    contacts = _contacts(conn, ids, batch.key.wave_id, now)
    people = [_recipient(row, batch.channel, contacts) for row in rows]
    beside = {row[0]: row[27] for row in rows if row[27] and not spec.policy.own_consent}
    people = grounds.with_grounds(conn, people, beside, batch.key.wave_id, now)
    held = context_flags.standing(conn, ids, spec.brand.id, now)
    asked = requests.open_ones(conn, ids, now)
    people = [_held(person, held) for person in people] if held else people
    people = [_asking(person, asked) for person in people] if asked else people
    people = hours_agreements.with_agreed(conn, data, batch.channel, people)
    if spec.policy.asks:
        ignored = signs_of_life.ignored(conn, ids, batch.key.wave_id, now)
        people = [each._replace(ignored=ignored.get(each.customer_id, 0)) for each in people]
    if spec.policy.reminds_of:
        found = signals.interests(conn, ids, spec.policy, batch.key.wave_id, now)
        people = [each._replace(interest=found.get(each.customer_id)) for each in people]
    if spec.policy.reconfirms:
        people = reconfirmations.with_asks(conn, people, batch.key.wave_id)
    return people


# The columns stand in the order of Recipient's fields, which is how they are taken up. Arrays are
# only fetched where there is something in them: reading an empty one costs as much.
_LOAD = f"""
    SELECT c.id, coalesce(a.address, ''), coalesce(a.deliverable, false),
           c.language, c.country, c.zone, CASE c.zone WHEN '' THEN nullif(a.zones, '{{{{}}}}') END,
           c.hours_from, c.hours_until,
           CASE WHEN c.erased_at IS NULL THEN coalesce(suppressed.reason, '') ELSE 'erased' END,
           {PERMISSION_STATE}, {PERMISSION_EVENT},
           coalesce(a.bucket, 0), ({{condition}}), coalesce(d.tries, 0), c.attributes,
           coalesce(floor(extract(epoch FROM CASE WHEN consent_t.state = 'active'
               THEN consent_t.since ELSE consent_w.since END))::float8, 0),
           coalesce(extract(epoch FROM d.held_since)::float8, 0), c.region,
           nullif(a.jurisdictions, '{{{{}}}}'),
           {PROMISED}, {PROMISED_IN_ALL}, {IN_ALL},
           {PERMISSION_KIND},
           coalesce(floor(extract(epoch FROM CASE WHEN consent_t.state = 'active'
               THEN {HEARD_AT.format(consent="consent_t")}
               ELSE {HEARD_AT.format(consent="consent_w")} END))::float8, 0),
           c.most_a_month, c.days, {BESIDE}
    FROM customer c
    LEFT JOIN address a ON a.customer_id = c.id AND a.channel = :channel
    {PERMISSION_JOIN.format(person="c.id")}
    {LIFE_JOIN.format(person="c.id")}
    {SUPPRESSION_JOIN.format(address="a")}
    {DELIVERY_JOIN.format(wave=":wave", person="c.id")}
    WHERE c.id = ANY(CAST(:ids AS bigint[])) ORDER BY c.id
"""


@lru_cache(maxsize=64)
def _load(condition: str) -> TextClause:
    return text(_LOAD.format(condition=condition))


_STATES = {state.value: state for state in ConsentState}
_CHANNELS = {channel.value: channel for channel in Channel}


def _recipient(
    row: Row, channel: Channel, contacts: Mapping[int, tuple[Contact, ...]]
) -> Recipient:
    consent = _STATES[row[10]]
    known = contacts.get(row[0], ())
    places = places_of(row[4], row[18], row[5], Places(tuple(row[19] or ()), tuple(row[6] or ())))
    head = (row[0], channel, *row[1:6], places.zones, *row[7:10], consent, row[11], known)
    facts: list[Any] = [*head, *row[12:18], places.jurisdictions, *row[20:25]]
    person = Recipient(*facts)
    most, days = row[25:27]  # few people have either
    return person._replace(most_a_month=most, days=days) if most or days else person


def places_of(country: str, region: str, zone: str, number: Places) -> Places:
    """Give what number and residence leave possible; the zone that the person said outdoes it."""
    places = with_home(number, country, region)
    return places._replace(zones=()) if zone else places


def reached_elsewhere(
    conn: Connection, batch: Batch, spec: CampaignSpec, ids: list[int]
) -> set[int]:
    """Give who would now be written to on another of the campaign's channels."""
    query = _ELSEWHERE.format(joins=channel_joins(spec.channels), channel=permitted_channel(spec))
    values = channel_parameters(spec) | {"ids": numbers(ids), "channel": batch.channel}
    return {person for (person,) in rows_of(conn, text(query), values)}


_ELSEWHERE = """
    SELECT c.id FROM customer c {joins}
    WHERE c.id = ANY(CAST(:ids AS bigint[])) AND {channel} <> :channel
"""


def _held(person: Recipient, held: Mapping[int, context_flags.Standing]) -> Recipient:
    found = held.get(person.customer_id)
    return person._replace(context=found.flag, context_until=found.until) if found else person


def _asking(person: Recipient, asked: Mapping[int, float]) -> Recipient:
    at = asked.get(person.customer_id)
    return person._replace(asked_at=at) if at else person


def _contacts(
    conn: Connection, ids: list[int], wave: int, now: float
) -> dict[int, tuple[Contact, ...]]:
    values = {"ids": numbers(ids), "since": now - _CONTACTS_FOR, "wave": wave}
    found: dict[int, list[Contact]] = {}
    for customer_id, at, channel, *offer in rows_of(conn, _CONTACTS, values):
        contact = Contact(at, _CHANNELS[channel], *offer)
        found.setdefault(customer_id, []).append(contact)
    return {customer_id: tuple(contacts) for customer_id, contacts in found.items()}


_CONTACTS = text("""
    SELECT customer_id, extract(epoch FROM at)::float8, channel, brand, subject, campaign_id,
           offer_code, asked
    FROM contact
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND at > to_timestamp(:since)
      AND wave_id <> :wave
    ORDER BY at
""")
