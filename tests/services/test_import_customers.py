"""A file comes in whole or not at all, names every bad row, and brings nobody back who left."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState, fold
from dispatcher.domain.messages import Channel
from dispatcher.errors import Conflict, ImportFileError
from dispatcher.services import import_customers as journey
from dispatcher.services import import_merge
from dispatcher.services.import_customers import Imported, Order, Stage, import_customers
from dispatcher.services.subscribe import Act, Desk, forget, opt_out, suppress
from dispatcher.storage import chains, consents, customers, imports
from dispatcher.storage.imports import Span
from tests.support.people import ANNA, ANNAS_PHONE, NOON, add_person, address, desk_on, later

EVIDENCE = "2026-05-01,gdpr_consent,web form,I want offers by e-mail"
FULL = (
    "email,phone,first_name,language,topics,consent_at,consent_kind,consent_source,consent_wording"
)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


@pytest.fixture
def bring(desk: Desk, tmp_path: Path) -> Any:
    """Import a text as a file; each call is a file of its own."""

    def bring(content: str | bytes, name: str = "people.csv", **order: Any) -> Imported:
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(raw)
        return import_customers(desk, Order(path, tmp_path / "rejects.csv", **order), NOON)

    return bring


@pytest.fixture
def rejects(tmp_path: Path) -> Any:
    """Read the rejects file: (line, column, reason)."""

    def read() -> list[tuple[int, str, str]]:
        with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
            return [(int(r["line"]), r["column"], r["reason"]) for r in csv.DictReader(file)]

    return read


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


def test_a_row_becomes_a_person_with_consent_and_its_wording(desk: Desk, bring: Any) -> None:
    done = bring(f"{FULL}\n{ANNA},{ANNAS_PHONE},Anna,en-GB,coffee|theatre,{EVIDENCE}\n")
    assert (done.rows, done.people, done.proven, done.rejects) == (1, 1, 4, 0)
    anna = person(desk)
    assert (anna.language, anna.attributes, anna.visible) == ("en-GB", {"first_name": "Anna"}, True)
    assert {a.channel: a.address for a in anna.addresses} == {
        Channel.EMAIL: ANNA,
        Channel.SMS: ANNAS_PHONE,
    }
    assert anna.address(Channel.SMS).zones == ("Europe/London",)
    assert state(desk) is state(desk, "theatre", Channel.SMS) is ConsentState.ACTIVE
    assert state(desk, "bikes") is ConsentState.NONE
    assert count(desk, "person_pressure") == 1
    with desk.database.begin() as conn:
        (event, *_) = consents.ledger_of(conn, [anna.id])
        wording = conn.execute(text("SELECT text FROM wording")).scalar_one()
        assert chains.verify_chain(conn, [anna.id]) == []
    assert wording == "I want offers by e-mail"
    assert (event.wording, event.kind) == (consents.wording_digest(wording), "gdpr_consent")
    assert event.origin.endswith(": web form")
    assert event.received_at == NOON


@pytest.mark.parametrize(
    "missing", ["2026-05-01", "gdpr_consent", "web form", "I want offers by e-mail"]
)
def test_without_full_evidence_a_consent_is_unproven(desk: Desk, bring: Any, missing: str) -> None:
    done = bring(f"{FULL}\n{ANNA},,Anna,en,coffee,{EVIDENCE.replace(missing, '')}\n")
    assert (done.proven, done.unproven) == (0, 1)
    assert state(desk) is ConsentState.UNPROVEN


def test_consent_is_for_the_channels_it_names(desk: Desk, bring: Any) -> None:
    head = f"{FULL},consent_channels"
    bring(f"{head}\n{ANNA},{ANNAS_PHONE},Anna,en,coffee,{EVIDENCE},email\n")
    assert state(desk) is ConsentState.ACTIVE
    assert state(desk, channel=Channel.SMS) is ConsentState.NONE


def test_a_consent_of_the_future_counts_from_today(desk: Desk, bring: Any) -> None:
    bring(f"{FULL}\n{ANNA},,Anna,en,coffee,{EVIDENCE.replace('2026', '2031')}\n")
    with desk.database.begin() as conn:
        assert conn.execute(text("SELECT since FROM consent")).scalar_one() == NOON


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ("E-Mail;Vorname\nanna@example.com;Änne\n".encode("cp1252"), {}),
        ("E-Mail;Vorname\r\nanna@example.com;Änne\r\n".encode("utf-8-sig"), {}),
        ("E-Mail\tVorname\nanna@example.com\tÄnne".encode(), {}),
        ('"E-Mail","Vorname"\n"anna@example.com","Änne"\n'.encode(), {}),
        ("E-Mail,Vorname\ranna@example.com,Änne\r".encode(), {}),
        ("E-Mail;Vorname\nanna@example.com;Дnne\n".encode("koi8-r"), {"encoding": "koi8-r"}),
    ],
)
def test_every_dialect_of_a_spreadsheet_is_read(
    desk: Desk, bring: Any, content: bytes, order: dict[str, str]
) -> None:
    done = bring(content, mapping={"email": "E-Mail", "first_name": "Vorname"}, **order)
    assert done.people == 1
    assert person(desk).attributes["first_name"][1:] == "nne"
    assert person(desk).attributes["first_name"][0] in "ÄД"


def test_a_guessed_encoding_is_told(bring: Any) -> None:
    done = bring("email,name\nanna@example.com,x\nb@example.com,Änne\n".encode("cp1252"))
    assert "line 3 is not UTF-8" in done.notice


BAD_ROWS = {
    "email": ("not-an-address", "bad@", "@example.com", "a b@example.com"),
    "phone": ("12345", "+1", "no phone", "+442079460000"),
    "country": ("Germany", "XX"),
    "language": ("English, please",),
    "zone": ("Europe/Pariss", "CEST+2"),
    "hours": ("9 to 5", "25:00-26:00", "09:00-09:00", "09:75-10:00"),
    "topics": ("Coffee & Cake", "<script>"),
    "consent_at": ("03.05.2026", "yesterday", "0001-01-01", "2026-02-30"),
    "consent_kind": ("gdpr_concent",),
    "consent_channels": ("pigeon",),
}


def test_every_bad_row_is_named_and_stops_no_other(desk: Desk, bring: Any, rejects: Any) -> None:
    columns = ["email", *(column for column in BAD_ROWS if column != "email")]
    cases = [(column, value) for column, values in BAD_ROWS.items() for value in values]
    rows = [columns]
    for n, (column, value) in enumerate(cases):
        row = {"email": f"p{n}@example.com", column: value}
        rows.append([row.get(name, "") for name in columns])
    rows.append([ANNA, *[""] * (len(columns) - 1)])
    rows.append([ANNA.replace("anna", "extra"), *[""] * len(columns), "one too many"])
    lines = [",".join(f'"{value}"' for value in row) for row in rows]
    done = bring("\n".join(lines) + "\n")
    assert (done.rows, done.people) == (len(rows) - 1, 1)
    found = rejects()
    assert len(found) == done.rejects == len(cases) + 1
    assert [(line, column) for line, column, _ in found[:-1]] == [
        (n, column) for n, (column, _) in enumerate(cases, start=2)
    ]
    assert all(len(reason) > 10 for _, _, reason in found)


def test_a_row_with_neither_address_is_named(bring: Any, rejects: Any) -> None:
    assert bring("email,phone,n\n,,Anna\n\n").rejects == 1
    assert rejects()[0][0] == 2


def test_the_line_is_right_after_a_value_of_many_lines(bring: Any, rejects: Any) -> None:
    bring('email,note\na@example.com,"one\ntwo\nthree"\nbad,x\n')
    assert rejects()[0][0] == 5


def test_the_same_person_twice_is_one_and_the_later_row_wins(
    desk: Desk, bring: Any, rejects: Any
) -> None:
    """Addresses and topics of all rows stay; the earlier rows are named as duplicates."""
    done = bring(
        f"{FULL}\n{ANNA},,Anna,en,coffee,{EVIDENCE}\n"
        f"Anna@EXAMPLE.com,{ANNAS_PHONE},Änne,,theatre,{EVIDENCE}\n"
        f",{ANNAS_PHONE},,de,,,,,\n"
    )
    assert (done.people, done.rejects) == (1, 2)
    assert [line for line, _, _ in rejects()] == [2, 3]
    assert "line 4" in rejects()[0][2]
    anna = person(desk)
    assert (anna.language, anna.attributes) == ("de", {"first_name": "Änne"})
    assert state(desk) is state(desk, "theatre") is ConsentState.ACTIVE
    assert anna.address(Channel.SMS).address == ANNAS_PHONE


def test_one_phone_of_two_people_is_named_and_belongs_to_the_first(
    desk: Desk, bring: Any, rejects: Any
) -> None:
    done = bring(f"email,phone\n{ANNA},{ANNAS_PHONE}\nbert@example.com,{ANNAS_PHONE}\n")
    assert done.people == 1
    assert rejects() == [
        (3, "phone", "the e-mail address and the phone number belong to different people")
    ]
    assert person(desk, "bert@example.com") is None


def test_a_new_number_in_a_file_does_not_inherit_the_old_ones_consent(
    desk: Desk, bring: Any, rejects: Any
) -> None:
    bring(f"{FULL}\n{ANNA},{ANNAS_PHONE},Anna,en,coffee,{EVIDENCE}\n")
    done = bring(f"{FULL}\n{ANNA},+447700900999,Änne,en,bikes,{EVIDENCE}\n", "second.csv")
    assert (done.updated, done.rejects) == (1, 1)
    assert "another phone number" in rejects()[0][2]
    anna = person(desk)
    assert anna.address(Channel.SMS).address == ANNAS_PHONE
    assert anna.attributes == {"first_name": "Änne"}
    assert state(desk, "bikes", Channel.SMS) is ConsentState.NONE
    assert state(desk, "bikes") is ConsentState.ACTIVE


def test_a_second_file_updates_facts_and_repeats_no_consent(desk: Desk, bring: Any) -> None:
    bring(f"{FULL}\n{ANNA},,Anna,en,coffee,{EVIDENCE}\n")
    done = bring(f"{FULL},city\n{ANNA},,,fr,coffee,{EVIDENCE},Paris\n", "second.csv")
    assert (done.people, done.updated, done.proven) == (0, 1, 0)
    assert person(desk).language == "fr"
    assert person(desk).attributes == {"first_name": "Anna", "city": "Paris"}
    assert count(desk, "consent_event") == 1


def test_who_left_is_not_brought_back(desk: Desk, bring: Any, rejects: Any) -> None:
    """STOP to a topic, STOP to everything: the next file changes neither."""
    bring(f"{FULL}\n{ANNA},,Anna,en,coffee|theatre,{EVIDENCE}\n")
    who = person(desk).id
    opt_out(desk, Act(who, Channel.EMAIL, later(1), topic="coffee"))
    path_2 = f"{FULL}\n{ANNA},,Änne,en,coffee,{EVIDENCE.replace('05-01', '05-02')}\n"
    assert bring(path_2, "second.csv").withheld == 1
    assert "opted out" in rejects()[0][2]
    assert state(desk) is ConsentState.OPTED_OUT
    assert state(desk, "theatre") is ConsentState.ACTIVE
    opt_out(desk, Act(who, Channel.EMAIL, later(2)))
    assert bring(path_2.replace("Änne", "Ann"), "third.csv").withheld == 1
    assert state(desk, "theatre") is ConsentState.OPTED_OUT
    assert person(desk).attributes == {"first_name": "Ann"}


@pytest.mark.parametrize("comes_as", [ANNA, "ANNA@example.com", "anna+shop@example.com"])
def test_a_suppressed_address_is_not_taken_under_any_dress(
    desk: Desk, bring: Any, rejects: Any, comes_as: str
) -> None:
    suppress(desk, Channel.EMAIL, ANNA, now=NOON)
    assert bring(f"{FULL}\n{comes_as},,Anna,en,coffee,{EVIDENCE}\n").people == 0
    assert "suppressed" in rejects()[0][2]
    assert count(desk, "address") == 0


def test_a_forgotten_person_does_not_come_back_by_file(desk: Desk, bring: Any) -> None:
    add_person(desk)
    forget(desk, 7, NOON)
    done = bring(f"{FULL}\n{ANNA},{ANNAS_PHONE},Anna,en,coffee,{EVIDENCE}\n")
    assert (done.people, done.updated) == (0, 0)
    assert count(desk, "address") == 0


def test_a_suppressed_number_leaves_the_mail_address_alone(
    desk: Desk, bring: Any, rejects: Any
) -> None:
    suppress(desk, Channel.SMS, ANNAS_PHONE, now=NOON)
    done = bring(f"{FULL}\n{ANNA},{ANNAS_PHONE},Anna,en,coffee,{EVIDENCE}\n")
    assert (done.people, done.proven, done.withheld, done.rejects) == (1, 1, 1, 1)
    assert state(desk) is ConsentState.ACTIVE


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


HOSTILE = """Bürger's "form"\\ / \t\x01\x1f\x7f\u2028 \U0001f600 : """


