"""Who asks to be erased is erased: everywhere, at once for every worker, and whoever is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.messages import Channel, DeliveryKey, Event, EventKind
from dispatcher.errors import NotFound
from dispatcher.services import hold as holds
from dispatcher.services.erase import erase, go_on
from dispatcher.services.explain import explain
from dispatcher.services.receive import receive
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, opt_in
from dispatcher.storage import (
    chains,
    customers,
    erasures,
    kept_mail,
    pending,
    requests,
    suppressions,
)
from dispatcher.storage.kept_mail import Kept
from dispatcher.storage.pending import Pending
from tests.journeys.test_withdrawals import send_while
from tests.support.house import TUESDAY, House
from tests.support.patience import eventually

PERSONAL = ("+447700900001", "p1@example.com", "Annabel", "192.0.2.7", "my own words", "gate-77")
BY_ADDRESS = ("pending", "kept_mail")  # of people who are perhaps nobody's customers yet
FAR = TUESDAY + timedelta(days=7)
NAMES_PEOPLE = ("customer_id", "person_id", "customer_ids", "customer", "person")


class Killed(BaseException):
    """Stands for the end of the process."""


def live(house: House) -> None:
    """Let somebody have left traces wherever people can."""
    desk = house.dispatcher.desk
    house.people(1, attributes={"first_name": "Annabel"}, country="GB")
    house.people(1, first=2)
    house.also_by(Channel.EMAIL, [1])
    proof = {"ip": "192.0.2.7"}
    opt_in(desk, Act(1, Channel.SMS, TUESDAY, topic="theatre", evidence=proof))
    house.campaign()
    house.run()
    says = Event("k1", "sms", EventKind.REPLIED, 0, sender=PERSONAL[0], text="my own words")
    more = Event("k2", "sms", EventKind.REPLIED, 0, sender=PERSONAL[0], text="help")
    (wave,) = house.query("SELECT id FROM wave")
    key = DeliveryKey(wave, 1, 1)
    told = Event(
        *("k3", "sms", EventKind.DELIVERED, 0),
        key=key,
        reference="gate-77",
        detail=f"to {PERSONAL[0]}",
    )
    receive(desk, [says, more, told], TUESDAY)
    with desk.database.begin() as conn:
        person = customers.person(conn, 1)
        conn.execute(text("UPDATE delivery SET reference = 'gate-77' WHERE customer_id = 1"))
        conn.execute(
            text("""INSERT INTO attempt (wave_id, customer_id, no, channel, gateway, fence,
                    outcome, reference) VALUES (:wave, 1, 9, 'sms', 'sms', 1, 'deferred',
                    'gate-77')"""),
            {"wave": wave},
        )
        conn.execute(
            text("INSERT INTO setback VALUES (:wave, 'sms', 'complaint', 1)"), {"wave": wave}
        )
        conn.execute(text("INSERT INTO signal VALUES (1, 'bean', 'kettle', 'viewed', now())"))
        requests.ask(conn, 1, TUESDAY)
        asked = Pending(
            7, Channel.EMAIL, PERSONAL[1], ("beans",), "en", "", "page", {}, TUESDAY, FAR
        )
        pending.ask(conn, asked, desk.digests.digest(Channel.EMAIL, PERSONAL[1]))
        kept = Kept(0, "reply", "for a person", PERSONAL[1], "Hello", "my own words", TUESDAY)
        kept_mail.keep(conn, "digest", kept)
    assert person is not None
    holds.hold(desk, person, ContextFlag.COMPLAINT, "*", By("tests", TUESDAY))


def tables(house: House) -> Iterator[tuple[str, str]]:
    """Give every table that names a person, with the column that does."""
    yield from house.query(
        """SELECT CASE t.table_schema WHEN 'public' THEN '' ELSE t.table_schema || '.' END
                  || t.table_name, c.column_name
           FROM information_schema.columns c JOIN information_schema.tables t
             USING (table_schema, table_name)
           JOIN pg_class r ON r.oid = format('%I.%I', t.table_schema, t.table_name)::regclass
           WHERE t.table_type = 'BASE TABLE' AND NOT r.relispartition
             AND t.table_schema NOT IN ('pg_catalog', 'information_schema')
             AND c.column_name = ANY(:names)""",
        names=list(NAMES_PEOPLE),
    )


def everything(house: House) -> str:
    """Give the whole database as text."""
    names = house.query(
        """SELECT format('%I.%I', n.nspname, r.relname) FROM pg_class r
           JOIN pg_namespace n ON n.oid = r.relnamespace
           WHERE r.relkind = 'r' AND n.nspname IN ('public', 'vault')"""
    )
    return "\n".join(row for name in names for row in house.query(f"SELECT t::text FROM {name} t"))


def test_no_table_that_names_people_is_forgotten(house: House) -> None:
    """A new table with a person's number must be erased from, or be named with a reason."""
    named = {table for table, _ in tables(house)} | {"customer", *BY_ADDRESS}
    assert named == {*erasures.PROFILE, *erasures.TRACES, *erasures.KEPT}
    assert not erasures.KEPT.keys() & {*erasures.PROFILE, *erasures.TRACES}


