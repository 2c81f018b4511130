"""Offers at hours that people agreed to, and not a minute longer than they do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from dispatcher.domain.customers import Recipient
from dispatcher.domain.messages import Channel
from dispatcher.services.agree_hours import OwnAct, agree, agreement, take_back
from dispatcher.services.audit_hours import audit_hours
from dispatcher.services.explain import explain
from dispatcher.services.find import find
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.storage import consents, customers
from tests.journeys.test_hours_of_countries import live
from tests.journeys.test_withdrawals import send_while
from tests.rules.override_texts import COMPLIANCE, entry
from tests.support.house import TUESDAY, House, house_on

TEN_AT_NIGHT = datetime(2026, 12, 1, 13, tzinfo=UTC)  # in Seoul
MIDNIGHT = datetime(2026, 12, 1, 15, tzinfo=UTC)


def sign(
    house: House, people: list[int], place: str = "KR", hours: tuple[int, int] | None = None
) -> None:
    """Let people have agreed to other hours, with a form they signed."""
    here = house.dispatcher
    data = here.book.law.jurisdictions
    act = OwnAct("At night too", {"signed_form": "17"}, "paper form")
    for customer_id in people:
        with here.database.begin() as conn:
            person = customers.person(conn, customer_id)
        assert person is not None
        by, agreed = By("ben", TUESDAY), agreement(data, place, hours)
        assert all(agree(here.desk, data, person, list(Channel), agreed, act, by).values())
    with here.database.begin() as conn:
        conn.execute(text("DELETE FROM withdrawal"))  # as if it had been long ago


def revoke(house: House, customer_id: int) -> None:
    """Let somebody take their agreement back."""
    here = house.dispatcher
    with here.database.begin() as conn:
        person = customers.person(conn, customer_id)
    assert person is not None
    data = here.book.law.jurisdictions
    assert take_back(here.desk, data, person, list(Channel), "KR", By("ben", TEN_AT_NIGHT))


def koreans(house: House, count: int) -> list[int]:
    """Add people who live in Seoul and want to hear of coffee."""
    people = house.people(count, zone="Asia/Seoul")
    for customer_id in people:
        live(house, customer_id, "KR")
    return people


def test_only_who_agreed_to_the_night_hears_at_ten_at_night(house: House) -> None:
    """One of two Koreans; when it is taken back she waits for the morning too, as after a STOP."""
    agreed, other, third = koreans(house, 3)
    sign(house, [agreed, third])
    house.jump(TEN_AT_NIGHT)
    house.campaign()
    house.run()
    assert house.inbox() == [agreed, third]
    revoke(house, agreed)
    opt_out(house.dispatcher.desk, Act(third, Channel.SMS, TEN_AT_NIGHT))
    house.campaign("Another", policy={"caps": (), "min_gap_hours": 0.0})
    house.run()
    assert house.inbox() == [agreed, third]
    waiting = "SELECT DISTINCT customer_id, reason FROM delivery WHERE state = 'deferred'"
    assert set(house.query(waiting)) == {(agreed, "quiet_hours"), (other, "quiet_hours")}


def test_taking_it_back_overtakes_a_running_campaign(house: House) -> None:
    """The last of a long batch takes it back while the first are sent to: she gets nothing now."""
    people = koreans(house, 40)
    sign(house, people)
    house.jump(TEN_AT_NIGHT)
    house.campaign(per_minute=1200)
    house.plan()
    send_while(house, lambda: revoke(house, people[-1]), after_messages=3)
    house.tidy()
    house.send(Channel.SMS)
    assert house.inbox() == people[:-1]
    last = house.query("SELECT state, reason FROM delivery WHERE customer_id = :id", id=people[-1])
    assert last == [("deferred", "quiet_hours")]


def test_hours_agreed_with_one_country_count_in_no_other(house: House) -> None:
    """A South African home and a Korean number: both bind, and only one was agreed on."""
    (someone,) = house.people(1, zone="Asia/Seoul")
    live(house, someone, "ZA", number="KR")
    sign(house, [someone], "ZA", (0, 1440))
    house.jump(TEN_AT_NIGHT)
    house.campaign()
    house.run()
    assert house.verdicts() == {("deferred", "quiet_hours"): 1}
    (facts,) = house.query("SELECT facts[1] FROM decision")
    assert ";ZA 0-1440=" in facts


def test_mail_to_south_africa_goes_at_the_hours_agreed(house: House) -> None:
    """There the law binds e-mail too, and ends with the hour that was agreed on."""
    (someone,) = house.people(1, channel=Channel.EMAIL, zone="Africa/Johannesburg")
    live(house, someone, "ZA")
    sign(house, [someone], "ZA", (19 * 60, 22 * 60))
    house.jump(datetime(2026, 12, 1, 19, tzinfo=UTC))
    house.campaign(channels=(Channel.EMAIL,))
    house.run()
    assert house.inbox() == [someone]
    assert house.query("SELECT send_before FROM delivery") == [
        datetime(2026, 12, 1, 20, tzinfo=UTC)
    ]


def test_explain_and_audit_name_what_opened_the_hours(house: House) -> None:
    """The agreement with its event and date; and the second opinion agrees."""
    koreans(house, 1)
    sign(house, [1])
    house.jump(TEN_AT_NIGHT)
    house.campaign()
    house.run()
    here = house.dispatcher
    with here.database.begin() as conn:
        told = explain(conn, find(conn, here.digests, "1"), here.book)
        (event_id,) = {
            line.id for line in consents.ledger_of(conn, [1]) if line.topic == "hours:KR"
        }
    ((line,),) = [story.decisions for story in told.stories]
    assert line.agrees
    assert line.hours is not None
    assert line.hours.opened_by == (f"agreement #{event_id} of 2026-12-01 to 21:00-08:00 in KR",)
    found = audit_hours(here.database, TUESDAY, MIDNIGHT)
    assert (found.looked_at, found.in_hours, found.outside) == (1, 1, 0)


def test_an_audit_finds_what_an_agreement_does_not_cover(house: House) -> None:
    """Facts that lose their agreement are no longer in the hours."""
    koreans(house, 1)
    sign(house, [1])
    house.jump(TEN_AT_NIGHT)
    house.campaign()
    house.run()
    here = house.dispatcher
    with here.database.begin() as conn:
        conn.execute(text("ALTER TABLE decision DISABLE TRIGGER ALL"))
        conn.execute(
            text("UPDATE decision SET facts = ARRAY[replace(facts[1], 'KR 1260', 'ZA 1260')]")
        )
    found = audit_hours(here.database, TUESDAY, MIDNIGHT)
    assert (found.looked_at, found.outside) == (1, 1)


def test_agreements_are_read_once_a_batch_and_only_where_a_law_knows_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of Britons asks nothing more; one with Koreans asks once."""
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *more: Any, **named: Any) -> Any:
        asked.append(str(query))
        return execute(cursor, query, *more, **named)

    people = house.people(20)
    house.campaign()
    house.plan()
    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    house.send(Channel.SMS)
    assert asked
    assert not any("'hours:" in query for query in asked)
    for customer_id in people[:3]:
        live(house, customer_id, "KR")
    house.campaign("Another")
    house.plan()
    house.send(Channel.SMS)
    assert sum("'hours:" in query for query in asked) == 1


