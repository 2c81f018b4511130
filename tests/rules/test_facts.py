"""Promises of the record of what the rules saw: short, impersonal, and enough to read back."""

from __future__ import annotations

import zoneinfo
from typing import Any

from hypothesis import given

from dispatcher.domain.customers import Agreed, Interest, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, Policy
from dispatcher.rules.facts import LIMIT, recall, record
from dispatcher.rules.zone_codes import ZONES, code_of, zone_of
from tests.rules.people import HOUR, NOON, contact, instants, people, person, policies, policy
from tests.support.rules import LAW


def test_a_record_is_one_short_line() -> None:
    """What is stored with each decision, spelled out once."""
    some = (contact(2), contact(30, Channel.EMAIL, "theatre"))
    line = record(person(contacts=some, hours_from=600, hours_until=1200), policy(), NOON, LAW)
    assert line == "3|1795435200.0|sadi||Europe/Berlin|600-1200||a||||||5000|0|0|S=1c20,e=1a5e0"


def test_a_record_reads_back_as_what_was_seen() -> None:
    """Everything a rule asks for comes back; address, name and language do not."""
    some = (contact(2), contact(30, Channel.EMAIL, "theatre"))
    seen = person(contacts=some, suppressed="complaint", attempts=2, held_since=NOON - HOUR)
    seen = seen._replace(consent_in_all=True)
    read, now = recall(record(seen, policy(), NOON, LAW), policy())
    assert now == NOON
    assert [(one.at, one.channel) for one in read.contacts] == [
        (one.at, one.channel) for one in some
    ]
    assert [one.brand == "roaster" for one in read.contacts] == [True, False]
    personal = {"customer_id", "consent_event", "address", "fields", "language", "country"}
    for name in set(seen._fields) - personal - {"contacts"}:
        assert getattr(read, name) == getattr(seen, name)
    assert (read.address != "", read.fields, read.language) == (True, {}, "")


def test_what_people_agreed_to_and_asked_for_reads_back() -> None:
    """Hours by own hand, a written consent, a wish for at most so many, a question, an interest."""
    seen = person(
        agreed=(Agreed("KR", 0, 1440, 7), Agreed("ZA", 480, 1320, 12)),
        consent_kind="tcpa_pewc",
        promised_in_all=8,
        most_a_month=4,
        asked_at=NOON - 60,
        interest=Interest(NOON - 5 * HOUR, "bought", 1, (NOON - 80 * HOUR, NOON - 2 * HOUR)),
    )
    read, _ = recall(record(seen, policy(), NOON, LAW), policy())
    assert read._replace(**_personal(seen)) == seen


@given(people, policies, instants)
def test_a_record_holds_no_address_and_no_merge_field(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """Nothing personal is kept, in at most 200 bytes, all of them plain ASCII."""
    someone = someone._replace(address="anna@private.example", fields={"first_name": "Annabella"})
    line = record(someone, terms, now, LAW)
    assert "anna" not in line.lower()
    assert len(line.encode("ascii")) <= LIMIT


def test_the_worst_case_is_within_the_limit() -> None:
    """All the world's zones, many contacts, large numbers, long reasons: still 200 bytes."""
    worst = person(
        zone="",
        zones=tuple(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})),
        contacts=(contact(30 * 24, Channel.EMAIL),) * 1000,
        suppressed="ü|" * 500,
        hours_from=1439,
        hours_until=1440,
        bucket=9999,
        attempts=99,
        held_since=NOON - 0.7,
    )
    assert len(record(worst, policy(), NOON + 1 / 3, LAW)) <= LIMIT
    line = record(
        worst._replace(
            contacts=(contact(30 * 24), contact(30 * 24, Channel.EMAIL)) * 500,
            suppressed="",
            jurisdictions=("US-MD", "US-FL"),
            promised=999,
            promised_in_all=999,
            ignored=99,
        ),
        policy(caps=(Cap(900, 31 * 24),)),
        NOON + 1 / 3,
        LAW,
    )
    assert "*" in line.rpartition("|")[2]
    assert len(line) <= LIMIT


@given(people, policies, instants)
def test_recording_what_was_read_back_gives_the_same_line(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """The round trip loses nothing more."""
    line = record(someone, terms, now, LAW)
    read, at = recall(line, terms)
    again = record(read, terms, at, LAW)
    assert again == line or "*" in line.rpartition("|")[2]


def test_zone_codes_never_move() -> None:
    """Records of years are read by these codes: the list may only grow at its end."""
    assert (code_of("Africa/Abidjan"), code_of("Europe/Berlin"), code_of("Zulu")) == (
        "00",
        "c1",
        "gk",
    )
    assert len(set(ZONES)) == len(ZONES)
    assert all(zone_of(code_of(zone)) == zone for zone in ZONES)
    assert code_of("No/Such") == ""


def _personal(seen: Recipient) -> dict[str, Any]:
    names = ("customer_id", "consent_event", "address", "fields", "language", "country")
    return {name: getattr(seen, name) for name in names}
