"""The ledger keeps every event in order, and the present state is always the fold of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from dispatcher.domain.consents import (
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    fold,
)
from dispatcher.domain.messages import Channel
from dispatcher.errors import NotFound
from dispatcher.services.subscribe import Desk
from dispatcher.storage import chains, consents, erasures, evidence
from tests.support.people import NOON, add_person, desk_on, later

_NEXT = iter(range(1, 10**9))


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


def nobody(desk: Desk) -> int:
    """Add a customer without addresses."""
    return add_person(desk, next(_NEXT), email="", phone="")


def event(customer_id: int, **changes: Any) -> ConsentEvent:
    plain = ConsentEvent(
        customer_id=customer_id,
        channel=Channel.SMS,
        topic="coffee",
        action=ConsentAction.OPT_IN,
        source=ConsentSource.OWN_HAND,
        occurred_at=NOON,
        received_at=NOON,
    )
    return replace(plain, **changes)


def append(desk: Desk, *events: ConsentEvent) -> list[ConsentEvent]:
    with desk.database.begin() as conn:
        return consents.append(conn, events, desk.entropy)


def permission(desk: Desk, customer_id: int, topic: str = "coffee") -> consents.Permission:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, Channel.SMS, topic, [customer_id])[customer_id]


def checkpoint(desk: Desk) -> int:
    """Make a checkpoint as soon as no transaction of any database hides what is new."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with desk.database.begin() as conn:
            if covered := chains.checkpoint(conn):
                return covered
        time.sleep(0.02)
    raise AssertionError("a minute of polling made no checkpoint")


