"""Planning: everybody of the segment is in one batch, whoever plans and whatever else goes on."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from sqlalchemy import text

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.campaigns import cancel
from dispatcher.services.plan import plan, plan_step
from dispatcher.storage import batches, candidates, waves
from tests.support.house import House

PEOPLE = 150
AUDIENCE = "SELECT customer_id FROM audience ORDER BY customer_id"
WAVE = "SELECT state, planned_to, people FROM wave"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan the few people of a test in many batches and several steps, as if they were many."""
    monkeypatch.setattr(waves, "BATCH_SIZE", 10)
    monkeypatch.setattr(waves, "TOGETHER", 1)
    monkeypatch.setattr(waves, "FIRST", 1)
    monkeypatch.setattr(waves, "FURTHER", 2)


class Bells(NamedTuple):
    """Counts how often each queue was rung for."""

    rung: Counter[str]

    def ring(self, queue: str) -> None:
        """Count."""
        self.rung[queue] += 1


def test_everybody_is_in_one_batch_which_lies_inside_its_shards(
    house: House, small_batches: None
) -> None:
    """The batches' sizes are those of their people, and none is larger than a batch may be."""
    people = house.people(PEOPLE, spread=True)
    house.campaign()
    assert house.plan() == PEOPLE
    assert house.query(AUDIENCE) == people
    assert house.query(WAVE) == [("running", 256, PEOPLE)]
    counted = house.query("""
        SELECT b.size, count(*), bool_and(c.shard / w.shard_width * w.shard_width = b.shard)
        FROM batch b JOIN wave w ON w.id = b.wave_id
        JOIN audience a USING (wave_id, shard, batch_no) JOIN customer c ON c.id = a.customer_id
        GROUP BY b.wave_id, b.shard, b.batch_no""")
    assert len(counted) > 10
    assert all(size == found <= 10 and inside for size, found, inside in counted)


def test_a_small_wave_is_one_batch(house: House) -> None:
    """Not one for each shard somebody is in."""
    house.people(PEOPLE, spread=True)
    house.campaign()
    house.plan()
    assert house.query("SELECT size FROM batch") == [PEOPLE]


def test_nobody_joins_who_is_not_of_the_segment_when_it_is_planned(house: House) -> None:
    """Later ones wait for the next wave."""
    here = house.people(3)
    house.people(3, first=10, language="fr")
    house.campaign(audience=Audience("coffee", languages=("en",)))
    house.plan()
    house.people(3, first=20)
    house.plan()
    assert house.query(AUDIENCE) == here


def test_each_is_planned_for_the_first_channel_with_address_and_permission(house: House) -> None:
    """Without permission on any, for the first with an address; without that, for the first."""
    house.people(2, channel=Channel.SMS)
    house.people(3, first=11, channel=Channel.EMAIL)
    house.people(1, first=21, channel=Channel.SMS, consent=False)
    house.people(2, first=31)
    house.query("DELETE FROM address WHERE customer_id > 30 RETURNING 1")
    state = {"state": ConsentState.OPTED_OUT}
    house.query("UPDATE consent SET state = :state WHERE customer_id = 12 RETURNING 1", **state)
    house.query("UPDATE consent SET topic = '*' WHERE customer_id = 13 RETURNING 1")
    house.campaign(channels=(Channel.EMAIL, Channel.SMS))
    house.plan()
    planned = house.query("""
        SELECT channel, array_agg(customer_id ORDER BY customer_id)
        FROM audience JOIN batch USING (wave_id, shard, batch_no) GROUP BY channel""")
    assert dict(planned) == {"email": [11, 12, 13, 31, 32], "sms": [1, 2, 21]}


def test_planners_at_the_same_time_neither_overlap_nor_leave_gaps(
    house: House, small_batches: None
) -> None:
    """Each wave has one planner at a time, and waves have theirs side by side."""
    people = house.people(PEOPLE, spread=True)
    for name in ("One", "Two", "Three"):
        house.campaign(name)
    with ThreadPoolExecutor(4) as crowd:
        planned = sum(crowd.map(lambda _: house.plan(), range(4)))
    planned += house.plan()  # steps that somebody else held when a planner came by
    assert planned == 3 * PEOPLE
    assert house.query("SELECT DISTINCT state, people FROM wave") == [("running", PEOPLE)]
    assert house.query(AUDIENCE) == sorted(people * 3)


def test_a_wave_is_served_while_the_rest_of_it_is_being_planned(
    house: House, small_batches: None
) -> None:
    """Whoever claims what is planned waits for no planner."""
    house.people(PEOPLE, spread=True)
    house.campaign()
    here = house.dispatcher
    plan_step(here.database, here.versions, ())
    with here.database.begin() as planning:
        assert waves.take_unplanned(planning) is not None
        with here.database.begin() as conn:
            conn.execute(text("SET LOCAL lock_timeout = '5s'"))
            assert batches.claim(conn, Channel.SMS, "tests", ("sms",)) is not None


def test_a_campaign_cancelled_in_mid_plan_stays_cancelled(
    house: House, small_batches: None
) -> None:
    """The step under way is finished; then everybody planned has that verdict and nobody more."""
    house.people(PEOPLE, spread=True)
    house.campaign()
    here = house.dispatcher
    with here.database.begin() as planning:
        wave = waves.take_unplanned(planning)
        assert wave is not None
        cancel(here.database, "Coffee week", "tests")
        assert house.tidy().cancelled == 0
        spec = here.versions.get(planning, wave.version_id).spec
        waves.plan_shards(planning, waves.choose_width(planning, wave, spec), spec)
    assert house.tidy().cancelled > 0
    assert house.plan() == 0
    ((state, _, planned),) = house.query(WAVE)
    assert state == "cancelled"
    assert house.verdicts() == {("skipped", "cancelled"): planned}


def test_an_open_place_in_another_wave_is_found_whatever_the_width_of_its_batches(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One voice would else speak twice."""
    people = house.people(PEOPLE, spread=True)
    house.campaign("One")
    house.plan()
    monkeypatch.setattr(waves, "BATCH_SIZE", 10)
    house.campaign("Two")
    house.plan()
    one, two = house.query("SELECT id FROM wave ORDER BY id")
    now = house.dispatcher.now().timestamp()
    for wave, other in ((one, two), (two, one)):
        with house.dispatcher.database.begin() as conn:
            assert [found for found, _ in candidates.others(conn, wave, now)] == [other]
            found = candidates.undecided(conn, people, [other], now)
        assert sorted(each.customer_id for each in found) == people
        assert {each.wave_id for each in found} == {other}


def test_bells_are_rung_for_what_was_planned(
    house: House, monkeypatch: pytest.MonkeyPatch, small_batches: None
) -> None:
    """Once a batch, so that every process wakes up, yet not thousands of times."""
    house.people(PEOPLE, spread=True)
    house.campaign()
    monkeypatch.setattr("dispatcher.services.plan._BELLS", 3)
    bells = Bells(Counter())
    plan(house.dispatcher.database, house.dispatcher.versions, bells, ())
    assert set(bells.rung) == {"dispatch.sms"}
    assert 4 < bells.rung["dispatch.sms"] <= 5 * 3
