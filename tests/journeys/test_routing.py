"""People go by the gateways that are meant for them: by place, brand, priority and share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.storage import explain
from tests.support.house import House, house_on


def _house(url: str, folder: Path, **ways: dict[str, Any]) -> Any:
    gateways = {name: {"kind": "sandbox", "channel": "sms", **told} for name, told in ways.items()}
    return house_on(url, folder / "home", gateways=gateways)


def _planned(house: House, people: int = 60, **facts: Any) -> dict[tuple[str, ...], int]:
    """Plan a campaign to so many people; count them by route."""
    house.people(people, spread=True, **facts)
    house.campaign(gateways={})
    house.plan()
    rows = house.query("SELECT route, sum(size)::int FROM batch GROUP BY route")
    return {tuple(route): size for route, size in rows}


def test_a_single_gateway_plans_as_before(house: House) -> None:
    """One batch, one way, and it goes there."""
    assert _planned(house) == {("sms",): 60}
    house.send(Channel.SMS)
    assert len(house.inbox()) == 60


def test_people_of_one_place_share_no_batch_with_others(database_url: str, tmp_path: Path) -> None:
    """A country has its gateway first; everybody is in one batch, and each batch has one route."""
    ways: dict[str, dict[str, Any]] = {"uk": {"countries": ["gb"]}, "world": {}}
    with _house(database_url, tmp_path, **ways) as house:
        house.people(7, first=1000, country="GB")
        assert _planned(house, 60, country="FR") == {("uk", "world"): 7, ("world",): 60}
        assert house.query("SELECT count(*) FROM audience") == [67]
        assert house.query(_MISCOUNTED) == []
        house.send(Channel.SMS)
        sent = house.query("SELECT gateway, count(*) FROM sandbox_message GROUP BY 1 ORDER BY 1")
        assert sent == [("uk", 7), ("world", 60)]


# Batches that are not as large as they say.
_MISCOUNTED = """
    SELECT b.shard, b.batch_no FROM batch b LEFT JOIN audience a USING (wave_id, shard, batch_no)
    GROUP BY b.wave_id, b.shard, b.batch_no, b.size HAVING count(a.customer_id) <> b.size
"""


def test_the_number_tells_the_country_before_the_person_does(
    database_url: str, tmp_path: Path
) -> None:
    """Where texts end up is the number's country, whatever home somebody has stated."""
    ways = {"uk": {"countries": ["GB"]}, "us": {"countries": ["US"]}}
    with _house(database_url, tmp_path, **ways) as house:
        house.people(5, country="GB")
        with house.dispatcher.database.begin() as conn:
            conn.execute(text("UPDATE address SET jurisdictions = '{US-OR}'"))
        house.campaign(gateways={})
        house.plan()
        assert house.query("SELECT route FROM batch") == [["us"]]


def test_prefixes_and_places_nobody_is_meant_for(database_url: str, tmp_path: Path) -> None:
    """A beginning of the number decides; who is meant for by nobody goes by any of them."""
    ways = {"mobile": {"prefixes": ["+4477"]}, "land": {"prefixes": ["+4420"]}}
    with _house(database_url, tmp_path, **ways) as house:
        assert _planned(house, 10) == {("mobile",): 10}
        house.add(5000)
        house.consent(5000)
        with house.dispatcher.database.begin() as conn:
            conn.execute(text("UPDATE address SET address = '+33123' WHERE customer_id = 5000"))
        house.campaign("Again", gateways={})
        house.plan()
        routes = house.query("SELECT route FROM batch ORDER BY array_length(route, 1) DESC LIMIT 1")
        assert routes == [["land", "mobile"]] or routes == [["mobile", "land"]]


def test_brands_priorities_and_what_the_campaign_names(database_url: str, tmp_path: Path) -> None:
    """Another brand's gateway carries nothing; what the file names goes first."""
    ways: dict[str, dict[str, Any]] = {
        "theirs": {"brands": ["acme"]},
        "late": {"priority": 2},
        "early": {"priority": 1},
    }
    with _house(database_url, tmp_path, **ways) as house:
        assert _planned(house) == {("early", "late"): 60}
        house.campaign("Named", gateways={Channel.SMS: "late"})
        house.plan()
        assert ["late", "early"] in house.query("SELECT route FROM batch")


def test_batches_are_shared_by_weight_and_woken_ones_too(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three in four go by the one that weighs three times as much."""
    monkeypatch.setattr("dispatcher.storage.waves.BATCH_SIZE", 2)
    monkeypatch.setattr("dispatcher.storage.waves.TOGETHER", 1)
    with _house(database_url, tmp_path, three={"weight": 3}, one={"weight": 1}) as house:
        routes = _planned(house, 400)
        shares = Counter({route[0]: size for route, size in routes.items()})
        assert 240 < shares["three"] < 360
        assert shares.total() == 400


def test_explain_names_who_carried_it_and_for_whom(house: House) -> None:
    """The stories of a person tell the gateway, and the one in whose place it went."""
    _planned(house, 1)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE batch SET route = '{gone,sms}'"))
    house.send(Channel.SMS)
    ((person, gateway),) = house.query("SELECT customer_id, gateway FROM delivery")
    assert gateway == "sms"
    with house.dispatcher.database.begin() as conn:
        (story,) = explain.stories(conn, person)
    assert (story.gateway, story.stood_in_for) == ("sms", "gone")