def test_the_chain_holds_whatever_the_file_says(desk: Desk, bring: Any) -> None:
    """The database writes the bytes of a first event as Python does, letter by letter."""
    quoted = HOSTILE.replace('"', '""')
    head = f"{FULL},note"
    done = bring(
        f"{head}\n{ANNA},{ANNAS_PHONE},{{x}},en,b.c|coffee|*,2026-05-01T10:15:00.123457+05:30,"
        f'gdpr_consent,"{quoted}","{quoted}","\t{quoted}\r\n{quoted}"\n'
        f'bert@example.com,,,,,,,"{quoted}",,\n'
    )
    assert (done.people, done.proven, done.unproven) == (2, 6, 1)
    with desk.database.begin() as conn:
        who = conn.execute(text("SELECT id FROM customer")).scalars().all()
        events = consents.ledger_of(conn, who)
        assert chains.verify_chain(conn, who) == []
    assert {event.origin for event in events} == {f"import 1: {HOSTILE.strip()}".rstrip(": ")}
    assert person(desk).attributes == {
        "first_name": "{x}",
        "note": f"\t{HOSTILE}\r\n{HOSTILE}".strip(),
    }


def test_the_first_consents_are_what_their_events_fold_to(desk: Desk, bring: Any) -> None:
    bring(
        f"{FULL}\n{ANNA},{ANNAS_PHONE},Anna,en,coffee|theatre,{EVIDENCE}\n"
        f"{ANNA},,Anna,en,coffee,,,,\n{ANNA},,Anna,en,bikes,2031-01-01,,,\n"
    )
    who = person(desk).id
    with desk.database.begin() as conn:
        events = consents.ledger_of(conn, [who])
        standings = consents.standings_of(conn, who)
    assert len(events) == len(standings) == 5
    for stand in standings:
        there = [e for e in events if (e.channel, e.topic) == (stand.channel, stand.topic)]
        folded = fold(there)
        assert (stand.state, stand.event_id, stand.since) == (
            folded.state,
            folded.event_id,
            folded.since,
        )
        assert (stand.kind, stand.own_hand) == (there[0].kind, False)


