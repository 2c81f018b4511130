"""Whoever asks for an offer is answered with one at once, within the law and their consent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.messages import Channel, Message, Outcome, Receipt
from dispatcher.domain.policies import Cap, Window
from dispatcher.domain.ports import Gate
from dispatcher.services.answer import answer
from dispatcher.services.receive import Received, reply
from dispatcher.storage import brands
from tests.support.house import BRAND, TUESDAY, House
from tests.support.phones import Phones, send

# In Italy texts may come until ten in the evening; campaigns here end at eight.
ITALY: dict[str, Any] = {"country": "IT", "zone": "Europe/Rome"}
WINDOW = Window(9 * 60, 20 * 60)
EVENING = TUESDAY.replace(hour=19, minute=30)  # half past eight in Rome
NIGHT = TUESDAY.replace(hour=21, minute=30)
DAWN = (TUESDAY + timedelta(days=1)).replace(hour=6, minute=50)  # ten to eight
ANSWERS = "SELECT class, state FROM service_message ORDER BY created_at"


def says(house: House, words: str = "MORE", customer: int = 1) -> Received:
    """Let somebody write to us, now on the programme's clock."""
    here = house.dispatcher
    number = f"+4477009{customer:05d}"
    return reply(here.desk, number, words, here.now(), gateway="sms", recipient="Northwind")


def work(house: House) -> None:
    """Do what beat and workers do next."""
    house.tidy()
    house.send(Channel.SMS)
    house.tidy()


def answered(house: House) -> list[tuple[str, str]]:
    """Send the answers that are due, and give what became of each."""

    async def story() -> None:
        out = house.outbound()
        await answer(out)
        await out.aclose()

    asyncio.run(story())
    return house.query(ANSWERS)


def a_brand_speaks(house: House) -> None:
    """Let there be a brand that can answer, though it has no campaign."""
    with house.dispatcher.database.begin() as conn:
        brands.save(conn, BRAND)


def evening_campaign(house: House, name: str = "Coffee week", **spec: Any) -> None:
    """Start a campaign whose window is over for today."""
    house.jump(EVENING)
    house.campaign(name, policy={"window": WINDOW, **spec.pop("policy", {})}, **spec)
    house.run(Channel.SMS)
    assert house.inbox() == []


def test_an_offer_asked_for_in_the_evening_comes_at_once(house: House) -> None:
    """The campaign's window is over, the law's is not: who asked hears, who did not waits."""
    house.people(2, **ITALY)
    evening_campaign(house)
    says(house)
    work(house)
    assert house.inbox() == [1]
    assert house.query("SELECT customer_id, asked FROM contact") == [(1, True)]
    (before,) = house.query("SELECT send_before FROM delivery WHERE customer_id = 1")
    assert before <= EVENING + timedelta(minutes=16)
    house.jump(EVENING + timedelta(minutes=20))
    assert answered(house) == [("nothing_new", "expired")]
    work(house)
    assert house.inbox() == [1]


def test_real_texts_go_out_for_whoever_asked(house: House) -> None:
    """Over a far side of its own, text by text: only those who asked, once each."""
    house.people(12, **ITALY)
    evening_campaign(house)
    for customer in (3, 7, 7, 11):
        says(house, "Ancora, per favore", customer)
    house.tidy()
    phones = Phones(0.0)
    send(house, phones)
    assert phones.people() == [3, 7, 11]


def test_at_night_asking_waits_for_the_morning(house: House) -> None:
    """No law lets an offer out at half past ten, whoever asks; the ordinary hours are met again."""
    house.people(1, **ITALY)
    evening_campaign(house)
    house.jump(NIGHT)
    says(house)
    work(house)
    assert house.verdicts() == {("deferred", "quiet_hours"): 1}
    (until,) = house.query("SELECT not_before FROM delivery")
    assert until == DAWN.replace(hour=8, minute=0)  # nine in Rome
    house.jump(NIGHT + timedelta(minutes=16))
    assert answered(house) == [("nothing_new", "accepted")]


def test_a_legal_opening_within_the_quarter_of_an_hour_is_taken(house: House) -> None:
    """Asked at ten to eight, answered at eight, though the campaign opens at nine."""
    house.people(1, **ITALY)
    evening_campaign(house)
    house.jump(DAWN)
    says(house)
    work(house)
    assert house.inbox() == []
    house.jump(DAWN + timedelta(minutes=11))
    work(house)
    assert house.inbox() == [1]


def test_own_hours_and_days_give_way_to_ones_own_question(house: House) -> None:
    """They made the exception themselves; without a question the terms stand."""
    house.people(2, hours_from=600, hours_until=660, days="3", **ITALY)
    evening_campaign(house)
    says(house)
    work(house)
    assert house.inbox() == [1]


def test_a_question_is_answered_with_one_offer_the_best(house: House) -> None:
    """Two campaigns wait; the better one answers, the other waits for its hours."""
    house.people(1, **ITALY)
    evening_campaign(house, "Lesser", priority=3)
    evening_campaign(house, "Better", priority=8)
    says(house)
    work(house)
    work(house)
    assert house.inbox() == [1]
    rows = house.query(
        "SELECT c.name, d.state FROM delivery d JOIN wave w ON w.id = d.wave_id"
        " JOIN campaign c ON c.id = w.campaign_id ORDER BY 1"
    )
    assert rows == [("Better", "accepted"), ("Lesser", "deferred")]


