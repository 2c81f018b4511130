"""Customers and their addresses: found by keyed digest, locked in order, shown as people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Address, Person

# A customer `c` is there for everybody once the import that brought the person is done. Cheap to
# join: there are as many imports as files.
VISIBLE = (
    "NOT EXISTS (SELECT FROM import visible_i"
    " WHERE visible_i.id = c.import_id AND visible_i.state <> 'done')"
)

_LOCK = text("SELECT id FROM customer WHERE id = ANY(:people) ORDER BY id FOR NO KEY UPDATE")
_HOLDERS = text(
    "SELECT customer_id FROM address WHERE channel = :channel AND digest = ANY(:digests) UNION"
    " SELECT customer_id FROM address WHERE channel = :channel AND digest_wide = ANY(:digests)"
    " AND digest_wide <> digest ORDER BY customer_id"
)
_HELD_BY = text(
    "SELECT customer_id, digest, digest_wide FROM address"
    " WHERE channel = :channel AND digest = ANY(:digests) UNION"
    " SELECT customer_id, digest, digest_wide FROM address"
    " WHERE channel = :channel AND digest_wide = ANY(:digests)"
    " AND digest_wide <> digest ORDER BY customer_id"
)
_EXACT = text("SELECT customer_id FROM address WHERE channel = :channel AND digest = :digest")
_EXACTLY = text(
    "SELECT digest, customer_id FROM address WHERE channel = :channel AND digest = ANY(:digests)"
)
_PEOPLE = text(
    f"SELECT c.*, {VISIBLE} AS visible, a.channel, a.address, a.digest, a.digest_wide, a.bucket,"
    " a.zones, a.jurisdictions, a.deliverable FROM customer c"
    " LEFT JOIN address a ON a.customer_id = c.id WHERE c.id = ANY(:people) ORDER BY a.channel"
)
_INSERT = text(
    "WITH pressure AS (INSERT INTO person_pressure (customer_id) VALUES (:id)"
    " ON CONFLICT DO NOTHING) INSERT INTO customer"
    " (id, language, country, region, zone, hours_from, hours_until, days, most_a_month, prefers,"
    " attributes) VALUES (:id, :language, :country, :region, :zone, :hours_from, :hours_until,"
    " :days, :most_a_month, :prefers, CAST(:attributes AS jsonb))"
)
_INSERT_ADDRESS = text(
    "INSERT INTO address"
    " (customer_id, channel, address, digest, digest_wide, bucket, zones, jurisdictions) VALUES"
    " (:id, :channel, :address, :digest, :digest_wide, :bucket, :zones, :jurisdictions)"
)
_PREFER = text("UPDATE customer SET prefers = :channel WHERE id = :id AND erased_at IS NULL")
_KEEP_TERMS = text(
    "UPDATE customer SET hours_from = :hours_from, hours_until = :hours_until, days = :days,"
    " most_a_month = :most WHERE id = :id AND erased_at IS NULL"
)
_KEEP_FACTS = text(
    "UPDATE customer SET attributes = attributes || CAST(:facts AS jsonb)"
    " WHERE id = :id AND erased_at IS NULL"
)
_ALIVE = text(
    "UPDATE address SET deliverable = true"
    " WHERE customer_id = :id AND channel = :channel AND NOT deliverable"
)
_PART = text("DELETE FROM address WHERE customer_id = :id AND channel = :channel")
_DEAD = text(
    "UPDATE address SET deliverable = false"
    " WHERE customer_id = :id AND channel = :channel AND deliverable"
)


def lock_people(conn: Connection, person_ids: Iterable[int]) -> set[int]:
    """Lock customers in the order of their ids until the transaction ends; give those found."""
    people = list(person_ids)
    return set(conn.execute(_LOCK, {"people": people}).scalars()) if people else set()


def holders(conn: Connection, channel: Channel, digests: Sequence[bytes]) -> list[int]:
    """Give everybody whose address on a channel has one of these digests, in plain form too."""
    return list(conn.execute(_HOLDERS, {"channel": channel, "digests": list(digests)}).scalars())


def held_by(
    conn: Connection, channel: Channel, digests: Sequence[bytes]
) -> list[tuple[int, bytes, bytes]]:
    """Give (customer, digest, plain digest) of each address that `holders` would find."""
    asked = {"channel": channel, "digests": list(digests)}
    return [
        (person, bytes(digest), bytes(wide))
        for person, digest, wide in conn.execute(_HELD_BY, asked)
    ]


def holder(conn: Connection, channel: Channel, digest: bytes) -> int | None:
    """Give the one customer with exactly this address."""
    return conn.execute(_EXACT, {"channel": channel, "digest": digest}).scalar_one_or_none()


def holders_of(conn: Connection, channel: Channel, digests: Iterable[bytes]) -> dict[bytes, int]:
    """Give the customer with exactly this address, of each that has one."""
    asked = {"channel": channel, "digests": list(digests)}
    return {bytes(row.digest): row.customer_id for row in conn.execute(_EXACTLY, asked)}


def people(conn: Connection, person_ids: Iterable[int]) -> dict[int, Person]:
    """Give customers with their addresses, also those that are not visible yet."""
    wanted = list(person_ids)
    rows: dict[int, list[Row[Any]]] = {}
    for row in conn.execute(_PEOPLE, {"people": wanted}) if wanted else ():
        rows.setdefault(row.id, []).append(row)
    return {
        customer_id: _as_person(found[0], tuple(_as_address(row) for row in found if row.channel))
        for customer_id, found in rows.items()
    }


def person(conn: Connection, customer_id: int) -> Person | None:
    """Give one customer."""
    return people(conn, [customer_id]).get(customer_id)


def add(conn: Connection, new: Person) -> None:
    """Add one customer who is visible at once; an address that is taken is an IntegrityError."""
    conn.execute(
        _INSERT,
        {
            "id": new.id,
            "language": new.language,
            "country": new.country,
            "region": new.region,
            "zone": new.zone,
            "hours_from": new.hours_from,
            "hours_until": new.hours_until,
            "days": new.days,
            "most_a_month": new.most_a_month,
            "prefers": new.prefers or "",
            "attributes": orjson.dumps(dict(new.attributes)).decode(),
        },
    )
    for at in new.addresses:
        add_address(conn, new.id, at)


def add_address(conn: Connection, customer_id: int, at: Address) -> None:
    """Add an address to a customer; one that is taken is an IntegrityError."""
    conn.execute(
        _INSERT_ADDRESS,
        {
            "id": customer_id,
            "channel": at.channel,
            "address": at.address,
            "digest": at.digest,
            "digest_wide": at.digest_wide,
            "bucket": at.bucket,
            "zones": list(at.zones),
            "jurisdictions": list(at.jurisdictions),
        },
    )


def prefer(conn: Connection, customer_id: int, channel: Channel | None) -> None:
    """Note the channel somebody wants to be reached on first, or that they do not mind."""
    conn.execute(_PREFER, {"id": customer_id, "channel": channel or ""})


def keep_terms(conn: Connection, person: Person) -> None:
    """Keep the hours, the days and the most offers a month that somebody wants."""
    values = {
        "id": person.id,
        "hours_from": person.hours_from,
        "hours_until": person.hours_until,
        "days": person.days,
        "most": person.most_a_month,
    }
    conn.execute(_KEEP_TERMS, values)


def keep_facts(conn: Connection, customer_id: int, facts: Mapping[str, str]) -> None:
    """Keep what somebody told of themselves, in the place of what was known."""
    row = {"id": customer_id, "facts": orjson.dumps(dict(facts)).decode()}
    conn.execute(_KEEP_FACTS, row)


def mark_undeliverable(conn: Connection, customer_id: int, channel: Channel) -> bool:
    """Note that an address does not exist (any more); give whether that is news."""
    return conn.execute(_DEAD, {"id": customer_id, "channel": channel}).rowcount == 1


def part(conn: Connection, customer_id: int, channel: Channel) -> None:
    """Part an address from somebody whose it is not: whoever has it now is a stranger to us."""
    conn.execute(_PART, {"id": customer_id, "channel": channel})


def mark_deliverable(conn: Connection, customer_id: int, channel: Channel) -> None:
    """Note that somebody was heard from an address after all."""
    conn.execute(_ALIVE, {"id": customer_id, "channel": channel})


def _as_address(row: Row[Any]) -> Address:
    return Address(
        channel=Channel(row.channel),
        address=row.address,
        digest=bytes(row.digest),
        digest_wide=bytes(row.digest_wide),
        bucket=row.bucket,
        zones=tuple(row.zones),
        jurisdictions=tuple(row.jurisdictions),
        deliverable=row.deliverable,
    )


def _as_person(row: Row[Any], addresses: tuple[Address, ...]) -> Person:
    return Person(
        id=row.id,
        language=row.language,
        country=row.country,
        region=row.region,
        zone=row.zone,
        hours_from=row.hours_from,
        hours_until=row.hours_until,
        days=row.days,
        most_a_month=row.most_a_month,
        attributes=row.attributes,
        addresses=addresses,
        visible=row.visible,
        erased=row.erased_at is not None,
        prefers=Channel(row.prefers) if row.prefers else None,
    )
