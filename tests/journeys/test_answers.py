"""Who wrote to us is answered at once, whatever campaign is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from datetime import timedelta
from typing import Any, ClassVar

from dispatcher.domain.messages import Channel, Message, MessageClass, Outcome, Receipt
from dispatcher.domain.policies import Cap
from dispatcher.domain.ports import Gate
from dispatcher.domain.throttles import Pace
from dispatcher.services.answer import answering
from dispatcher.services.dispatch import dispatch
from dispatcher.services.reserve import Tariff
from dispatcher.services.subscribe import Act, leave
from dispatcher.storage import service_messages
from dispatcher.storage.service_messages import ServiceMessage
from tests.support.house import TUESDAY, House

PATIENCE = 20  # seconds until a test gives up
SLOT = "SELECT tat > clock_timestamp() + interval '50 s' FROM rate WHERE key = 'gateway:sms'"


class Busy:
    """A gateway whose far side takes no offer before it has taken somebody's answer."""

    kind: ClassVar[str] = "sandbox"

    def __init__(self, real: Any) -> None:
        self.name, self.limits, self.aclose, self.read = "sms", real.limits, real.aclose, real.read
        self.answered, self.offered = asyncio.Event(), 0

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Accept each message, offers only after the answer."""
        for message in messages:
            if message.key.wave_id == 0:
                self.answered.set()
            else:
                async with asyncio.timeout(PATIENCE):
                    await self.answered.wait()
                gate.begin(message)
                self.offered += 1
            yield Receipt(message.key, Outcome.ACCEPTED)


def owe_an_answer(house: House, customer_id: int, number: str) -> None:
    """Queue the confirmation of an opt-out, as a reply does."""
    answer = ServiceMessage(
        key=f"a reply of {customer_id}",
        customer_id=customer_id,
        channel=Channel.SMS,
        address=number,
        gateway="sms",
        sender="Northwind",
        message_class=MessageClass.OPTOUT_CONFIRMATION,
        text="Northwind Coffee: unsubscribed.",
    )
    with house.dispatcher.database.begin() as conn:
        now = house.dispatcher.now()
        service_messages.queue(conn, answer, now, now + timedelta(minutes=5))


def send_through_busy(house: House, per_second: float = 0.0) -> Busy:
    """Have the one process there is send a campaign; an answer is owed from the first moment."""

    async def work() -> Busy:
        out = house.outbound()
        busy = Busy(out.gateways["sms"])
        tariffs = {**out.tariffs, "sms": Tariff(pace=Pace(per_second))}
        out.gateways, out.tariffs = {**out.gateways, "sms": busy}, tariffs
        async with asyncio.timeout(PATIENCE):
            await answering(out, dispatch(out, Channel.SMS, 5))
        await out.aclose()
        return busy

    return asyncio.run(work())


def test_an_answer_does_not_wait_for_the_campaign_that_keeps_the_process_busy(
    house: House,
) -> None:
    """The campaign ends only after the answer went: if that had to wait, both would for ever."""
    people = house.people(20)
    house.campaign()
    house.plan()
    owe_an_answer(house, 99, "+447700999999")
    assert send_through_busy(house).offered == len(people)
    assert house.query("SELECT state FROM service_message") == ["accepted"]
    assert house.verdicts() == {("accepted", "ok"): len(people)}


def test_an_answer_uses_a_slot_of_the_gateways_rate_without_waiting_for_one(house: House) -> None:
    """All slots of a minute are gone: the answer goes, and the campaign's next one comes later."""
    house.query("INSERT INTO rate VALUES ('gateway:sms', now() + interval '1 minute') RETURNING 1")
    owe_an_answer(house, 99, "+447700999999")
    assert send_through_busy(house, per_second=1.0).answered.is_set()
    assert house.query(SLOT) == [True]


def test_no_limit_on_offers_holds_an_answer_back(house: House) -> None:
    """Who has had offers enough, or has just left, is answered all the same."""
    (customer_id,) = house.people(1)
    house.campaign(policy={"caps": (Cap(1, 24),)})
    house.run()
    here = house.dispatcher
    with here.database.begin() as conn:
        leave(conn, here.desk, [Act(customer_id, Channel.SMS, TUESDAY)])
    owe_an_answer(house, customer_id, f"+4477009{customer_id:05d}")
    assert send_through_busy(house).answered.is_set()
    assert house.query("SELECT count(*) FROM contact") == [1]
