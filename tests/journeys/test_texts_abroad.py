"""A text goes out as its reader's country lets it, and as its gateway can write it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel
from dispatcher.domain.ports import Limits
from dispatcher.gateways.sandbox import SandboxGateway
from dispatcher.services.dispatch import dispatch
from tests.support.house import OFFER, House

BARRED = {"barred_countries": ("CA", "US")}


def test_a_name_sends_nothing_to_numbers_that_take_none(house: House) -> None:
    """They get a mail if they agreed to mails, else a verdict with its reason."""

    house.people(1)
    house.people(2, first=2, country="US", zone="America/New_York")
    house.also_by(Channel.EMAIL, [3])
    house.campaign(channels=(Channel.SMS, Channel.EMAIL), policy=BARRED)
    house.run()
    told = house.query("SELECT customer_id, channel, reason FROM delivery ORDER BY customer_id")
    assert told == [(1, "sms", "ok"), (2, "sms", "sender_forbidden"), (3, "email", "ok")]


def test_a_text_is_charged_by_the_tables_of_its_gateway(house: House) -> None:
    """Turkish letters cost one part where the gateway can send their table, two where it cannot."""
    offer = replace(OFFER, fields={**OFFER.fields, "coffee": "x", "discount": "ş" * 10})

    async def send(limits: Limits) -> None:
        out = house.outbound()
        gateway = out.gateways["sms"]
        assert isinstance(gateway, SandboxGateway)
        gateway.limits = limits
        await dispatch(out, Channel.SMS, 30)
        await out.aclose()

    house.people(1)
    tables = frozenset({National.TURKISH})
    house.campaign(offer=offer)
    house.plan()
    asyncio.run(send(Limits(Channel.SMS, national_tables=tables)))
    house.people(1, first=2)
    house.campaign("Coffee week again", offer=offer, policy={"caps": ()})
    house.plan()
    asyncio.run(send(Limits(Channel.SMS)))
    parts = house.query("SELECT customer_id, parts FROM delivery WHERE state = 'accepted'")
    assert sorted(parts) == [(1, 1), (2, 2)]
