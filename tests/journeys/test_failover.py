"""A gateway falls ill: the next takes over, nobody is told twice, and it comes back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.domain.pulses import PROBES
from dispatcher.services.dispatch import dispatch
from dispatcher.services.outbound import Outbound
from dispatcher.storage import batches
from tests.servers.http import Fault, Reply, Request, SmsServer
from tests.support.house import House, house_on

PEOPLE = 120
IN_FLIGHT = 4
RESTED = text("""
    INSERT INTO gateway_health (gateway, state, trips) VALUES ('first', 'resting', 1)
""")
Story = Callable[[House, SmsServer, SmsServer], Awaitable[None]]

Tell = Callable[..., None]


@pytest.fixture
def tell(database_url: str, tmp_path: Path) -> Tell:
    """Give what tells a story of a house with two SMS gateways, `first` and `second`."""

    async def told(story: Story, slow: float) -> None:
        async with SmsServer() as first, SmsServer() as second:
            ways = {
                "first": _way(first.url, priority=1, price=0.05, slow_seconds=slow),
                "second": _way(second.url, priority=2, price=0.07),
            }
            home = tmp_path / "home"
            with house_on(database_url, home, safe_mode=False, gateways=ways) as house:
                await story(house, first, second)

    def run(story: Story, slow: float = 20.0) -> None:
        asyncio.run(told(story, slow))

    return run


def _way(url: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "http_sms",
        "url": url,
        "in_flight": IN_FLIGHT,
        "connect_timeout": 2.0,
        **more,
    }


def _addressed(requests: Sequence[Request]) -> list[str]:
    return sorted(json.loads(each.body)["to"] for each in requests)


async def _send(house: House, out: Outbound) -> None:
    """Tidy and send until the wave is finished."""
    for _ in range(100):
        await asyncio.to_thread(house.tidy)
        while await dispatch(out, Channel.SMS, 30):
            pass
        if house.query("SELECT state FROM wave") == ["finished"]:
            return
    raise AssertionError(f"the wave does not finish: {house.verdicts()}")


def _plan(house: House, people: int = PEOPLE) -> None:
    house.people(people)
    house.campaign(gateways={})
    house.plan()


def _history(house: House) -> list[tuple[str, str]]:
    return house.query("SELECT gateway, what FROM gateway_history ORDER BY id")


def test_the_next_gateway_takes_over_from_one_that_is_gone(tell: Tell) -> None:
    """Everybody gets one message, at the price of who carried it; the history says why."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        await first.leave()
        _plan(house)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        assert house.verdicts() == {("accepted", "ok"): PEOPLE}
        assert len(set(_addressed(second.requests))) == len(second.requests) == PEOPLE
        carried = house.query("SELECT DISTINCT gateway, cost::float8 FROM delivery")
        assert carried == [("second", 0.07)]
        assert _history(house)[:2] == [("first", "tripped"), ("second", "took over")]
        assert house.query("SELECT count(*) FROM gateway_history WHERE what = 'took over'") == [1]

    tell(story)


@pytest.mark.parametrize("fault", [Fault.KEEP_AND_CUT, Fault.KEEP_AND_RESET, Fault.CUT_ANSWER])
def test_what_a_gateway_may_have_taken_never_goes_by_another(tell: Tell, fault: Fault) -> None:
    """The line was lost after the last bytes: those few are unsure, and all others are told."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        first.default = Reply(fault=fault)
        _plan(house)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        states = Counter(house.query("SELECT state FROM delivery"))
        assert states.keys() == {"unsure", "accepted"}
        assert states["unsure"] == len(first.requests) < PEOPLE / 2
        both = _addressed(first.requests + second.requests)
        assert len(set(both)) == len(both) == PEOPLE

    tell(story)


def test_a_silent_gateway_holds_up_only_what_it_has(tell: Tell) -> None:
    """The others have got theirs over the second while the first still says nothing."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        first.default = Reply(fault=Fault.SILENT)
        _plan(house)
        out = house.outbound()
        sending = asyncio.create_task(_until(house, out, second, PEOPLE - IN_FLIGHT))
        await sending
        assert len(out.lingering) == 1  # the first has not answered yet, and is waited for
        assert len(first.requests) == IN_FLIGHT
        await first.leave()
        await _send(house, out)
        await out.aclose()
        assert out.lingering == set()
        states = Counter(house.query("SELECT state FROM delivery"))
        assert states == {"unsure": IN_FLIGHT, "accepted": PEOPLE - IN_FLIGHT}
        assert len(set(_addressed(first.requests + second.requests))) == PEOPLE

    tell(story, 0.4)


async def _until(house: House, out: Outbound, server: SmsServer, messages: int) -> None:
    for _ in range(500):
        await asyncio.to_thread(house.tidy)
        await dispatch(out, Channel.SMS, 30)
        if len(server.requests) >= messages:
            return
    raise AssertionError(f"{len(server.requests)} of {messages} came: {house.verdicts()}")


