"""Campaigns that run at once share the workers: by weight, nobody starved, nobody held up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Window
from dispatcher.services import campaigns
from dispatcher.services.dispatch import dispatch
from dispatcher.services.reserve import Round, reserve
from dispatcher.storage import due, waves
from tests.support.house import TUESDAY, House
from tests.support.patience import eventually

SIZE = 10  # people in a batch
SAVED = 2  # slots: a second's worth, that a sender who was held up may use at once
FRENCH = Audience("coffee", languages=("fr",))
FREE: dict[str, Any] = {"caps": (), "min_gap_hours": 0.0}  # one campaign leaves room for others


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches of few people."""
    monkeypatch.setattr(waves, "BATCH_SIZE", SIZE)
    monkeypatch.setattr(due, "BATCH_SIZE", SIZE)


class Served(NamedTuple):
    """One batch that was decided on."""

    name: str
    people: int


def rounds(house: House, most: int = 1_000) -> list[Served]:
    """Send batch after batch, as a worker does; give what was served, in order."""
    before = len(order(house))

    async def story() -> None:
        out = house.outbound()
        for _ in range(most):
            if not await dispatch(out, Channel.SMS, 0):
                break
        await out.aclose()

    asyncio.run(story())
    return order(house)[before:]


def order(house: House) -> list[Served]:
    """Give every batch that was decided on, in order."""
    rows = house.query("""
        SELECT c.name, count(*) FROM delivery d
        JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
        GROUP BY c.name, d.wave_id, d.batch_no, d.fence, d.decided_at ORDER BY d.decided_at""")
    return [Served(*row) for row in rows]


def people_of(served: Iterable[Served]) -> Counter[str]:
    """Count people by campaign."""
    found: Counter[str] = Counter()
    for name, people in served:
        found[name] += people
    return found


def claims(house: House, name: str) -> int:
    """Count how often a batch of a campaign was claimed: each claim raises its fence by one."""
    return int(
        house.query(
            """SELECT coalesce(sum(b.fence), 0) FROM batch b JOIN wave w ON w.id = b.wave_id
               JOIN campaign c ON c.id = w.campaign_id WHERE c.name = :name""",
            name=name,
        )[0]
    )


def apart(served: Iterable[Served], weights: Mapping[str, float] | None = None) -> float:
    """Give how many people, for their weights, two campaigns were ever apart since then."""
    ahead, worst = 0.0, 0.0
    for name, people in served:
        weight = (weights or {}).get(name, 1.0)
        ahead += people / weight if name in ("First", "Huge") else -people / weight
        worst = max(worst, abs(ahead))
    return worst


def sent_times(house: House, name: str) -> list[float]:
    """Give when each offer of a campaign arrived, in order; wall clock, seconds."""
    return house.query(
        """SELECT extract(epoch FROM m.at)::float8 FROM sandbox_message m
           JOIN wave w ON w.id = m.wave_id JOIN campaign c ON c.id = w.campaign_id
           WHERE c.name = :name ORDER BY m.at""",
        name=name,
    )


def work_until_finished(house: House) -> None:
    """Work as workers and beat do, until every wave is finished."""
    unfinished = "SELECT count(*) FROM wave WHERE state <> 'finished'"

    def is_finished() -> bool:
        house.send(Channel.SMS)
        house.tidy()
        return house.query(unfinished) == [0]

    assert eventually(is_finished, 60)


def pair(house: House, **spec: Any) -> None:
    """Start two campaigns to the same people, equal but for what is said of the second."""
    house.campaign("First", policy=FREE)
    house.campaign("Second", policy={**FREE, **spec.pop("policy", {})}, **spec)
    house.plan()


def test_two_equal_campaigns_go_side_by_side(house: House) -> None:
    """At every moment they are within two batches of each other."""
    house.people(100)
    pair(house)
    served = rounds(house)
    assert people_of(served) == {"First": 100, "Second": 100}
    assert apart(served) <= 2 * SIZE


def test_a_campaign_of_three_times_the_weight_goes_three_times_as_fast(house: House) -> None:
    """Priority is the weight: 9 against 3."""
    house.people(120)
    house.campaign("First", policy=FREE, priority=9)
    house.campaign("Second", policy=FREE, priority=3)
    house.plan()
    served = rounds(house, 12)
    assert apart(served, {"First": 3.0}) <= 2 * SIZE
    assert len(set(served)) > 1


