"""The consent ledger: events appended for many people at once, and the present state they fold to.

Whoever plans or dispatches joins the permission of a person with `PERMISSION_JOIN`,
`PERMISSION_STATE`, `PERMISSION_EVENT`, `IN_ALL` and `PROMISED`, which read `:channel` and `:topic`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.consents import (
    Consent,
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    fold,
)
from dispatcher.domain.messages import Channel
from dispatcher.domain.promises import Shown, promised_in, smaller
from dispatcher.errors import NotFound
from dispatcher.storage import evidence
from dispatcher.storage.chains import GENESIS, as_event, link
from dispatcher.storage.customers import lock_people
from dispatcher.storage.database import copy_rows
from dispatcher.storage.evidence import Entropy, Salted, salt
from dispatcher.storage.signs_of_life import HEARD_AT
from dispatcher.storage.withdrawals import withdraw

# `{person}` is the column that holds the customer's id. The row for the topic is `consent_t`, the
# one for every topic `consent_w`; at most one of each exists, so the join adds no rows.
PERMISSION_JOIN = """
    LEFT JOIN consent consent_t ON consent_t.customer_id = {person}
        AND consent_t.channel = :channel AND consent_t.topic = :topic
    LEFT JOIN consent consent_w ON consent_w.customer_id = {person}
        AND consent_w.channel = :channel AND consent_w.topic = '*'
"""

# An opt-out in either row stands, unless the person's own hand has later opted in with the other.
_OUT_T = """(consent_t.state = 'opted_out' AND NOT coalesce(consent_w.state = 'active'
        AND consent_w.own_hand AND consent_w.since > consent_t.since, false))"""
_OUT_W = """(consent_w.state = 'opted_out' AND NOT coalesce(consent_t.state = 'active'
        AND consent_t.own_hand AND consent_t.since > consent_w.since, false))"""

PERMISSION_STATE = f"""
    CASE WHEN {_OUT_T} OR {_OUT_W} THEN 'opted_out'
         WHEN 'active' IN (consent_t.state, consent_w.state) THEN 'active'
         WHEN 'imported_unproven' IN (consent_t.state, consent_w.state) THEN 'imported_unproven'
         ELSE 'none' END
"""

# The event that made it so; 0 when there is none.
PERMISSION_EVENT = f"""
    coalesce(CASE WHEN {_OUT_T} THEN consent_t.event_id
         WHEN {_OUT_W} THEN consent_w.event_id
         WHEN consent_t.state = 'active' THEN consent_t.event_id
         WHEN consent_w.state = 'active' THEN consent_w.event_id
         WHEN consent_t.state = 'imported_unproven' THEN consent_t.event_id
         ELSE consent_w.event_id END, 0)
"""

# Whether nothing but a consent to every topic may give the permission.
IN_ALL = """coalesce(consent_w.state = 'active'
        AND consent_t.state IS DISTINCT FROM 'active', false)"""

# On which ground it is in force; the kind of that very event.
PERMISSION_KIND = """
    CASE WHEN consent_t.state = 'active' THEN consent_t.kind
         WHEN consent_w.state = 'active' THEN consent_w.kind ELSE '' END
"""

# The one to every topic beside one to the topic: event, kind, since when, and last heard of.
BESIDE = f"""
    CASE WHEN consent_t.state = 'active' AND consent_w.state = 'active' THEN
        jsonb_build_array(consent_w.event_id, consent_w.kind,
            floor(extract(epoch FROM consent_w.since)),
            floor(extract(epoch FROM {HEARD_AT.format(consent="consent_w")}))) END
