"""Limits hold whatever wants to go: who has no room waits in the batch, and nobody is skipped."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.domain.throttles import MOST_PARTS, PACIFIC
from dispatcher.services.answer import answer
from dispatcher.services.dispatch import dispatch
from dispatcher.services.limits_status import LimitRow, limits_status, with_waits
from dispatcher.services.report import report
from dispatcher.storage import waves
from tests.journeys.test_answers import owe_an_answer
from tests.servers.http import Reply, SmsServer
from tests.support.house import BRAND, TUESDAY, House, house_on

# Where it is neither shortly before midnight nor shortly after it.
ZONE = "UTC" if 2 <= datetime.now(UTC).hour < 22 else "Asia/Tokyo"
SLOW = 0.01  # a second: one message goes, and the next one in a hundred seconds
CLAIMED = "SELECT sum(fence)::int FROM batch"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several batches of few people."""
    monkeypatch.setattr(waves, "BATCH_SIZE", 20)


SANDBOX = {"kind": "sandbox", "channel": "sms"}


def again(house: House) -> None:
    """Let those who wait for a look at a budget look now."""
    house.query("UPDATE share SET not_before = '-infinity' RETURNING 1")
    house.query("UPDATE rate SET tat = clock_timestamp() RETURNING 1")


def note_of(house: House, campaign: int) -> str:
    """Give what a campaign's report says it waits for."""
    here = house.dispatcher
    done = report(here.database, str(campaign))
    return with_waits(here.database, done, here.paces, here.gateway_paces).note


def status(house: House) -> dict[str, LimitRow]:
    """Give how each limit stands, by its key."""
    here = house.dispatcher
    with here.database.begin() as conn:
        rows = limits_status(conn, here.paces, here.gateway_paces)
    return {row.key: row for row in rows}


def house_with(database_url: str, folder: Path, **limits: Any) -> AbstractContextManager[House]:
    """Open a house in which these limits are set."""
    return house_on(database_url, folder / "home", limits=limits)


def move(house: House, people: list[int], pattern: str) -> None:
    """Give these people another address each; the pattern has a %s for who it is."""
    for customer_id in people:
        update = "UPDATE address SET address = :to WHERE customer_id = :id RETURNING 1"
        house.query(update, to=pattern % customer_id, id=customer_id)


def next_day(house: House) -> None:
    """Let the day be over: what was used was used yesterday."""
    house.query("UPDATE rate SET day = day - 1 RETURNING 1")
    again(house)


def test_a_slow_domain_holds_up_nobody_else(database_url: str, tmp_path: Path) -> None:
    """Its people stay in their batches without a verdict, and are not looked at in vain."""
    limits = {"domains": {"gmail": {"per_second": SLOW}}}
    with house_with(database_url, tmp_path, **limits) as house:
        people = house.people(60, channel=Channel.EMAIL)
        move(house, people[::3], "p%s@gmail.com")
        move(house, people[1::6], "P%s@GoogleMail.com")
        house.campaign(channels=[Channel.EMAIL])
        house.plan()
        house.send(Channel.EMAIL)
        slow = {*people[::3], *people[1::6]}
        sent = set(house.inbox())
        assert sent - slow == set(people) - slow
        assert len(sent & slow) == 1
        assert house.verdicts() == {("accepted", "ok"): 31}
        [claimed] = house.query(CLAIMED)
        for _ in range(5):
            house.send(Channel.EMAIL)
        assert house.query(CLAIMED) == [claimed]
        assert claimed <= 9


def test_everybody_of_a_slow_domain_is_written_to_in_time(
    database_url: str, tmp_path: Path
) -> None:
    """A rate delays, and does no more: all arrive, once each."""
    limits = {"domains": {"example.com": {"per_second": 40.0}}}
    with house_with(database_url, tmp_path, **limits) as house:
        people = house.people(60, channel=Channel.EMAIL)
        house.campaign(channels=[Channel.EMAIL])
        house.plan()

        async def work() -> None:
            desks = [house.outbound(), house.outbound()]
            while house.query("SELECT count(*) FROM batch WHERE state <> 'done'") != [0]:
                await asyncio.gather(*(dispatch(desk, Channel.EMAIL, 5) for desk in desks))
                await asyncio.sleep(0.01)
            for desk in desks:
                await desk.aclose()

        asyncio.run(work())
        assert house.inbox() == people


@pytest.mark.parametrize("what", ["sender", "brand", "gateway", "warm-up"])
def test_what_is_over_a_days_budget_waits_for_the_next_day(
    database_url: str, tmp_path: Path, what: str
) -> None:
    """Not one more goes, nobody is skipped, and the next day it goes on by itself."""
    budget = {"per_day": 25, "day_starts_in": ZONE}
    yesterday = datetime.now(ZoneInfo(ZONE)).date() - timedelta(1)
    warming = {"warm_up": yesterday, "warm_up_plan": [10, 25], "day_starts_in": ZONE}
    choices: dict[str, dict[str, Any]] = {
        "sender": {"limits": {"senders": {BRAND.sms_sender: budget}}},
        "brand": {"limits": {"brands": {BRAND.id: budget}}},
        "gateway": {"gateways": {"sms": {**SANDBOX, **budget}}},
        "warm-up": {"gateways": {"sms": {**SANDBOX, **warming}}},
    }
    with house_on(database_url, tmp_path / "home", **choices[what]) as house:
        people = house.people(40)
        campaign = house.campaign()
        house.run()
        # The last few parts are for a text that needs all of them.
        first = house.verdicts()
        assert set(first) == {("accepted", "ok")}
        assert 25 - MOST_PARTS[Channel.SMS] < first["accepted", "ok"] <= 25
        again(house)
        house.run()
        assert house.verdicts() == first
        assert "waits for the next day's budget of the" in note_of(house, campaign)
        next_day(house)
        for _ in range(4):
            house.run()
            again(house)
        assert house.inbox() == people
        assert house.query("SELECT state FROM wave") == ["finished"]
        assert note_of(house, campaign) == ""


