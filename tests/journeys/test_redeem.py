"""A code that was used is a purchase: nobody is reminded of what they have bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.domain.signals import SignalKind
from dispatcher.services.receive import receive
from dispatcher.storage import brands
from tests.journeys.test_join_by_text import Talk
from tests.journeys.test_reminders import MACHINE, agrees, did, remind
from tests.support.house import BRAND, OFFER, TUESDAY, House

PHONE = "+447700900001"  # of the first of the house's people
CODE = {"offer_code": "WEEK26"}


@pytest.fixture(autouse=True)
def known_brand(house: House) -> None:
    """Signals are of brands that are known."""
    with house.dispatcher.database.begin() as conn:
        brands.save(conn, BRAND)


def bought(house: House) -> list[tuple[int, str, str]]:
    """Give who bought what, by the signals that are kept."""
    return house.query(
        "SELECT customer_id, brand, product FROM signal WHERE kind = :kind", kind=SignalKind.BOUGHT
    )


def test_a_code_of_an_offer_buys_what_the_offer_sells(house: House) -> None:
    """Once, however often it is told; the person's next reminder of it never comes."""
    house.people(2)
    did(house, [1, 2])
    house.campaign(offer=replace(OFFER, sells=MACHINE), policy=CODE)
    house.run(Channel.SMS)
    talk = Talk(house, PHONE)
    told = talk.event("redeem WEEK26")
    for _ in range(3):
        receive(talk.desk, [told], talk.now)
    assert "noted as used before" in talk.says("redeem week26")
    assert bought(house) == [(1, BRAND.id, MACHINE)]
    assert house.query("SELECT customer_id, offer_code FROM redemption") == [(1, "WEEK26")]
    house.jump(TUESDAY + timedelta(days=8))
    remind(house, name="Still thinking")
    house.run(Channel.SMS)
    reminded = house.query("SELECT customer_id FROM contact WHERE reminds_of = :it", it=MACHINE)
    assert reminded == [2]


def test_the_code_of_a_reminder_buys_what_it_reminded_of(house: House) -> None:
    """Its file need not name the product twice; one who waits for theirs hears nothing."""
    house.people(1)
    did(house, [1])
    remind(house, **CODE)
    house.run(Channel.SMS)
    Talk(house, PHONE).write("REDEEM WEEK26")
    assert bought(house) == [(1, BRAND.id, MACHINE)]


def test_who_redeems_while_a_reminder_waits_is_not_reminded(house: House) -> None:
    """Each decision is made again at its hour, and comes out the same in the replay."""
    house.people(1)
    house.campaign(offer=replace(OFFER, sells=MACHINE), policy=CODE)
    house.run(Channel.SMS)
    did(house, [1], at=TUESDAY - timedelta(hours=1))
    remind(house, name="Still thinking")
    house.run(Channel.SMS)
    Talk(house, PHONE).write("REDEEM WEEK26")
    house.jump(TUESDAY + timedelta(days=1))
    house.finish()
    assert house.query("SELECT 1 FROM contact WHERE reminds_of = :it", it=MACHINE) == []
    assert agrees(house, 1)


def test_where_no_product_is_named_only_the_code_is_noted(house: House) -> None:
    """Nothing is made up about what people have at home."""
    house.people(1)
    house.campaign(policy=CODE)
    house.run(Channel.SMS)
    assert Talk(house, PHONE).says("REDEEM WEEK26").startswith("Northwind Offers: ")
    assert bought(house) == []
    assert house.query("SELECT offer_code FROM redemption") == ["WEEK26"]


def test_a_code_that_was_never_sent_buys_nothing(house: House) -> None:
    """A code from a friend's phone is answered, and nothing is noted."""
    house.people(2)
    house.campaign(offer=replace(OFFER, sells=MACHINE), policy=CODE)
    house.run(Channel.SMS)
    assert "no code WEEK27" in Talk(house, PHONE).says("REDEEM WEEK27")
    assert bought(house) == []