def test_of_equals_the_one_that_ends_first_begins(house: House) -> None:
    """Fairness leaves the first batch open; the nearer end decides it."""
    house.people(20)
    tonight = (TUESDAY + timedelta(hours=8)).timestamp()
    pair(house, policy={"ends_at": tonight})
    assert rounds(house)[0].name == "Second"


def test_a_small_campaign_does_not_wait_for_a_huge_one(house: House) -> None:
    """Started late, it begins at once and ends long before the huge one."""
    house.people(270)
    french = house.people(30, first=1_000, language="fr")
    house.campaign("Huge", policy=FREE)
    house.plan()
    rounds(house, 10)
    house.campaign("Small", policy=FREE, audience=FRENCH)
    house.plan()
    served = rounds(house)
    assert "Small" in {each.name for each in served[:2]}
    last = max(place for place, each in enumerate(served) if each.name == "Small")
    assert people_of(served[: last + 1])["Huge"] <= len(french) + 2 * SIZE
    assert people_of(served)["Small"] == len(french)
    assert people_of(order(house))["Huge"] == 300


def test_a_newcomer_does_not_stop_those_who_are_under_way(house: House) -> None:
    """It gets its share from now on, not what it would have had if it had come before."""
    house.people(200)
    house.campaign("First", policy=FREE)
    house.plan()
    rounds(house, 15)
    house.campaign("Second", policy=FREE)
    house.plan()
    assert apart(rounds(house, 12)) <= 2 * SIZE


def test_who_comes_back_from_a_pause_shares_from_then_on(house: House) -> None:
    """Wherever each stood: nobody makes up for the pause at the other's expense."""
    house.people(300)
    pair(house)
    rounds(house, 4)
    database = house.dispatcher.database
    for resting in ("First", "Second", "Second"):
        campaigns.pause(database, resting, "tests")
        assert {each.name for each in rounds(house, 8)} == {"First", "Second"} - {resting}
        campaigns.resume(database, resting, "tests")
        assert apart(rounds(house, 6)) <= 2 * SIZE


def test_a_tiny_throttle_holds_nobody_else_up(house: House) -> None:
    """While it waits for its next slot the others go on; it claims no more often than it sends."""
    house.people(250)
    house.people(8, first=1_000, language="fr")
    house.campaign("Slow", policy=FREE, per_minute=120, audience=FRENCH)
    house.campaign("Fast", policy=FREE)
    house.plan()
    work_until_finished(house)
    slow, fast = sent_times(house, "Slow"), sent_times(house, "Fast")
    assert (len(slow), len(fast)) == (8, 258)
    assert slow[-1] - slow[0] >= (8 - 1 - SAVED) / 2 - 0.05
    for earlier, later in pairwise(at for at in slow if at < fast[-1]):
        assert later - earlier < 0.2 or any(earlier < at < later for at in fast)
    assert claims(house, "Slow") <= 2 * len(slow)


def test_a_worker_held_up_between_two_questions_stays_with_a_throttled_campaign(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that came while it asked is no reason to go: everybody is told in one visit."""
    house.people(8)
    house.campaign(per_minute=240)
    house.plan()

    def held_up(*asked: Any) -> Round | None:
        found = reserve(*asked)
        if found is None:
            time.sleep(0.4)
        return found

    monkeypatch.setattr("dispatcher.services.dispatch.reserve", held_up)

    async def one_visit() -> None:
        out = house.outbound()
        assert not await dispatch(out, Channel.SMS, 30)
        await out.aclose()

    asyncio.run(one_visit())
    assert len(house.inbox()) == 8


def test_a_closed_window_costs_one_look_and_opens_on_time(house: House) -> None:
    """Its people wait by themselves: no batch is claimed again until the hour has come."""
    people = house.people(60)
    house.campaign("Fast", policy=FREE)
    later = {**FREE, "window": Window(15 * 60, 18 * 60)}
    house.campaign("Later", policy=later)
    house.plan()
    for _ in range(3):
        house.send(Channel.SMS)
        house.tidy()
    assert house.inbox() == people
    assert house.query("SELECT count(*) FROM due") == [60]
    assert claims(house, "Later") == len(house.query("SELECT FROM batch WHERE state = 'done'")) / 2
    house.jump(TUESDAY + timedelta(hours=5, minutes=1))
    work_until_finished(house)
    assert len(sent_times(house, "Later")) == 60