def test_a_late_answer_still_counts(tell: Tell) -> None:
    """What was given up for slow is settled by the gateway's own word, and goes no second time."""
    release = asyncio.Event()

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        answer = first._answer

        async def late(writer: asyncio.StreamWriter, reply: Reply) -> bool:
            await release.wait()
            return await answer(writer, reply)

        first._answer = late  # type: ignore[method-assign]
        _plan(house)
        out = house.outbound()
        await _until(house, out, second, PEOPLE - IN_FLIGHT)
        release.set()
        await _send(house, out)
        await out.aclose()
        assert house.verdicts() == {("accepted", "ok"): PEOPLE}
        assert len(set(_addressed(first.requests + second.requests))) == PEOPLE

    tell(story, 0.4)


def test_whom_an_ill_gateway_put_off_goes_by_the_other_at_once(
    tell: Tell,
) -> None:
    """Though it asked for an hour: that is for itself, and it is left alone as long."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        first.default = Reply(429, headers={"Retry-After": "3600"})
        _plan(house)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        assert house.verdicts() == {("accepted", "ok"): PEOPLE}
        assert len(set(_addressed(second.requests))) == PEOPLE
        (left,) = house.query(
            "SELECT extract(epoch FROM until - since)::int FROM gateway_health"
            " WHERE gateway = 'first'"
        )
        assert left >= 3600

    tell(story)


def test_a_gateway_that_fails_half_the_time_is_left_alone(tell: Tell) -> None:
    """No ten in a row fail, and still it is not fed the whole campaign."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        first.answerer = lambda _: Reply(500) if len(first.requests) % 2 else None
        _plan(house, 500)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        assert ("first", "tripped") in _history(house)
        states = Counter(house.query("SELECT state FROM delivery"))
        assert states["unsure"] == sum(1 for at in range(len(first.requests)) if at % 2 == 0)
        both = _addressed(first.requests + second.requests)
        assert len(set(both)) == len(both) == 500

    tell(story)


def test_it_drifts_back_by_a_probe_of_few(tell: Tell) -> None:
    """After its rest one batch tries it with a handful; once they went well it carries the rest."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        _plan(house)
        out = house.outbound()
        with house.dispatcher.database.begin() as conn:
            conn.execute(RESTED)
        first.answerer = _once_probed(house, first)
        await _send(house, out)
        await out.aclose()
        assert house.verdicts() == {("accepted", "ok"): PEOPLE}
        assert _history(house) == [("first", "probed"), ("first", "recovered")]
        assert second.requests == []
        assert house.query("SELECT state, trips FROM gateway_health") == [("ready", 0)]

    tell(story)


def _once_probed(house: House, first: SmsServer) -> Callable[[Request], Reply | None]:
    """Check, at each request, that no more than a few come before the gateway has recovered."""

    def answer(request: Request) -> Reply | None:
        del request
        if len(first.requests) > PROBES:
            assert ("first", "recovered") in _history(house)
        return None

    return answer


def test_a_probe_that_fails_costs_a_handful_and_a_longer_rest(
    tell: Tell,
) -> None:
    """The others never see that gateway."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        first.default = Reply(500)
        _plan(house)
        with house.dispatcher.database.begin() as conn:
            conn.execute(RESTED)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        assert len(first.requests) == PROBES
        assert len(second.requests) == PEOPLE - PROBES
        assert house.query("SELECT state, trips FROM gateway_health WHERE gateway = 'first'") == [
            ("resting", 2)
        ]
        assert _history(house) == [
            ("first", "probed"),
            ("first", "tripped"),
            ("second", "took over"),
        ]

    tell(story)


def test_only_one_of_many_probes(tell: Tell) -> None:
    """Two that ask at once: one of them gets the probe, the other the second gateway or nothing."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        del first, second
        house.people(PEOPLE)
        for name in "abcd":
            house.campaign(name, gateways={}, policy={"subject": name})
        house.plan()
        with house.dispatcher.database.begin() as conn:
            conn.execute(RESTED)
        outs = [house.outbound() for _ in range(3)]
        found = await asyncio.gather(*(asyncio.to_thread(_claim, house, out) for out in outs))
        assert [each for each in found if each == ("first", True)] == [("first", True)]
        assert set(found) <= {("first", True), ("second", False), None}
        for out in outs:
            out.beaten = True
            await out.aclose()

    tell(story)


def _claim(house: House, out: Outbound) -> tuple[str, bool] | None:
    with house.dispatcher.database.begin_by_key() as conn:
        claim = batches.claim(conn, Channel.SMS, out.worker, ("first", "second"))
    return (claim.batch.gateway, claim.probing) if claim else None


def test_a_halted_gateway_stands_aside(tell: Tell) -> None:
    """An operator stops one way out; what would have gone by it goes by the next."""

    async def story(house: House, first: SmsServer, second: SmsServer) -> None:
        with house.dispatcher.database.begin() as conn:
            conn.execute(text("INSERT INTO halt (scope, actor) VALUES ('gateway:first', 'ops')"))
        _plan(house)
        out = house.outbound()
        await _send(house, out)
        await out.aclose()
        assert first.requests == []
        assert len(second.requests) == PEOPLE

    tell(story)
