"""Grounds: on which of two consents an offer stands, and whether one message has used it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.consent_terms import ONCE
from dispatcher.domain.customers import Recipient
from dispatcher.rules.consent import ended
from dispatcher.storage.database import numbers, rows_of

Beside = Mapping[int, Sequence[Any]]  # customer -> their consent to every topic, beside one to this


def with_grounds(
    conn: Connection, people: list[Recipient], beside: Beside, wave: int, now: float
) -> list[Recipient]:
    """Put the consent to every topic in the place of one that has ended, where it still holds."""
    single = [each.customer_id for each in people if each.consent_kind in ONCE]
    single += [customer_id for customer_id, (_, kind, *_) in beside.items() if kind in ONCE]
    if not (single or beside):
        return people
    used = _used(conn, people[0], single, wave) if single else {}
    return [_standing(each, beside.get(each.customer_id), used, now) for each in people]


def _standing(
    person: Recipient, other: Sequence[Any] | None, used: Mapping[int, float], now: float
) -> Recipient:
    person = _spent(person, used)
    if other is None or ended(person, now) is None:
        return person
    event, kind, since, heard_at = other
    in_all = person._replace(
        consent_event=int(event),
        consent_kind=kind,
        consent_since=float(since),
        heard_at=float(heard_at),
        consent_in_all=True,
    )
    in_all = _spent(in_all, used)
    return person if ended(in_all, now) else in_all


def _spent(person: Recipient, used: Mapping[int, float]) -> Recipient:
    last = used.get(person.customer_id, -1.0)
    spent = person.consent_kind in ONCE and last >= person.consent_since
    return person._replace(consent_used=spent) if spent != person.consent_used else person


def _used(conn: Connection, one: Recipient, ids: list[int], wave: int) -> dict[int, float]:
    values = {"ids": numbers(ids), "channel": one.channel, "wave": wave}
    return dict(rows_of(conn, _USED, values))


_USED = text("""
    SELECT customer_id, max(extract(epoch FROM at))::float8 FROM contact
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND channel = :channel AND wave_id <> :wave
    GROUP BY customer_id
""")
