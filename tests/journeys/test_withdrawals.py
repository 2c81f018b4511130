"""An acknowledged opt-out wins, and so do pause, cancel and halt, even over batches in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.services import campaigns
from dispatcher.services.dispatch import dispatch
from dispatcher.services.outbound import Outbound
from dispatcher.services.subscribe import Act, opt_out
from tests.support.house import TUESDAY, House

BAR = 1.0  # seconds from the acknowledgement to the last hand-over


def send_while(house: House, act: Callable[[], object], after_messages: int) -> float:
    """Dispatch, act in mid-campaign once some messages are out; give when the act returned."""
    acknowledged = 0.0

    async def story() -> None:
        nonlocal acknowledged
        out = house.outbound()
        work = asyncio.ensure_future(_until_idle(out))
        while len(house.inbox()) < after_messages and not work.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # the sandbox is a table: nothing tells when it fills
        await asyncio.to_thread(act)
        acknowledged = time.time()
        await work
        await out.aclose()

    asyncio.run(story())
    return acknowledged


async def _until_idle(out: Outbound) -> None:
    while await dispatch(out, Channel.SMS, 30):
        pass


def handed_over_later_than(house: House, instant: float) -> int:
    """Count messages that were put into the sandbox after an instant."""
    query = "SELECT count(*) FROM sandbox_message WHERE wave_id > 0 AND at > to_timestamp(:at)"
    return int(house.query(query, at=instant)[0])


def test_who_opts_out_in_mid_campaign_is_not_written_to(house: House) -> None:
    """The last of a long, throttled batch leaves while the first are being sent to."""
    people = house.people(40)
    house.campaign(per_minute=1200)
    house.plan()
    last = people[-1]
    send_while(
        house,
        lambda: opt_out(house.dispatcher.desk, Act(last, Channel.SMS, TUESDAY)),
        after_messages=3,
    )
    house.tidy()
    house.send(Channel.SMS)
    assert house.inbox() == people[:-1]
    assert house.query("SELECT state, reason FROM delivery WHERE customer_id = :id", id=last) == [
        ("skipped", "suppressed")
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda house: campaigns.pause(house.dispatcher.database, "Coffee week", "tests"),
        lambda house: campaigns.cancel(house.dispatcher.database, "Coffee week", "tests"),
        lambda house: campaigns.halt(house.dispatcher.database, "all", "tests"),
        lambda house: campaigns.halt(house.dispatcher.database, "brand:northwind", "tests"),
        lambda house: campaigns.halt(house.dispatcher.database, "gateway:sms", "tests"),
    ],
    ids=["pause", "cancel", "halt all", "halt brand", "halt gateway"],
)
def test_nothing_is_handed_over_a_second_after_the_command(
    house: House, act: Callable[[House], object]
) -> None:
    """Whatever the batch size: what was fetched but not written stays unwritten."""
    house.people(200)
    house.campaign(per_minute=1200)
    house.plan()
    returned = send_while(house, lambda: act(house), after_messages=5)
    assert 5 <= len(house.inbox()) < 200
    assert handed_over_later_than(house, returned + BAR) == 0


def test_a_paused_campaign_goes_on_where_it_stopped(house: House) -> None:
    """Nobody is forgotten by a pause, and nobody told twice after it."""
    people = house.people(60)
    house.campaign(per_minute=2400)
    house.plan()
    database = house.dispatcher.database
    send_while(house, lambda: campaigns.pause(database, "Coffee week", "tests"), after_messages=5)
    house.tidy()
    house.send(Channel.SMS)
    assert len(house.inbox()) < 60
    campaigns.resume(database, "Coffee week", "tests")
    house.finish()
    assert house.inbox() == people


def test_a_cancelled_campaign_leaves_a_verdict_for_everybody(house: House) -> None:
    """Whoever was not told yet is skipped, with that reason."""
    house.people(60)
    house.campaign(per_minute=2400)
    house.plan()
    database = house.dispatcher.database
    send_while(house, lambda: campaigns.cancel(database, "Coffee week", "tests"), after_messages=5)
    house.tidy()
    verdicts = house.verdicts()
    assert set(verdicts) == {("accepted", "ok"), ("skipped", "cancelled")}
    assert sum(verdicts.values()) == 60
    assert house.query("SELECT state FROM wave") == ["cancelled"]


def test_nothing_is_sent_while_the_withdrawal_poll_gets_no_answer(house: House) -> None:
    """No answer about withdrawals means no send: the sender stalls, and gives up in time."""
    house.people(10)
    house.campaign()
    house.plan()

    async def story() -> None:
        out = house.outbound()
        out.overtime = 1.0
        await asyncio.to_thread(out.watch.stop)
        work = asyncio.ensure_future(dispatch(out, Channel.SMS, 0.0))
        await asyncio.wait_for(work, 30)
        await out.aclose()

    asyncio.run(story())
    assert house.inbox() == []
    assert set(house.verdicts()) == {("deferred", "withdrawn")}
