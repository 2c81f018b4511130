"""An import that died is carried on, and one that is repeated, shared or doubled harms nobody."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.errors import Conflict, ImportFileError
from dispatcher.services import import_customers as journey
from dispatcher.services import import_merge
from dispatcher.services.import_customers import Order, Stage, import_customers
from dispatcher.services.subscribe import Desk
from dispatcher.storage import chains, customers, imports
from dispatcher.storage.imports import Span
from tests.services.importing import EVIDENCE, count, people_file, state
from tests.support.people import ANNA, NOON, add_person, address, later


class Killed(Exception):
    """Stands for kill -9: nothing after it runs."""


@pytest.mark.parametrize(("stage", "time"), [(Stage.STAGE, 2), (Stage.MERGE, 1), (Stage.MERGE, 3)])
def test_a_killed_import_started_again_ends_as_if_nothing_had_been(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage, time: int
) -> None:
    monkeypatch.setattr(journey, "CHUNK", 10)
    path = tmp_path / "people.csv"
    path.write_text(people_file(35) + "bad,,x,en,,,,,\n")
    order = Order(path, tmp_path / "rejects.csv")
    left = [time]

    def kill(now: Stage, _done: int, _total: int) -> None:
        left[0] -= now is stage
        if left[0] == 0:
            raise Killed

    with pytest.raises(Killed):
        import_customers(desk, order, NOON, kill)
    with desk.database.begin() as conn:
        assert (
            conn.execute(
                text(f"SELECT count(*) FROM customer c WHERE {customers.VISIBLE}")
            ).scalar_one()
            == 0
        )
    done = import_customers(desk, order, later(5))
    assert (done.rows, done.people, done.updated, done.proven) == (36, 35, 0, 35)
    assert (done.rejects, done.resumed) == (1, stage is Stage.MERGE)
    assert count(desk, "consent_event") == count(desk, "customer") == 35
    with desk.database.begin() as conn:
        ids = conn.execute(text("SELECT id FROM customer")).scalars().all()
        assert chains.verify_chain(conn, ids) == []
        tables = conn.execute(
            text("SELECT relname FROM pg_class WHERE relname LIKE 'import\\_%' AND relkind = 'r'")
        ).scalars()
        assert list(tables) == []


def test_staged_rows_lost_in_a_crash_are_staged_again(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crashed server empties unlogged tables; the people merged before are found again."""
    monkeypatch.setattr(journey, "CHUNK", 10)
    path = tmp_path / "people.csv"
    path.write_text(people_file(25))
    order = Order(path, tmp_path / "rejects.csv")

    def kill(now: Stage, _done: int, _total: int) -> None:
        if now is Stage.MERGE:
            raise Killed

    with pytest.raises(Killed):
        import_customers(desk, order, NOON, kill)
    with desk.database.begin() as conn:
        number = conn.execute(text("SELECT id FROM import")).scalar_one()
        conn.execute(text(f"TRUNCATE import_rows_{number}, import_people_{number}"))
    import_customers(desk, order, NOON)
    assert count(desk, "consent_event") == count(desk, "customer") == count(desk, "address") == 25


def test_several_processes_read_a_file_as_one_does(
    desk: Desk, bring: Any, rejects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody comes in once, bad rows are named in the order of the file."""
    monkeypatch.setattr(journey, "CHUNK", 4)
    monkeypatch.setattr(journey, "SHARED_FROM", 0)
    done = bring(people_file(21) + "bad,,x,en,,,,,\n" + f"{ANNA},,Anna,en,coffee,{EVIDENCE}\n")
    assert (done.rows, done.people, done.proven, done.rejects) == (23, 22, 22, 1)
    assert rejects()[0][:2] == (23, "email")
    assert state(desk) is ConsentState.ACTIVE
    assert count(desk, "consent_event") == count(desk, "customer") == 22


def test_several_processes_say_where_a_file_cannot_be_read(
    bring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journey, "CHUNK", 1)
    monkeypatch.setattr(journey, "SHARED_FROM", 0)
    with pytest.raises(ImportFileError, match="quote") as caught:
        bring('email,n\na@example.com,\nb@example.com,"' + "x\n" * 200_000)
    assert caught.value.line == 3


def test_chunks_that_are_merged_are_not_merged_again_whatever_their_order() -> None:
    """Two are at work at once, so a gap may be left; the size of chunks may have changed."""
    merged = [Span(20, 30), Span(0, 10)]
    assert list(import_merge.chunks(merged, 37, 6)) == [(10, 16), (16, 20), (30, 36), (36, 37)]
    assert list(import_merge.chunks([], 7, 5)) == [(0, 5), (5, 7)]
    assert list(import_merge.chunks([Span(0, 7)], 7, 5)) == []


def test_who_signs_up_while_the_file_comes_in_keeps_the_address(
    desk: Desk, bring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address stays with the person who came first; the others of the chunk come in."""
    go_on = import_merge.merge

    def sign_up_first(*args: Any) -> None:
        add_person(desk, 7, email="p3@example.com", phone="")
        go_on(*args)

    monkeypatch.setattr(journey, "merge", sign_up_first)
    assert bring(people_file(5)).people == 5
    assert count(desk, "address") == 5
    with desk.database.begin() as conn:
        digest = address(Channel.EMAIL, "p3@example.com").digest
        assert customers.holder(conn, Channel.EMAIL, digest) == 7


def test_rows_that_touch_each_other_are_merged_once_among_many_that_do_not(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person told of twice and one who is known already: also when cut off in between."""
    monkeypatch.setattr(journey, "CHUNK", 3)
    add_person(desk, 7)
    path = tmp_path / "people.csv"
    path.write_text(people_file(9) + people_file(2).partition("\n")[2] + f"{ANNA}{',' * 8}\n")
    order = Order(path, tmp_path / "rejects.csv")

    def kill(now: Stage, _done: int, _total: int) -> None:
        if now is Stage.MERGE:
            raise Killed

    done = None
    while done is None:  # each run merges a part more before it is killed
        with suppress(Killed):
            done = import_customers(desk, order, NOON, kill)
    assert done.resumed
    assert (done.rows, done.people, done.updated, done.proven) == (12, 9, 1, 9)
    assert (count(desk, "customer"), count(desk, "consent_event")) == (10, 10)
    with desk.database.begin() as conn:
        ids = conn.execute(text("SELECT id FROM customer")).scalars().all()
        assert chains.verify_chain(conn, ids) == []


def test_the_same_file_again_does_nothing(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(people_file(3))
    order = Order(path, tmp_path / "rejects.csv")
    first = import_customers(desk, order, NOON)
    assert import_customers(desk, order, NOON) == replace(first, again=True)
    other_way = replace(order, topic="bikes")
    assert not import_customers(desk, other_way, NOON + timedelta(days=1)).again


def test_two_imports_at_once_take_turns(desk: Desk, bring: Any) -> None:
    with desk.database.begin() as conn:
        assert imports.take_turn(conn)
        with pytest.raises(Conflict, match="another import"):
            bring("email\na@example.com\n")