"""

# What was promised by the consents that are in force: for the topic, and for all topics.
PROMISED = "CASE consent_t.state WHEN 'active' THEN consent_t.promised ELSE 0 END"
PROMISED_IN_ALL = "CASE consent_w.state WHEN 'active' THEN consent_w.promised ELSE 0 END"

_CONSENT_OF = text(
    f"SELECT p.id, {PERMISSION_STATE} AS consent_state, {PERMISSION_EVENT} AS consent_event,"
    f" {IN_ALL} AS in_all"
    " FROM unnest(CAST(:people AS bigint[])) AS p (id)" + PERMISSION_JOIN.format(person="p.id")
)
_NEW_IDS = text(
    "SELECT nextval(pg_get_serial_sequence('consent_event', 'id')) FROM generate_series(1, :n)"
)
_EVENT_COLUMNS = (
    "consent_event (id, customer_id, seq, channel, topic, action, source, kind, wording, origin,"
    " occurred_at, received_at, commitments, prev_hash, hash)"
)
_LEDGER = text("SELECT * FROM consent_event WHERE customer_id = ANY(:people) ORDER BY id")
_STANDINGS = text(
    "SELECT * FROM consent WHERE customer_id = ANY(:people) ORDER BY customer_id, channel, topic"
)
_UPSERT = text(
    "INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, kind, since,"
    " promised) SELECT * FROM unnest(CAST(:customer_id AS bigint[]), CAST(:channel AS text[]),"
    " CAST(:topic AS text[]), CAST(:state AS text[]), CAST(:event_id AS bigint[]),"
    " CAST(:own_hand AS boolean[]), CAST(:kind AS text[]), CAST(:since AS timestamptz[]),"
    " CAST(:promised AS smallint[]))"
    " ON CONFLICT (customer_id, channel, topic) DO UPDATE SET state = excluded.state,"
    " event_id = excluded.event_id, own_hand = excluded.own_hand, kind = excluded.kind,"
    " since = excluded.since, promised = excluded.promised"
)
# Of two numbers told of one wording the smaller is the one that may be relied on; 0 is none.
_WORDINGS = text(
    "INSERT INTO wording (digest, text, language, max_per_month) SELECT * FROM"
    " unnest(CAST(:digests AS text[]), CAST(:texts AS text[]), CAST(:languages AS text[]),"
    " CAST(:most AS smallint[])) ON CONFLICT (digest) DO UPDATE"
    " SET max_per_month = excluded.max_per_month WHERE excluded.max_per_month > 0"
    " AND (wording.max_per_month = 0 OR wording.max_per_month > excluded.max_per_month)"
)
_PROMISES = text("SELECT digest, max_per_month FROM wording WHERE digest = ANY(:digests)")


class Permission(NamedTuple):
    """What a person allows on a channel for a topic, and the event that says so (0: none).

    `in_all`: nothing but a consent to every topic may allow it.
    """

    state: ConsentState
    event_id: int
    in_all: bool = False


class Standing(NamedTuple):
    """One row of the present state."""

    customer_id: int
    channel: Channel
    topic: str
    state: ConsentState
    event_id: int
    own_hand: bool
    kind: str
    since: datetime
    promised: int


Chain = tuple[int, int, bytes, bytes, Salted]  # event id, seq, prev hash, hash, evidence
_Place = tuple[int, Channel, str]


def consent_of(
    conn: Connection, channel: Channel, topic: str, ids: Sequence[int]
) -> dict[int, Permission]:
    """Give everybody's permission on a channel for a topic, in one read."""
    rows = conn.execute(_CONSENT_OF, {"channel": channel, "topic": topic, "people": list(ids)})
    return {
        row.id: Permission(ConsentState(row.consent_state), row.consent_event, row.in_all)
        for row in rows
    }


def append(
    conn: Connection,
    events: Sequence[ConsentEvent],
    entropy: Entropy,
    locked: Set[int] = frozenset(),
) -> list[ConsentEvent]:
    """Append events to the ledger and bring the present state up to date; give them numbered.

    People are locked in the order of their ids, so that two appends for one person follow each
    other; those `locked` are so already. An opt-out withdraws what is under way. NotFound when
    somebody is not a customer.
    """
    if not events:
        return []
    people = sorted({event.customer_id for event in events})
    free = [person for person in people if person not in locked]
    if len(lock_people(conn, free)) != len(free):
        raise NotFound("there is no such customer")
    rows = conn.execute(_LEDGER, {"people": people}).all()
    heads: dict[int, tuple[int, bytes]] = {}
    for row in rows:
        heads[row.customer_id] = max(
            heads.get(row.customer_id, (0, b"")), (row.seq, bytes(row.hash))
        )
    before = [as_event(row) for row in rows]
    numbered = _write(conn, events, heads, entropy)
    _refresh(conn, _regroup([*before, *numbered], {_place(event) for event in events}))
    withdraw(conn, {e.customer_id for e in events if e.action is ConsentAction.OPT_OUT})
    return numbered


def ledger_of(conn: Connection, person_ids: Iterable[int]) -> list[ConsentEvent]:
    """Give all events of these people, in the order they were recorded, without evidence."""
    return [as_event(row) for row in conn.execute(_LEDGER, {"people": list(person_ids)})]


def standings_of(conn: Connection, customer_id: int) -> list[Standing]:
    """Give the present state of one person, row by row."""
    return standings_of_all(conn, [customer_id]).get(customer_id, [])