def test_what_was_asked_for_counts_half(house: House) -> None:
    """Of two a day, two answers leave room for one more offer, and then for none."""
    house.people(1)
    caps = {"caps": (Cap(2, 24),)}
    for number, name in enumerate(("one", "two")):
        house.jump(TUESDAY + timedelta(minutes=number))
        says(house)
        house.campaign(name, policy=caps)
        house.run(Channel.SMS)
    for name in ("three", "four"):
        house.campaign(name, policy={**caps, "min_gap_hours": 0.0})
        house.run(Channel.SMS)
    assert house.verdicts() == {("accepted", "ok"): 3, ("deferred", "cap_person"): 1}
    assert sorted(house.query("SELECT asked FROM contact")) == [False, True, True]


def test_what_the_gateway_refused_leaves_the_question_open(house: House) -> None:
    """The best offer fails, so the next best one answers."""

    class Refusing(Phones):
        async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt]:
            """Refuse the first, take all others."""
            async for receipt in super().send(messages, gate):
                first = len(self.told) == 1
                yield receipt._replace(outcome=Outcome.REFUSED) if first else receipt

    house.people(1, **ITALY)
    evening_campaign(house, "Lesser", priority=3)
    evening_campaign(house, "Better", priority=8)
    says(house)
    phones = Refusing(0.0)
    for _ in range(3):
        house.tidy()
        send(house, phones)
    assert phones.people() == [1, 1]
    assert house.verdicts() == {("refused", "gateway_refused"): 1, ("accepted", "ok"): 1}
    assert house.query("SELECT asked FROM contact") == [True]


def test_asking_is_not_agreeing(house: House) -> None:
    """Who agreed to nothing is sent nothing, is not answered, and nothing is kept of the wish."""
    house.people(1, consent=False, **ITALY)
    house.campaign()
    house.plan()
    assert says(house).answers == 0
    work(house)
    assert house.inbox() == []
    assert house.query("SELECT * FROM asked") == house.query(ANSWERS) == []


def test_who_asks_and_there_is_nothing_is_told_so_at_most_twice_a_day(house: House) -> None:
    """An honest answer at once; two machines do not tell each other for ever."""
    house.people(1)
    a_brand_speaks(house)
    assert [says(house).answers for _ in range(3)] == [1, 1, 0]
    assert answered(house) == [("nothing_new", "accepted")] * 2


@pytest.mark.parametrize(
    ("words", "days", "begins"),
    [
        ("Pause 2 weeks", 14, "Northwind Coffee: No offers before 2026-12-15"),
        ("not now", 7, "Northwind Coffee: No offers before 2026-12-08"),
    ],
)
def test_quiet_by_text_holds_offers_and_says_until_when(
    house: House, words: str, days: int, begins: str
) -> None:
    """Offers wait that long, even for who asks; START ends it."""
    house.people(1)
    a_brand_speaks(house)
    assert says(house, words).answers == 1
    (text,) = house.query("SELECT text FROM service_message")
    assert text.startswith(begins)
    (until,) = house.query("SELECT until FROM context_flag WHERE flag = 'quiet'")
    assert timedelta(days=days) <= until - TUESDAY < timedelta(days=days, minutes=5)
    house.campaign(policy={"max_hold_hours": 1000.0})
    house.run(Channel.SMS)
    assert house.verdicts() == {("deferred", "quiet_until"): 1}
    says(house)
    work(house)
    assert house.inbox() == []
    assert says(house, "START").answers == 1
    house.campaign("Another")
    house.run(Channel.SMS)
    work(house)  # a worker that heard of the quiet only now decides again
    assert house.inbox() == [1]


def test_quiet_never_weakens_an_opt_out(house: House) -> None:
    """After a STOP, a word for quiet changes nothing and is not answered."""
    house.people(1)
    assert says(house, "STOP").opted_out == 1
    assert says(house, "pause 1 month").answers == 0
    (state,) = house.query("SELECT DISTINCT state FROM consent WHERE channel = 'sms'")
    assert state == "opted_out"


def test_nobody_hears_more_in_a_month_than_they_want(house: House) -> None:
    """One a month is one, of whatever brand, on whatever channel, asked for or not."""
    house.people(1, most_a_month=1)
    house.also_by(Channel.EMAIL, [1])
    house.campaign("one", channels=(Channel.EMAIL,))
    house.run()
    says(house)
    house.campaign("two", policy={"caps": (), "min_gap_hours": 0.0})
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("skipped", "cap_own_most"): 1}


def test_nobody_hears_on_days_they_did_not_name(house: House) -> None:
    """On a Tuesday those wait who named Wednesday, until it begins where they live."""
    house.people(1, days="3", country="GB")
    house.campaign()
    house.run(Channel.SMS)
    assert house.verdicts() == {("deferred", "quiet_hours"): 1}
    house.jump(TUESDAY + timedelta(days=1))
    work(house)
    assert house.inbox() == [1]
