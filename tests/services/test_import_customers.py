"""A file comes in whole or not at all, names every bad row, and brings nobody back who left."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState, fold
from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, Desk, opt_out, suppress
from dispatcher.storage import chains, consents
from tests.services.importing import EVIDENCE, FULL, count, people_file, person, state
from tests.support.people import ANNA, ANNAS_PHONE, NOON, add_person, later


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


def test_terms_of_their_own_come_in_and_stay_until_others_are_said(desk: Desk, bring: Any) -> None:
    """Days and the most a month, of new people, known ones and those told of twice."""
    bring(f"email,days,most_a_month\n{ANNA},mon-fri,4\n")
    assert (person(desk).days, person(desk).most_a_month) == ("12345", 4)
    bring(f"email,days,most_a_month\n{ANNA},,\n")
    assert (person(desk).days, person(desk).most_a_month) == ("12345", 4)
    bring(f"email,days,most_a_month\n{ANNA},,2\n{ANNA},sat,\n")
    assert (person(desk).days, person(desk).most_a_month) == ("6", 2)


@pytest.mark.parametrize("heading", ["prefers", "Preferred channel"])
def test_a_preferred_channel_comes_in_and_stays_until_another_is_said(
    desk: Desk, bring: Any, heading: str
) -> None:
    bring(f"email,{heading}\n{ANNA},SMS\n")
    assert person(desk).prefers is Channel.SMS
    bring(f"email,{heading}\n{ANNA},\n")
    assert person(desk).prefers is Channel.SMS
    bring(f"email,{heading}\n{ANNA},email\n{ANNA},\n")
    assert person(desk).prefers is Channel.EMAIL


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
    "prefers": ("letter", "email|sms"),
    "zone": ("Europe/Pariss", "CEST+2"),
    "days": ("workdays", "mon-", "8"),
    "most_a_month": ("many", "0", "-1", "1000"),
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
    erase(desk, 7, NOON)
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


HOSTILE = """Bürger's "form"\\ / \t\x01\x1f\x7f\u2028 \U0001f600 : """


@pytest.mark.parametrize("newer", ["casl_implied_purchase", "soft_opt_in"])
def test_a_deal_takes_nothing_from_a_yes(desk: Desk, bring: Any, newer: str) -> None:
    """Neither within a file nor in a later one; both come to the same."""
    deal = EVIDENCE.replace("gdpr_consent", newer).replace("2026-05-01", "2026-06-01")
    bring(f"{FULL}\n{ANNA},,Anna,en,coffee,{EVIDENCE}\n{ANNA},,Anna,en,coffee,{deal}\n")
    bring(f"{FULL}\n{ANNA},,Anna,en,coffee,{deal}\n")
    with desk.database.begin() as conn:
        (stand,) = consents.standings_of(conn, person(desk).id)
        folded = fold(consents.ledger_of(conn, [stand.customer_id]))
    assert (stand.kind, stand.state) == ("gdpr_consent", ConsentState.ACTIVE)
    assert (stand.kind, stand.event_id, stand.since) == (folded.kind, folded.event_id, folded.since)


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


def test_first_consents_are_numbered_in_the_order_of_the_file(desk: Desk, bring: Any) -> None:
    bring(people_file(30))
    query = "SELECT address FROM address a JOIN consent_event e USING (customer_id) ORDER BY e.id"
    with desk.database.begin() as conn:
        told = conn.execute(text(query)).scalars().all()
        first = conn.execute(text("SELECT min(id) FROM consent_event")).scalar_one()
    assert told == [f"p{n}@example.com" for n in range(30)]
    assert first == 1


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