def standings_of_all(conn: Connection, person_ids: Iterable[int]) -> dict[int, list[Standing]]:
    """Give the present state of people of whom there is any, row by row."""
    found: dict[int, list[Standing]] = defaultdict(list)
    for row in conn.execute(_STANDINGS, {"people": list(person_ids)}):
        channel, state = Channel(row.channel), ConsentState(row.state)
        found[row.customer_id].append(
            Standing(**row._mapping)._replace(channel=channel, state=state)
        )
    return found


def wording_digest(wording: str) -> str:
    """Give the name under which a wording is kept: the SHA-256 of the very text shown."""
    return hashlib.sha256(wording.encode()).hexdigest()


def wording_of(conn: Connection, digest: str) -> str:
    """Give a text that was shown; "" if it is not kept."""
    query = text("SELECT text FROM wording WHERE digest = :digest")
    return conn.execute(query, {"digest": digest}).scalar_one_or_none() or ""


def keep_wordings(conn: Connection, wordings: Mapping[str, Shown]) -> None:
    """Keep texts that were shown; of a known one only the promised number may get smaller.

    What a text promises in plain words counts, whatever else is told of it.
    """
    if wordings:
        texts = sorted(wordings)  # in one order, so that two who keep the same never wait in a ring
        conn.execute(
            _WORDINGS,
            {
                "digests": [wording_digest(wording) for wording in texts],
                "texts": texts,
                "languages": [wordings[wording].language for wording in texts],
                "most": [
                    smaller(wordings[wording].max_per_month, promised_in(wording))
                    for wording in texts
                ],
            },
        )


def _write(
    conn: Connection,
    events: Sequence[ConsentEvent],
    heads: dict[int, tuple[int, bytes]],
    entropy: Entropy,
) -> list[ConsentEvent]:
    if not events:
        return []
    ids = conn.execute(_NEW_IDS, {"n": len(events)}).scalars().all()
    numbered = [replace(event, id=number) for event, number in zip(events, ids, strict=True)]
    salts = [salt(event.evidence, entropy) for event in numbered]
    copy_rows(conn, _EVENT_COLUMNS, _chain(numbered, salts, heads))
    kept = zip(numbered, salts, strict=True)
    evidence.store(conn, ((e.id, e.customer_id, salted) for e, salted in kept), entropy)
    return numbered


def _chain(
    events: Sequence[ConsentEvent], salts: Sequence[Salted], heads: dict[int, tuple[int, bytes]]
) -> Iterable[tuple[Any, ...]]:
    """Give the rows, each holding the hash of the one before; `heads` moves along."""
    for e, salted in zip(events, salts, strict=True):
        seq, prev = heads.get(e.customer_id, (0, GENESIS))
        seq += 1
        this = link(prev, seq, e, salted.commitments)
        heads[e.customer_id] = (seq, this)
        yield (
            *(e.id, e.customer_id, seq, e.channel, e.topic, e.action, e.source),
            *(e.kind, e.wording, e.origin, e.occurred_at, e.received_at),
            *(orjson.dumps(salted.commitments).decode(), prev, this),
        )


def _place(event: ConsentEvent) -> _Place:
    return event.customer_id, event.channel, event.topic


def _regroup(
    events: Iterable[ConsentEvent], places: set[_Place]
) -> dict[_Place, list[ConsentEvent]]:
    groups: dict[_Place, list[ConsentEvent]] = defaultdict(list)
    for event in events:
        if _place(event) in places:
            groups[_place(event)].append(event)
    return groups


def _refresh(conn: Connection, groups: Mapping[_Place, Sequence[ConsentEvent]]) -> None:
    """Make `consent` equal to the fold of the events, at these places."""
    folded = {place: fold(events) for place, events in groups.items()}
    promises = _promises(conn, {consent.wording for consent in folded.values()} - {""})
    rows = [_standing(place, folded[place], events, promises) for place, events in groups.items()]
    if rows:
        columns = zip(*rows, strict=True)
        conn.execute(_UPSERT, dict(zip(Standing._fields, map(list, columns), strict=True)))


def _promises(conn: Connection, digests: set[str]) -> dict[str, int]:
    if not digests:
        return {}
    return {
        row.digest: row.max_per_month for row in conn.execute(_PROMISES, {"digests": [*digests]})
    }


def _standing(
    place: _Place,
    consent: Consent,
    events: Sequence[ConsentEvent],
    promises: Mapping[str, int],
) -> Standing:
    made_by = next(event for event in events if event.id == consent.event_id)
    own_hand = made_by.source is ConsentSource.OWN_HAND
    assert consent.since is not None
    promised = promises.get(consent.wording, 0)
    return Standing(
        *place, consent.state, made_by.id, own_hand, made_by.kind, consent.since, promised
    )