def test_a_sold_out_offer_is_no_longer_sent_when_its_turn_comes(
    database_url: str, tmp_path: Path
) -> None:
    """Waiting for a budget outlives no offer: whoever's turn comes after its end is skipped."""
    limits = {"senders": {BRAND.sms_sender: {"per_day": 8, "day_starts_in": ZONE}}}
    with house_with(database_url, tmp_path, **limits) as house:
        house.people(20)
        house.campaign(policy={"ends_at": (TUESDAY + timedelta(hours=2)).timestamp()})
        house.run()
        sent = len(house.inbox())
        assert 0 < sent <= 8
        house.jump(TUESDAY + timedelta(days=1))
        next_day(house)
        for _ in range(4):
            house.run()
            again(house)
        assert house.verdicts() == {
            ("accepted", "ok"): sent,
            ("skipped", "offer_expired"): 20 - sent,
        }


def test_the_american_budget_of_a_brand_is_for_american_numbers_alone(
    database_url: str, tmp_path: Path
) -> None:
    """A brand nobody vetted has 2,000 parts a day; all others in the batch go on."""
    limits = {"brands": {BRAND.id: {"vetting_score": 0}}}
    with house_with(database_url, tmp_path, **limits) as house:
        people = house.people(30)
        americans = people[::2]
        move(house, americans, "+1503555%04d")
        house.campaign()
        house.plan()
        used = "INSERT INTO rate VALUES (:key, now(), :day, 1990) RETURNING 1"
        today = datetime.now(ZoneInfo(PACIFIC)).date().toordinal()
        house.query(used, key=f"10dlc:{BRAND.id}", day=today)
        for _ in range(3):
            house.send(Channel.SMS)
        sent = set(house.inbox())
        assert sent - set(americans) == set(people) - set(americans)
        assert 10 - MOST_PARTS[Channel.SMS] < len(sent & set(americans)) <= 10
        assert set(house.verdicts()) == {("accepted", "ok")}


def test_answers_go_when_the_budget_is_used_up_and_count_in_it(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever writes to us waits for no campaign; the sender's parts are counted all the same."""
    budget = {"per_day": 4, "day_starts_in": ZONE}
    limits = {"senders": {BRAND.sms_sender: budget}}
    with house_with(database_url, tmp_path, **limits) as house:
        house.people(10)
        house.campaign()
        house.run()
        owe_an_answer(house, 99, "+447700999999")
        used = "SELECT used::int FROM rate WHERE key LIKE 'sender:%'"
        [before] = house.query(used)

        async def work() -> None:
            out = house.outbound()
            assert await answer(out) == 1
            await out.aclose()

        asyncio.run(work())
        assert house.query("SELECT state FROM service_message") == ["accepted"]
        assert house.query(used) == [before + 1]
        row = status(house)[f"sender:{BRAND.sms_sender}"]
        assert (row.budget, row.used, row.left, row.why) == (4, before + 1, 3 - before, "budget")


def test_a_gateway_that_says_when_to_come_back_is_left_alone_by_everybody(
    database_url: str, tmp_path: Path
) -> None:
    """One such answer stops all desks, and answers to people too, until the time is over."""

    async def story() -> None:
        async with SmsServer() as server:
            server.default = Reply(429, "", {"Retry-After": "3600"})
            gateway = {"kind": "http_sms", "url": f"{server.url}/messages", "in_flight": 2}
            with house_on(
                database_url, tmp_path / "home", safe_mode=False, gateways={"sms": gateway}
            ) as house:
                people = house.people(60)
                house.campaign()
                house.plan()
                desks = [house.outbound(), house.outbound()]
                await dispatch(desks[0], Channel.SMS, 5)
                asked = len(server.requests)
                assert asked <= 2
                owe_an_answer(house, 99, "+447700999999")
                for desk in desks:
                    await dispatch(desk, Channel.SMS, 5)
                    assert await answer(desk) == 0
                assert len(server.requests) == asked
                assert status(house)["gateway:sms"].why == "rest"
                server.default = Reply()
                house.query("DELETE FROM gateway_health RETURNING 1")
                house.query("UPDATE due SET due_at = to_timestamp(0) RETURNING 1")
                for _ in range(3):
                    house.tidy()
                    await dispatch(desks[1], Channel.SMS, 5)
                assert await answer(desks[1]) == 1
                for desk in desks:
                    await desk.aclose()
                assert house.verdicts() == {("accepted", "ok"): len(people)}
                assert len(server.requests) == asked + len(people) + 1

    asyncio.run(story())
