"""The whole ledger can be verified, and what is wrong with it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.errors import Conflict, FileError
from dispatcher.services.consent_check import Found, export_checkpoints, verify_ledger
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, Desk, opt_out
from dispatcher.storage import chains, ledger_check
from tests.support.ledger import settled
from tests.support.people import add_person, consent_to, later

PROOF = "email,consent_at,consent_kind,consent_wording,topic,channel\n"


@pytest.fixture
def ledger(desk: Desk, bring: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three people who joined, one of whom left, and two whom an import brought."""
    monkeypatch.setattr(ledger_check, "_AT_ONCE", 2)  # more parts than one
    for number in (7, 8, 9):
        add_person(desk, number, email=f"p{number}@example.com", phone=f"+44770090012{number}")
        consent_to(desk, "coffee", customer_id=number)
        consent_to(desk, "theatre", customer_id=number)
    opt_out(desk, Act(8, Channel.SMS, later(1)))
    rows = "".join(
        f"i{n}@example.com,2026-05-01T00:00:00Z,gdpr_consent,Yes,coffee,email\n" for n in (1, 2)
    )
    bring(PROOF + rows)
    settled(desk.database)
    with desk.database.begin() as conn:
        chains.checkpoint(conn)
    return desk


def tamper(desk: Desk, *statements: str) -> None:
    """Do what only somebody with the database's password could."""
    with desk.database.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            conn.execute(text(statement))


def test_a_ledger_that_nobody_touched_holds(ledger: Desk) -> None:
    """Own hand, opt-outs, imports and erased people: all of it, counted."""
    erase(ledger, 9, later(2))
    done = verify_ledger(ledger.database)
    assert done.found == []
    assert (done.people, done.events, done.checkpoints) == (5, 11, 1)


@pytest.mark.parametrize(
    ("deed", "person", "seq", "problem"),
    [
        ("UPDATE consent_event SET topic = 'bikes' WHERE {7} AND seq = 2", 7, 2, "it was changed"),
        ("DELETE FROM consent_event WHERE {7} AND seq = 1", 7, 2, "event 1 is missing"),
        (
            "UPDATE consent_event SET prev_hash = sha256('x') WHERE {7} AND seq = 2",
            7,
            2,
            "it does not follow the event before it",
        ),
        (
            "DELETE FROM consent_event WHERE {8} AND action = 'opt_out'",
            8,
            0,
            "the present state of sms coffee is not what the events amount to",
        ),
        (
            "UPDATE consent SET state = 'active' WHERE {8} AND topic = 'coffee'",
            8,
            0,
            "the present state of sms coffee is not what the events amount to",
        ),
        (
            "DELETE FROM consent WHERE {9} AND topic = 'coffee'",
            9,
            0,
            "the present state of sms coffee is missing",
        ),
        ("DELETE FROM customer WHERE id = 9", 9, 0, "there is no such customer any more"),
    ],
)
def test_whatever_was_tampered_with_is_named(
    ledger: Desk, deed: str, person: int, seq: int, problem: str
) -> None:
    """The person, the event and what is wrong with it."""
    for number in (7, 8, 9):
        deed = deed.replace(f"{{{number}}}", f"customer_id = {number}")
    tamper(ledger, deed)
    done = verify_ledger(ledger.database)
    assert (person, seq, problem) in [(f.customer_id, f.seq, f.problem) for f in done.found]
    assert done.faults == len(done.found)


def test_a_person_taken_out_without_a_trace_shows_in_the_checkpoints(
    ledger: Desk, tmp_path: Path
) -> None:
    """The checkpoint says that somebody is missing; the one exported before says who."""
    file = tmp_path / "kept.jsonl"
    last, lines = export_checkpoints(ledger.database, file)
    assert (last, lines) == (1, 6)
    assert verify_ledger(ledger.database, file).found == []
    tamper(
        ledger,
        "DELETE FROM consent_event WHERE customer_id = 9",
        "DELETE FROM consent WHERE customer_id = 9",
        "DELETE FROM customer WHERE id = 9",
    )
    told = verify_ledger(ledger.database).found
    assert told == [Found(0, 0, "checkpoint 1", "events it covers are missing or were changed")]
    told = verify_ledger(ledger.database, file).found
    assert Found(9, 2, "", "the event is missing") in told


def test_a_tail_cut_off_with_its_checkpoint_shows_against_the_export(
    ledger: Desk, tmp_path: Path
) -> None:
    """Whoever makes events, present state and checkpoints anew is found out by the file."""
    file = tmp_path / "kept.jsonl"
    export_checkpoints(ledger.database, file)
    tamper(
        ledger,
        "DELETE FROM consent_event WHERE customer_id = 7 AND seq = 2",
        "DELETE FROM consent WHERE customer_id = 7 AND topic = 'theatre'",
        "DELETE FROM consent_checkpoint",
    )
    assert verify_ledger(ledger.database).found == []
    told = verify_ledger(ledger.database, file).found
    assert sorted(told) == [
        Found(0, 0, "checkpoint 1", "checkpoint is missing"),
        Found(7, 2, "", "the event is missing"),
    ]


def test_an_export_goes_on_where_the_last_one_ended(ledger: Desk, tmp_path: Path) -> None:
    """Only what is new since, so that it can be done each night."""
    last, _ = export_checkpoints(ledger.database, tmp_path / "a")
    opt_out(ledger, Act(7, Channel.SMS, later(3)))
    settled(ledger.database)
    assert export_checkpoints(ledger.database, tmp_path / "b", last) == (last + 1, 2)
    assert verify_ledger(ledger.database, tmp_path / "b").compared == 2
    with pytest.raises(Conflict):
        export_checkpoints(ledger.database, tmp_path / "b")


def test_a_file_that_is_no_export_is_refused_with_its_line(ledger: Desk, tmp_path: Path) -> None:
    """It is not taken for one in which nothing is wrong."""
    file = tmp_path / "wrong"
    file.write_text("nonsense\n")
    with pytest.raises(FileError, match=r"wrong:1: this is no line"):
        verify_ledger(ledger.database, file)