def test_chunks_that_are_merged_are_not_merged_again_whatever_their_order() -> None:
    """Two are at work at once, so a gap may be left; the size of chunks may have changed."""
    merged = [Span(20, 30), Span(0, 10)]
    assert list(import_merge.chunks(merged, 37, 6)) == [(10, 16), (16, 20), (30, 36), (36, 37)]
    assert list(import_merge.chunks([], 7, 5)) == [(0, 5), (5, 7)]
    assert list(import_merge.chunks([Span(0, 7)], 7, 5)) == []


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


BAD_FILES: dict[str, tuple[bytes, dict[str, Any], int, str]] = {
    "empty": (b"", {}, 1, "empty"),
    "blank header": (b"\n\na@example.com\n", {}, 1, "blank"),
    "no address column": (b"name,city\nAnna,Paris\n", {}, 1, "--map email="),
    "workbook": (b"PK\x03\x04\x14\0\x06\0", {}, 1, "Excel workbook; save it as CSV|workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", {}, 1, "save it as CSV"),
    "pdf": (b"%PDF-1.7\n", {}, 1, "PDF"),
    "utf-16": ("email\na@example.com\n".encode("utf-16"), {}, 1, "UTF-16"),
    "nul": (b"email\na@example.com\nb\0@example.com\n", {}, 3, "NUL"),
    "wrong encoding": (b"email,n\na@example.com,\xff\n", {"encoding": "utf-8"}, 2, "not utf-8"),
    "no such encoding": (b"email\n", {"encoding": "klingon"}, 0, "no encoding"),
    "long line": (b"email,n\na@example.com," + b"x" * 10_000_000 + b"\n", {}, 2, "longer"),
    "open quote": (b'email,n\na@example.com,"' + b"x\n" * 200_000, {}, 2, "quote"),
    "map to nothing": (b"email\n", {"mapping": {"phone": "Handy"}}, 1, "no column 'Handy'"),
    "two of a name": (b"email,Email\n", {}, 1, "two columns"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_read_changes_nothing(
    desk: Desk, bring: Any, tmp_path: Path, case: str
) -> None:
    """The error names the file, the line, and what to do; nobody is added, no rejects written."""
    content, order, line, words = BAD_FILES[case]
    with pytest.raises(ImportFileError, match=words) as caught:
        bring(content, **order)
    assert (caught.value.line, caught.value.path) == (line, str(tmp_path / "people.csv"))
    assert count(desk, "customer") == 0
    assert not (tmp_path / "rejects.csv").exists()


def test_a_folder_or_a_missing_file_is_said_plainly(desk: Desk, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(ImportFileError):
            import_customers(desk, Order(path, tmp_path / "rejects.csv"), NOON)


def test_rejects_that_cannot_be_written_are_said_at_once(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(people_file(1))
    with pytest.raises(ImportFileError, match="--rejects"):
        import_customers(desk, Order(path, tmp_path / "nowhere" / "rejects.csv"), NOON)
    assert count(desk, "customer") == 0


def test_a_file_with_a_header_only_brings_nobody(bring: Any) -> None:
    done = bring("email\n")
    assert (done.rows, done.people, done.rejects) == (0, 0, 0)


def test_a_value_is_no_formula_in_the_rejects_file(bring: Any, tmp_path: Path) -> None:
    bring('email\n"=HYPERLINK(1)"\n')
    assert "'=HYPERLINK" in (tmp_path / "rejects.csv").read_text("utf-8-sig")