@pytest.mark.parametrize("lifted", [True, False])
def test_a_written_consent_opens_hours_only_where_compliance_says_so(
    database_url: str, tmp_path: Path, lifted: bool
) -> None:
    """On a Sunday in Louisiana: who signed hears, if it is switched on; nobody else does."""
    chosen = tmp_path / "hours.toml"
    chosen.write_text(entry("US-LA", consent_lifts_hours="true", **COMPLIANCE) if lifted else "")
    with house_on(database_url, tmp_path, rule_overrides=chosen) as house:
        people = house.people(2, zone="America/Chicago")
        for customer_id in people:
            live(house, customer_id, "US", "LA")
        with house.dispatcher.database.begin() as conn:
            conn.execute(text("UPDATE consent SET kind = 'tcpa_pewc' WHERE customer_id = 1"))
        house.jump(datetime(2026, 12, 6, 18, tzinfo=UTC))
        house.campaign()
        house.run()
        assert house.inbox() == ([1] if lifted else [])
        here = house.dispatcher
        with here.database.begin() as conn:
            told = explain(conn, find(conn, here.digests, "1"), here.book)
        hours = told.stories[0].decisions[0].hours
        assert hours is not None
        opened = ("the express written consent, as an override lets it",) if lifted else ()
        assert hours.opened_by == opened


def test_a_person_of_the_tests_has_agreed_to_nothing() -> None:
    """Fail closed: without being told otherwise the rules know of no agreement."""
    assert Recipient._field_defaults["agreed"] == ()
    assert Recipient._field_defaults["consent_kind"] == ""
