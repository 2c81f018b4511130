"""The hours of countries and states on the way of an offer, and what is on record of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatcher import wiring
from dispatcher.domain.messages import Channel
from dispatcher.errors import ConfigError
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.jurisdictions import Profile
from dispatcher.services import jurisdictions
from dispatcher.services.explain import explain
from dispatcher.services.find import find
from dispatcher.storage.health import unplaced
from tests.support.house import House, house_on

SUNDAY = datetime(2026, 12, 6, 11, tzinfo=UTC)


def live(house: House, customer_id: int, country: str, region: str = "", number: str = "") -> None:
    """Let somebody live there, with a number of another place if one is named."""
    values = {"id": customer_id, "country": country, "region": region, "number": [number]}
    with house.dispatcher.database.begin() as conn:
        conn.execute(
            text("UPDATE customer SET country = :country, region = :region WHERE id = :id"), values
        )
        if number:
            conn.execute(
                text("UPDATE address SET jurisdictions = :number WHERE customer_id = :id"), values
            )


def test_who_is_closed_on_sunday_is_told_on_monday(house: House) -> None:
    """A text to France waits from Sunday noon to Monday at eight, one to Britain goes at once."""
    house.people(2, zone="Europe/Paris")
    live(house, 1, "FR")
    live(house, 2, "GB")
    house.jump(SUNDAY)
    house.campaign()
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("deferred", "quiet_hours"): 1}
    assert house.query("SELECT not_before FROM delivery WHERE customer_id = 1") == [
        datetime(2026, 12, 7, 7, tzinfo=UTC)
    ]
    house.jump(datetime(2026, 12, 7, 7, 1, tzinfo=UTC))
    house.tidy()
    house.run()
    assert house.inbox() == [1, 2]


def test_an_opening_is_not_a_herd(database_url: str, tmp_path: Path) -> None:
    """As shipped people come back over half an hour; what is on record is the opening itself."""
    with house_on(database_url, tmp_path / "home", opening_spread_minutes=30) as house:
        ids = house.people(20, zone="Europe/Paris")
        for customer_id in ids:
            live(house, customer_id, "FR")
        house.jump(SUNDAY)
        house.campaign()
        house.run()
        opens = datetime(2026, 12, 7, 7, tzinfo=UTC)
        backs = house.query("SELECT not_before FROM delivery")
        assert opens <= min(backs) < max(backs) < opens + timedelta(minutes=30)
        assert len(set(backs)) == len(ids)
        assert house.query("SELECT DISTINCT to_timestamp(unnest(untils)) FROM decision") == [opens]
        assert house.query("SELECT due_at FROM due ORDER BY 1") == sorted(backs)
        here = house.dispatcher
        with here.database.begin() as conn:
            told = explain(conn, find(conn, here.digests, "1"), here.book)
        assert [line.agrees for story in told.stories for line in story.decisions] == [True]
        house.jump(opens + timedelta(minutes=15))
        house.tidy()
        house.run()
        assert 0 < len(house.inbox()) < len(ids)
        house.jump(opens + timedelta(minutes=31))
        house.tidy()
        house.run()
        assert house.inbox() == ids


def test_every_place_that_is_known_is_in_the_facts(house: House) -> None:
    """State of the residence and place of the number, both decide and both are kept."""
    house.people(1, zone="America/Chicago")
    live(house, 1, "US", "TX", number="US-OR")
    house.jump(datetime(2026, 12, 7, 2, 30, tzinfo=UTC))
    house.campaign()
    house.run()
    (facts,) = house.query("SELECT facts[1] FROM decision")
    assert facts.split("|")[3] == "US-TX.US-OR"
    assert house.verdicts() == {("deferred", "quiet_hours"): 1}


def test_explain_names_data_places_clocks_and_the_opening(house: House) -> None:
    """What was decided under which rule data and profile, whose hours bound, and until when."""
    house.people(1, zone="Europe/Paris")
    live(house, 1, "FR")
    house.jump(SUNDAY)
    house.campaign()
    house.run()
    here = house.dispatcher
    with here.database.begin() as conn:
        told = explain(conn, find(conn, here.digests, "1"), here.book)
    ((line,),) = [story.decisions for story in told.stories]
    assert (line.agrees, line.profile) == (True, "balanced")
    assert line.data_version == here.book.law.jurisdictions.version
    assert line.hours is not None
    assert (line.hours.bound_by, line.hours.zones) == (("FR",), ("Europe/Paris",))
    assert line.hours.shut == ("FR in Europe/Paris",)
    assert line.hours.next_open == line.until


def test_the_profile_is_a_setting_and_old_decisions_stay_explained(
    database_url: str, tmp_path: Path
) -> None:
    """What was decided under one profile is made again under it after the other is set."""
    with house_on(database_url, tmp_path) as house:
        house.people(1)
        live(house, 1, "GB")
        house.campaign()
        house.run()
    with house_on(database_url, tmp_path, hours_profile=Profile.STRICT) as house:
        here = house.dispatcher
        assert here.book.law.profile is Profile.STRICT
        house.people(1, first=2)
        house.campaign("Another")
        house.run()
        with here.database.begin() as conn:
            people = [find(conn, here.digests, who) for who in "12"]
            told = [explain(conn, person, here.book).stories[0] for person in people]
    lines = [story.decisions[0] for story in told]
    assert [(line.profile, line.agrees) for line in lines] == [("balanced", True), ("strict", True)]


def test_without_readable_rule_data_nothing_is_decided(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail closed: the error names file and line, and no sender is built."""
    broken = tmp_path / "rules.toml"
    shipped = jurisdictions_file().read_text("utf-8")
    broken.write_text(shipped.replace('tier = "default"', 'tier = "defalt"', 1), "utf-8")
    monkeypatch.setattr(jurisdictions, "shipped", lambda: jurisdictions.read(broken))
    with pytest.raises(ConfigError, match=r"rules\.toml:\d+: .*nothing is sent"):
        _ = wiring.build(house.dispatcher.settings).book
    monkeypatch.setattr(
        jurisdictions, "shipped", lambda: jurisdictions.read(tmp_path / "gone.toml")
    )
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        _ = wiring.build(house.dispatcher.settings).book


def test_who_is_held_for_lack_of_a_place_is_counted(house: House) -> None:
    """Texts to nobody knows where are skipped, and counted by what is amiss; e-mail goes."""
    house.people(3, zone="")
    house.people(1, first=11, zone="Europe/London")
    live(house, 11, "gb")
    house.people(1, first=21, channel=Channel.EMAIL, zone="")
    house.campaign(channels=(Channel.SMS, Channel.EMAIL))
    house.run()
    assert house.inbox() == [21]
    with house.dispatcher.database.begin() as conn:
        found = unplaced(conn)
    assert found == {"no time zone known": 3, 'no such jurisdiction: "gb"': 1}
