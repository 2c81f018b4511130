"""A desk over a real database, and people to put before it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.addresses import places_of_phone
from dispatcher.domain.consents import ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Address, Person
from dispatcher.domain.places import Places
from dispatcher.services.subscribe import Act, Desk, opt_in
from dispatcher.storage import clock, customers
from dispatcher.storage.database import Database
from dispatcher.tokens import Digests

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
DIGESTS = Digests([b"a pepper of the tests"])
ANNA = "anna@example.com"
ANNAS_PHONE = "+447700900123"


def later(minutes: float) -> datetime:
    """Give an instant after noon."""
    return NOON + timedelta(minutes=minutes)


@contextmanager
def desk_on(url: str) -> Iterator[Desk]:
    """Open a desk on a database; its randomness is the same in each run."""
    database = Database(url, pool_size=4)
    yield Desk(database, DIGESTS, random.Random(7).randbytes)
    database.dispose()


def set_clock(conn: Connection, to: datetime) -> None:
    """Let the programme's clock show this instant."""
    clock.set_ahead(conn, timedelta(seconds=to.timestamp() - clock.now(conn)))


def address(channel: Channel, written: str) -> Address:
    """Make an address row from a normal form."""
    digests = DIGESTS.store(channel, written)
    places = places_of_phone(written) if channel is Channel.SMS else Places()
    return Address(
        channel,
        written,
        digests[0],
        digests[-1],
        DIGESTS.holdout_bucket(written),
        places.zones,
        jurisdictions=places.jurisdictions,
    )


def add_person(
    desk: Desk, customer_id: int = 7, *, email: str = ANNA, phone: str = ANNAS_PHONE, **facts: str
) -> int:
    """Add a customer; an empty address is none."""
    pairs = ((Channel.EMAIL, email), (Channel.SMS, phone))
    addresses = tuple(address(channel, written) for channel, written in pairs if written)
    with desk.database.begin() as conn:
        customers.add(conn, Person(customer_id, addresses=addresses, **facts))  # type: ignore[arg-type]
    return customer_id


def consent_to(
    desk: Desk, topic: str = "coffee", channel: Channel = Channel.SMS, customer_id: int = 7
) -> None:
    """Let somebody have opted in, a day before noon, by an import with evidence."""
    act = Act(
        customer_id,
        channel,
        NOON - timedelta(days=1),
        topic=topic,
        source=ConsentSource.IMPORT,
        kind="gdpr_consent",
    )
    assert opt_in(desk, act)


_NEEDED = text(
    "SELECT column_name, data_type FROM information_schema.columns"
    " WHERE table_name = :table AND is_nullable = 'NO' AND column_default IS NULL"
    " AND is_identity = 'NO'"
)
_ANYTHING = {"text": "''", "timestamp with time zone": "now()", "boolean": "false"}


def insert(conn: Connection, table: str, **values: Any) -> None:
    """Insert a row of which a test minds only some columns."""
    needed = {row.column_name: row.data_type for row in conn.execute(_NEEDED, {"table": table})}
    rest = {name: _ANYTHING.get(kind, "0") for name, kind in needed.items() if name not in values}
    names = ", ".join([*values, *rest])
    places = ", ".join([*(f":{name}" for name in values), *rest.values()])
    conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
