"""Files of customers for tests, and what became of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, customers
from tests.support.people import ANNA, address

EVIDENCE = "2026-05-01,gdpr_consent,web form,I want offers by e-mail"
FULL = (
    "email,phone,first_name,language,topics,consent_at,consent_kind,consent_source,consent_wording"
)


def person(desk: Desk, email: str = ANNA) -> Any:
    with desk.database.begin() as conn:
        found = customers.holder(conn, Channel.EMAIL, address(Channel.EMAIL, email).digest)
        return customers.person(conn, found) if found else None


def state(
    desk: Desk, topic: str = "coffee", channel: Channel = Channel.EMAIL, email: str = ANNA
) -> ConsentState:
    who = person(desk, email).id
    with desk.database.begin() as conn:
        return consents.consent_of(conn, channel, topic, [who])[who].state


def count(desk: Desk, table: str) -> int:
    with desk.database.begin() as conn:
        return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def people_file(n: int) -> str:
    rows = (f"p{i}@example.com,,P{i},fr,coffee,{EVIDENCE}" for i in range(n))
    return "\n".join((FULL, *rows)) + "\n"
