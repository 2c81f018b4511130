"""The hash chains of the consent ledger: one per person, and the checkpoints over all heads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, text

from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.storage import evidence

GENESIS = bytes(32)
_FORM = 1  # of the canonical bytes; a new form gets a new number, old rows keep theirs
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_CHAIN = text(
    "SELECT * FROM consent_event WHERE customer_id = ANY(:people) ORDER BY customer_id, seq"
)
_BOUNDS = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_LAST = text("SELECT * FROM consent_checkpoint ORDER BY id DESC LIMIT 1")
_CHECKPOINTS = text("SELECT * FROM consent_checkpoint WHERE id > :after ORDER BY id")
_NEW_HEADS = text(
    "SELECT DISTINCT ON (customer_id) id, customer_id, seq, hash FROM consent_event"
    " WHERE xid >= :from_xid AND xid < :up_to AND id > :low_id AND id <= :last_id"
    " ORDER BY customer_id, seq DESC"
)
_CHECKPOINT = text(
    "INSERT INTO consent_checkpoint"
    " (from_xid, up_to, low_id, last_id, people, prev_hash, hash)"
    " VALUES (:from_xid, :up_to, :low_id, :last_id, :people, :prev_hash, :hash)"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('consent_checkpoint'))")
_NO_LIMIT = 2**63 - 1
_IN_PARTS = {"yield_per": 2_000}  # rows fetched at once


class Fault(NamedTuple):
    """Where a ledger does not hold: `seq` is 0 for a checkpoint, whose id is `customer_id`."""

    customer_id: int
    seq: int
    problem: str


def link(prev: bytes, seq: int, event: ConsentEvent, commitments: Mapping[str, str]) -> bytes:
    """Give the hash of an event: SHA-256 over the one before and its own canonical bytes."""
    body = orjson.dumps(
        [
            _FORM,
            event.customer_id,
            seq,
            event.channel,
            event.topic,
            event.action,
            event.source,
            event.kind,
            event.wording,
            event.origin,
            microseconds(event.occurred_at),
            microseconds(event.received_at),
            sorted(commitments.items()),
        ]
    )
    return hashlib.sha256(prev + body).digest()


# The same bytes in SQL, for an event `e` without evidence that occurred in microsecond `e.occurred`
# since 1970 and was received in `:received`. What comes from us and the topic hold no letter that
# JSON would write otherwise; the origin is what somebody wrote.
BODY_SQL = f"""
    '[{_FORM},' || e.customer_id || ',' || e.seq || ',"' || e.channel || '","' || e.topic
        || '","' || e.action || '","' || e.source || '","' || e.kind || '","' || e.wording
        || '",' || to_json(e.origin) || ',' || e.occurred || ',' || CAST(:received AS text)
        || ',[]]'
"""


def microseconds(instant: datetime) -> int:
    """Give an instant as the canonical bytes have it: microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def verify_chain(conn: Connection, person_ids: Iterable[int]) -> list[Fault]:
    """Check these people's chains and what is kept of their evidence; nothing found: whole."""
    people = list(person_ids)
    kept = evidence.reveal(conn, people)
    faults = []
    person, seq, prev = 0, 0, GENESIS
    for row in conn.execute(_CHAIN, {"people": people}):
        if row.customer_id != person:
            person, seq, prev = row.customer_id, 0, GENESIS
        seq += 1
        if problem := _problem(row, seq, prev, kept.get(row.id)):
            faults.append(Fault(person, row.seq, problem))
        seq, prev = row.seq, bytes(row.hash)
    return faults


def checkpoint(conn: Connection) -> int:
    """Chain the heads that are new since the last checkpoint into one; give how many people.

    Goes by transaction id: numbers may commit out of order, but below the oldest transaction
    still running nothing can appear any more.
    """
    conn.execute(_LOCK)
    last = conn.execute(_LAST).one_or_none()
    span = _span(last, conn.execute(_BOUNDS).scalar_one())
    heads = conn.execute(_NEW_HEADS, span | {"last_id": _NO_LIMIT}).all()
    if not heads:
        return 0
    prev = bytes(last.hash) if last else GENESIS
    row = {
        "last_id": max(head.id for head in heads),
        "people": len(heads),
        "prev_hash": prev,
        "hash": _summary(prev, heads),
    }
    conn.execute(_CHECKPOINT, span | row)
    return len(heads)


def verify_checkpoints(conn: Connection) -> list[Fault]:
    """Compute all checkpoints again: a cut tail or a missing person shows here."""
    faults = []
    prev = GENESIS
    for row in checkpoints_after(conn, 0):
        if bytes(row.prev_hash) != prev:
            faults.append(Fault(row.id, 0, "the checkpoint before it is missing or was changed"))
        counted = _Counted(heads_below(conn, row))
        if bytes(row.hash) != _summary(bytes(row.prev_hash), counted) or row.people != counted.n:
            faults.append(Fault(row.id, 0, "events it covers are missing or were changed"))
        prev = bytes(row.hash)
    return faults


def checkpoints_after(conn: Connection, after: int) -> Iterator[Row[Any]]:
    """Give the checkpoints above a number, in their order, without holding all of them."""
    yield from conn.execute(_CHECKPOINTS, {"after": after}, execution_options=_IN_PARTS)


def heads_below(conn: Connection, checkpoint: Row[Any]) -> Iterator[Row[Any]]:
    """Give the heads that a checkpoint was made from, as the ledger has them now."""
    names = ("from_xid", "up_to", "low_id", "last_id")
    span = {name: getattr(checkpoint, name) for name in names}
    yield from conn.execute(_NEW_HEADS, span, execution_options=_IN_PARTS)


class _Counted:
    """Counts what passes by."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self.n, self._rows = 0, rows

    def __iter__(self) -> Iterator[Row[Any]]:
        for row in self._rows:
            self.n += 1
            yield row


def as_event(row: Row[Any]) -> ConsentEvent:
    """Give a ledger row as the domain knows it, without evidence."""
    return ConsentEvent(
        customer_id=row.customer_id,
        channel=Channel(row.channel),
        topic=row.topic,
        action=ConsentAction(row.action),
        source=ConsentSource(row.source),
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        kind=row.kind,
        wording=row.wording,
        id=row.id,
        origin=row.origin,
    )


def _span(last: Row[Any] | None, up_to: int) -> dict[str, int]:
    if last is None:
        return {"from_xid": 0, "up_to": up_to, "low_id": 0}
    if up_to < last.up_to:  # restored into a new cluster, whose transactions count from the start
        return {"from_xid": 0, "up_to": up_to, "low_id": last.last_id}
    return {"from_xid": last.up_to, "up_to": up_to, "low_id": 0}


def _summary(prev: bytes, heads: Iterable[Row[Any]]) -> bytes:
    digest = hashlib.sha256(prev)
    for head in heads:
        digest.update(b"%d:%d:" % (head.customer_id, head.seq) + bytes(head.hash))
    return digest.digest()


def _problem(
    row: Row[Any], seq: int, prev: bytes, kept: Mapping[str, tuple[str, str]] | None
) -> str:
    if row.seq != seq:
        return f"event {seq} is missing"
    if bytes(row.prev_hash) != prev:
        return "it does not follow the event before it"
    if bytes(row.hash) != link(prev, seq, as_event(row), row.commitments):
        return "it was changed"
    for name, pair in (kept or {}).items():
        if evidence.commitment(*pair) != row.commitments.get(name):
            return f"its evidence {name!r} was changed"
    return ""