def test_nothing_personal_is_left_anywhere(house: House) -> None:
    """No address, name, word, proof or gateway's number of theirs is in any row of any table."""
    live(house)
    before = everything(house)
    assert [word for word in PERSONAL if word not in before and word != "192.0.2.7"] == []
    receipt = erase(house.dispatcher.desk, 1, TUESDAY)
    after = everything(house)
    assert [word for word in PERSONAL if word in after] == []
    assert "p2@example.com" in after or "+447700900002" in after
    for table, column in tables(house):
        if table not in erasures.KEPT and table not in ("delivery", "attempt"):
            assert house.query(f"SELECT 1 FROM {table} WHERE {column} = 1") == [], table
    assert receipt.finished_at is not None
    assert set(receipt.erased) == {*erasures.PROFILE, *erasures.TRACES, "customer"}
    assert all(receipt.erased.values())


def test_the_chain_stays_whole_and_the_address_silent(house: House) -> None:
    """What stays proves what was allowed, and keeps the address silent should it come again."""
    live(house)
    erase(house.dispatcher.desk, 1, TUESDAY)
    with house.dispatcher.database.begin() as conn:
        assert chains.verify_chain(conn, [1]) == []
        person = customers.person(conn, 1)
        assert person is not None
        assert explain(conn, person, house.dispatcher.book).person.erased
        digests = house.dispatcher.digests.look_up(Channel.SMS, PERSONAL[0])
        assert suppressions.is_suppressed(conn, Channel.SMS, digests)


STEPS = 1 + len(erasures.TRACES)


@pytest.mark.parametrize("survived", range(STEPS + 1))
def test_whoever_is_killed_between_two_steps_leaves_it_to_the_next(
    house: House, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each step another goes on, by hand or when tidying, to the very same end."""
    live(house)
    desk = house.dispatcher.desk
    passed = 0

    def doomed(step: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any) -> Any:
            nonlocal passed
            if passed == survived:
                raise Killed
            passed += 1
            return step(*arguments)

        return stepping

    for name in ("wipe", "finish"):
        monkeypatch.setattr(erasures, name, doomed(getattr(erasures, name)))
    with pytest.raises(Killed):
        erase(desk, 1, TUESDAY)
    monkeypatch.undo()
    if survived:
        assert house.query("SELECT finished_at FROM erasure") == [None]
        assert house.tidy().erasures == 1
    else:  # nothing was begun, so nobody knows of it: it is asked for again
        assert house.query("SELECT count(*) FROM erasure") == [0]
        erase(desk, 1, TUESDAY)
    after = everything(house)
    assert [word for word in PERSONAL if word in after] == []
    receipt = erase(desk, 1, TUESDAY + timedelta(days=1))
    assert receipt.asked_at == TUESDAY
    assert all(receipt.erased.values())


def test_what_comes_late_is_looked_for_again(house: House) -> None:
    """A receipt that settles after the erasure does not bring anything back for good."""
    live(house)
    desk = house.dispatcher.desk
    erase(desk, 1, TUESDAY)
    with desk.database.begin() as conn:
        conn.execute(text("UPDATE delivery SET detail = 'Annabel' WHERE customer_id = 1"))
    assert go_on(desk) == 0
    for _ in range(3):
        with desk.database.begin() as conn:
            conn.execute(text("UPDATE erasure SET again_at = clock_timestamp()"))
        assert go_on(desk) == 1
    assert "Annabel" not in everything(house)
    assert house.query("SELECT again_at FROM erasure") == [None]
    assert go_on(desk) == 0


def test_jobs_in_flight_die_as_erased(house: House) -> None:
    """Erased in the middle of a campaign: not written to, and the verdict says why."""
    people = house.people(40)
    house.campaign(per_minute=1200)
    house.plan()
    last = people[-1]
    send_while(house, lambda: erase(house.dispatcher.desk, last, TUESDAY), after_messages=3)
    house.tidy()
    house.finish()
    assert house.inbox() == people[:-1]
    assert house.query("SELECT state, reason FROM delivery WHERE customer_id = :id", id=last) == [
        ("skipped", "erased")
    ]
    with house.dispatcher.database.begin() as conn:
        person = customers.person(conn, last)
        assert person is not None
        (story,) = explain(conn, person, house.dispatcher.book).stories
    assert {line.agrees for line in story.decisions} == {True}


def test_who_is_erased_before_a_verdict_gets_one_all_the_same(house: House) -> None:
    """Planned, then erased: nobody is lost, and the wave comes to its end."""
    house.people(3)
    house.campaign()
    house.plan()
    erase(house.dispatcher.desk, 2, TUESDAY)
    house.finish()
    assert house.inbox() == [1, 3]
    assert house.verdicts() == {("accepted", "ok"): 2, ("skipped", "erased"): 1}
    assert house.query("SELECT count(*) FROM contact WHERE customer_id = 2") == [0]


def test_nobody_is_erased_who_is_not_there(house: House) -> None:
    """A number that is nobody's is told, not swallowed."""
    with pytest.raises(NotFound):
        erase(house.dispatcher.desk, 99, TUESDAY)


def test_what_is_being_reserved_meanwhile_is_erased_too(house: House) -> None:
    """A reservation that read the person before is waited for, and leaves nothing behind."""
    house.people(1)
    desk = house.dispatcher.desk
    waiting = """SELECT count(*) FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND datname = current_database()"""
    with desk.database.begin() as conn:
        conn.execute(text("SELECT FROM person_pressure WHERE customer_id = 1 FOR NO KEY UPDATE"))
        worker = threading.Thread(target=erase, args=(desk, 1, TUESDAY))
        worker.start()
        assert eventually(lambda: house.query(waiting) == [1])
        conn.execute(
            text("INSERT INTO contact VALUES (1, 1, :at, 'sms', 'northwind', '', 1)"),
            {"at": TUESDAY},
        )
    worker.join(30)
    assert house.query("SELECT count(*) FROM contact") == [0]
