"""Ledger check: everybody's chain, present state and checkpoints, read a bounded part at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.consents import ConsentEvent, ConsentSource, fold
from dispatcher.storage.chains import Fault, checkpoints_after, heads_below, verify_chain
from dispatcher.storage.consents import ledger_of
from dispatcher.storage.database import numbers

_AT_ONCE = 2_000  # people, or heads of an exported checkpoint


class Kept(NamedTuple):
    """One line of an exported file: a checkpoint, or the head of one person's chain below it."""

    checkpoint: int
    hash: str
    prev_hash: str
    people: int = 0
    customer_id: int = 0
    seq: int = 0


def people_after(conn: Connection, after: int) -> list[int]:
    """Give the next customers, in the order of their ids."""
    return list(conn.execute(_PEOPLE, {"after": after, "limit": _AT_ONCE}).scalars())


def strangers(conn: Connection) -> list[Fault]:
    """Tell of consents of people who are not there: no row of a customer is ever taken out."""
    return [
        Fault(row.customer_id, row.seq, "there is no such customer any more")
        for row in conn.execute(_STRANGERS, {"limit": _AT_ONCE})
    ]


def check(conn: Connection, people: list[int]) -> tuple[list[Fault], int]:
    """Check the chains of these people and that they fold to the present state; count events."""
    events = ledger_of(conn, people)
    faults = [*verify_chain(conn, people), *_unfolded(conn, people, events)]
    return sorted(faults), len(events)


def _unfolded(
    conn: Connection, people: list[int], events: Iterable[ConsentEvent]
) -> Iterator[Fault]:
    """Tell where the present state is not what the events amount to."""
    groups: dict[tuple[int, str, str], list[ConsentEvent]] = {}
    for event in events:
        groups.setdefault((event.customer_id, event.channel, event.topic), []).append(event)
    standing = {
        (row.customer_id, row.channel, row.topic): tuple(row)[3:]
        for row in conn.execute(_STANDINGS, {"people": people})
    }
    for place in sorted({*groups, *standing}):
        line, present = groups.get(place), standing.get(place)
        where = f"the present state of {place[1]} {place[2]}"
        if line is None:
            assert present is not None
            yield Fault(place[0], 0, f"{where} names event #{present[1]}, but there is none")
        elif present is None:
            yield Fault(place[0], 0, f"{where} is missing")
        elif _folded(line) != present:
            yield Fault(place[0], 0, f"{where} is not what the events amount to")


def _folded(line: list[ConsentEvent]) -> tuple[Any, ...]:
    consent = fold(line)
    made_by = next(event for event in line if event.id == consent.event_id)
    own_hand = made_by.source is ConsentSource.OWN_HAND
    return consent.state, made_by.id, own_hand, made_by.kind, consent.since


def kept_heads(conn: Connection, after: int) -> Iterator[Kept]:
    """Give all checkpoints above a number, each with the heads it was made from."""
    for row in checkpoints_after(conn, after):
        yield Kept(row.id, bytes(row.hash).hex(), bytes(row.prev_hash).hex(), row.people)
        for head in heads_below(conn, row):
            yield Kept(row.id, bytes(head.hash).hex(), "", 0, head.customer_id, head.seq)


def compare(conn: Connection, kept: Iterable[Kept]) -> Iterator[tuple[list[Fault], int]]:
    """Look for all that was exported, some at a time; give what is not there, and how many."""
    lines = iter(kept)
    while some := list(islice(lines, _AT_ONCE)):
        faults: list[Fault] = []
        for is_head, group in groupby(some, lambda line: line.customer_id > 0):
            look = _missing_heads if is_head else _missing_checkpoints
            faults += look(conn, list(group))
        yield faults, len(some)


def _missing_checkpoints(conn: Connection, kept: list[Kept]) -> Iterator[Fault]:
    query = {"ids": numbers([line.checkpoint for line in kept])}
    there = {
        row.id: (bytes(row.hash).hex(), bytes(row.prev_hash).hex(), row.people)
        for row in conn.execute(_BY_ID, query)
    }
    for line in kept:
        if line.checkpoint not in there:
            yield Fault(line.checkpoint, 0, "checkpoint is missing")
        elif there[line.checkpoint] != (line.hash, line.prev_hash, line.people):
            yield Fault(line.checkpoint, 0, "checkpoint was changed")


def _missing_heads(conn: Connection, kept: list[Kept]) -> Iterator[Fault]:
    query = {
        "people": numbers([line.customer_id for line in kept]),
        "seqs": numbers([line.seq for line in kept]),
    }
    there = {
        (row.customer_id, row.seq): bytes(row.hash).hex() for row in conn.execute(_EVENTS, query)
    }
    for line in kept:
        found = there.get((line.customer_id, line.seq))
        if found is None:
            yield Fault(line.customer_id, line.seq, "the event is missing")
        elif found != line.hash:
            yield Fault(line.customer_id, line.seq, "the event was changed")


def describe(conn: Connection, fault: Fault) -> str:
    """Say which event a fault is about, in words."""
    values = {"people": numbers([fault.customer_id]), "seqs": numbers([fault.seq])}
    row = conn.execute(_EVENTS, values).one_or_none()
    return f"#{row.id}, {row.channel} {row.topic} {row.action}" if row else ""


_PEOPLE = text("SELECT id FROM customer WHERE id > :after ORDER BY id LIMIT :limit")
_STRANGERS = text("""
    SELECT customer_id, min(seq) AS seq FROM (
        SELECT customer_id, seq FROM consent_event
        UNION ALL SELECT customer_id, 0 FROM consent) AS e
    WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = e.customer_id)
    GROUP BY customer_id ORDER BY customer_id LIMIT :limit
""")
_STANDINGS = text("""
    SELECT customer_id, channel, topic, state, event_id, own_hand, kind, since
    FROM consent WHERE customer_id = ANY(:people)
""")
_BY_ID = text("""
    SELECT id, hash, prev_hash, people FROM consent_checkpoint
    WHERE id = ANY(CAST(:ids AS bigint[]))
""")
_EVENTS = text("""
    SELECT e.customer_id, e.seq, e.hash, e.id, e.channel, e.topic, e.action
    FROM unnest(CAST(:people AS bigint[]), CAST(:seqs AS int[])) AS n (customer_id, seq)
    JOIN consent_event e USING (customer_id, seq)
""")
