"""Events: what gateways tell of messages after their hand-over, each told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel, Event

_MOST = 1000  # characters kept of what a gateway says
_LARGEST = 2**63 - 1
_INSERT = text(
    "INSERT INTO event (dedup_key, gateway, kind, at, received_at, wave_id, customer_id,"
    " reference, code, detail)"
    " SELECT * FROM unnest(CAST(:dedup_key AS text[]), CAST(:gateway AS text[]),"
    " CAST(:kind AS text[]), CAST(:at AS timestamptz[]), CAST(:received_at AS timestamptz[]),"
    " CAST(:wave_id AS bigint[]), CAST(:customer_id AS bigint[]), CAST(:reference AS text[]),"
    " CAST(:code AS text[]), CAST(:detail AS text[]))"
    " ON CONFLICT (dedup_key) DO NOTHING RETURNING dedup_key"
)
_COLUMNS = (
    *("dedup_key", "gateway", "kind", "at", "received_at"),
    *("wave_id", "customer_id", "reference", "code", "detail"),
)
_BY_KEY = text(
    "SELECT customer_id, wave_id, channel FROM delivery"
    " WHERE wave_id = :wave_id AND customer_id = :customer_id"
)
_BY_REFERENCE = text(
    "SELECT customer_id, wave_id, channel FROM attempt"
    " WHERE gateway = :gateway AND reference = :reference AND reference <> '' LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event at a time we trust: never later than when we heard it."""

    event: Event
    at: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose message an event is about."""

    customer_id: int
    wave_id: int
    channel: Channel


def record(conn: Connection, heard: Iterable[Heard]) -> list[Heard]:
    """Record events and give those that are new, one for each key, in the order of their keys."""
    unique = {clean(one.event.dedup_key): one for one in heard}
    keys = sorted(unique)  # the same order in every transaction: no deadlock
    rows = [_row(key, unique[key]) for key in keys]
    if not rows:
        return []
    columns = map(list, zip(*rows, strict=True))
    values = dict(zip(_COLUMNS, columns, strict=True))
    fresh = set(conn.execute(_INSERT, values).scalars())
    return [unique[key] for key in keys if key in fresh]


def subject_of(conn: Connection, event: Event) -> Subject | None:
    """Find whose message an event is about: by our own id, else by the gateway's."""
    if event.key and ours(event):
        row = conn.execute(_BY_KEY, event.key._asdict()).one_or_none()
    elif event.reference:
        names = {"gateway": clean(event.gateway), "reference": clean(event.reference)}
        row = conn.execute(_BY_REFERENCE, names).one_or_none()
    else:
        row = None
    return Subject(row.customer_id, row.wave_id, Channel(row.channel)) if row else None


def ours(event: Event) -> bool:
    """Say whether an event names one of our messages; a number no row can have is not ours."""
    return event.key is not None and all(0 <= number <= _LARGEST for number in event.key)


def clean(words: str, most: int = _MOST) -> str:
    """Make what came from outside fit to be kept: no NUL, no half characters, not endless."""
    return words[:most].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _row(key: str, one: Heard) -> Sequence[object]:
    event = one.event
    return (
        *(key, clean(event.gateway), event.kind, one.at, one.heard_at),
        event.key.wave_id if event.key and ours(event) else None,
        event.key.customer_id if event.key and ours(event) else None,
        *(clean(event.reference), clean(event.code), clean(event.detail)),
    )