minutes = st.integers(-3, 3).map(lambda n: NOON + timedelta(minutes=n))
stories: st.SearchStrategy[list[list[dict[str, Any]]]] = st.lists(
    st.lists(
        st.builds(
            dict,
            channel=st.sampled_from(Channel),
            topic=st.sampled_from(["*", "coffee", "theatre"]),
            action=st.sampled_from(ConsentAction),
            source=st.sampled_from(ConsentSource),
            occurred_at=minutes,
            received_at=minutes,
            evidence=st.dictionaries(
                st.sampled_from(["ip", "text"]), st.text("aé\u2028", max_size=3)
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    max_size=4,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stories)
def test_the_table_is_the_fold_of_the_events(
    desk: Desk, stories: list[list[dict[str, Any]]]
) -> None:
    """Whatever comes in whatever order: late, future-dated, an import after an opt-out."""
    people = [nobody(desk), nobody(desk)]
    for index, batch in enumerate(stories):
        append(desk, *(event(people[(index + n) % 2], **facts) for n, facts in enumerate(batch)))
    with desk.database.begin() as conn:
        ledger = consents.ledger_of(conn, people)
        standing = [row for person in people for row in consents.standings_of(conn, person)]
        assert chains.verify_chain(conn, people) == []
    assert len(ledger) == sum(len(batch) for batch in stories)
    places = {(e.customer_id, e.channel, e.topic) for e in ledger}
    assert {(row.customer_id, row.channel, row.topic) for row in standing} == places
    for row in standing:
        mine = [e for e in ledger if (e.customer_id, e.channel, e.topic) == row[:3]]
        folded = fold(mine)
        assert (row.state, row.event_id, row.since) == (
            folded.state,
            folded.event_id,
            folded.since,
        )


def test_two_appends_for_one_person_follow_each_other(desk: Desk) -> None:
    """Eight writers at once give one unbroken chain, and nobody's event is lost."""
    person = nobody(desk)
    threads = [
        threading.Thread(target=append, args=(desk, event(person, topic=f"t{n}"))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk.database.begin() as conn:
        assert len(consents.ledger_of(conn, [person])) == 8
        assert chains.verify_chain(conn, [person]) == []


def test_the_permission_for_a_topic_minds_the_row_for_every_topic(desk: Desk) -> None:
    """STOP to everything beats an older yes to one topic; a newer yes by own hand beats STOP."""
    person = nobody(desk)
    assert permission(desk, person).state is ConsentState.NONE
    yes = append(desk, event(person))[0]
    assert permission(desk, person)[:2] == (ConsentState.ACTIVE, yes.id)
    stop = event(person, topic="*", action=ConsentAction.OPT_OUT, occurred_at=later(1))
    stopped = append(desk, replace(stop, received_at=later(1)))[0]
    assert permission(desk, person)[:2] == (ConsentState.OPTED_OUT, stopped.id)
    told = event(person, source=ConsentSource.IMPORT, occurred_at=later(2), received_at=later(2))
    append(desk, told)
    assert permission(desk, person).state is ConsentState.OPTED_OUT
    again = event(person, occurred_at=later(3), received_at=later(3))
    new = append(desk, again)[0]
    assert permission(desk, person)[:2] == (ConsentState.ACTIVE, new.id)
    assert permission(desk, person, "theatre").state is ConsentState.OPTED_OUT


def test_every_opt_out_withdraws_in_its_own_transaction(desk: Desk) -> None:
    """A running worker learns of the opt-out from the very transaction that records it."""
    person = nobody(desk)
    append(desk, event(person))
    append(desk, event(person, action=ConsentAction.OPT_OUT))
    query = text(
        "SELECT w.person_id FROM withdrawal w JOIN consent_event e ON e.xid::text = w.xid::text"
        " WHERE e.action = 'opt_out'"
    )
    with desk.database.begin() as conn:
        assert conn.execute(query).scalars().all() == [person]


def test_the_ledger_cannot_be_changed_and_a_change_behind_its_back_shows(desk: Desk) -> None:
    """The table refuses updates; with the guard switched off, verification finds the place."""
    person = nobody(desk)
    append(desk, event(person, evidence={"ip": "192.0.2.1"}), event(person, topic="theatre"))
    change = text("UPDATE consent_event SET topic = 'tea' WHERE customer_id = :p AND seq = 1")
    with pytest.raises(DBAPIError, match="append-only"), desk.database.begin() as conn:
        conn.execute(change, {"p": person})
    with desk.database.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(change, {"p": person})
        assert chains.verify_chain(conn, [person]) == [(person, 1, "it was changed")]


@pytest.mark.parametrize(
    "fork",
    [
        "seq, prev_hash",
        "4, prev_hash",  # a second event after the one that the second follows
        "4, decode(repeat('00', 32), 'hex')",  # a second beginning
        "1, sha256('')",  # a beginning that follows something
    ],
)
def test_no_chain_can_fork(desk: Desk, fork: str) -> None:
    """One event follows another, and one begins; the table itself refuses every other."""
    person = nobody(desk)
    append(desk, event(person), event(person, topic="theatre"), event(person, topic="tea"))
    kept = "customer_id, channel, topic, action, source, occurred_at, received_at, hash"
    copy = text(
        f"INSERT INTO consent_event ({kept}, seq, prev_hash) SELECT {kept}, {fork}"
        " FROM consent_event WHERE customer_id = :p AND seq = 2"
    )
    with pytest.raises(IntegrityError), desk.database.begin() as conn:
        conn.execute(copy, {"p": person})


def test_erasing_the_evidence_leaves_the_chain_whole(desk: Desk) -> None:
    """Values can be read back until they are erased with their key; the chain never notices."""
    person = nobody(desk)
    number = append(desk, event(person, evidence={"ip": "192.0.2.1"}))[0].id
    with desk.database.begin() as conn:
        assert evidence.reveal(conn, [person])[number]["ip"][1] == "192.0.2.1"
        for table in ("consent_evidence", "vault.person_key"):
            conn.execute(text(erasures.PROFILE[table]), {"id": person})
        assert evidence.reveal(conn, [person]) == {}
        assert chains.verify_chain(conn, [person]) == []


def test_a_checkpoint_shows_a_tail_that_was_cut_off(desk: Desk) -> None:
    """The chain of one person looks whole without its last event; the checkpoints do not."""
    person = nobody(desk)
    append(desk, event(person), event(person, topic="theatre"))
    assert checkpoint(desk) == 1
    with desk.database.begin() as conn:
        assert chains.checkpoint(conn) == 0
    append(desk, event(nobody(desk)))
    assert checkpoint(desk) == 1
    with desk.database.begin() as conn:
        assert chains.verify_checkpoints(conn) == []
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("DELETE FROM consent_event WHERE seq = 2"))
        assert chains.verify_chain(conn, [person]) == []
        assert [fault.customer_id for fault in chains.verify_checkpoints(conn)] == [1]


def test_a_stranger_has_no_ledger(desk: Desk) -> None:
    """An event for somebody who is no customer is refused, and nothing is recorded."""
    with pytest.raises(NotFound):
        append(desk, event(12345))
