"""Who never answers hears less and less, and a sign of life begins anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.messages import Channel, DeliveryKey, Event, EventKind
from dispatcher.services.receive import receive, reply
from tests.support.house import TUESDAY, House

ASKING: dict[str, Any] = {"asks": True, "ends_at": (TUESDAY + timedelta(days=99)).timestamp()}


def offers(house: House, weeks: int, **policy: Any) -> None:
    """Send so many offers, one a week."""
    for week in range(weeks):
        house.jump(TUESDAY + timedelta(weeks=week))
        house.campaign(f"Week {week} of {policy}", policy=ASKING | policy)
        house.run(Channel.SMS)


def last_verdict(house: House, customer: int) -> tuple[str, str]:
    """Ask one more time, and give what came of it."""
    house.campaign("Once more", policy=ASKING)
    house.run(Channel.SMS)
    found = house.query(
        "SELECT state, reason FROM delivery WHERE customer_id = :id ORDER BY wave_id DESC LIMIT 1",
        id=customer,
    )
    return found[0]  # type: ignore[no-any-return]


def test_twelve_offers_without_an_answer_are_enough(house: House) -> None:
    """Eight go out weekly; from then on one a month; who replied hears all of them."""
    house.people(2)
    offers(house, 9)
    house.jump(TUESDAY + timedelta(weeks=9))
    phone = house.query("SELECT address FROM address WHERE customer_id = 2")[0]
    reply(house.dispatcher.desk, phone, "Nice!", house.dispatcher.now(), gateway="sms")
    house.campaign("Ninth", policy=ASKING)
    house.run(Channel.SMS)
    assert house.inbox().count(1) == 8
    assert house.inbox().count(2) == 9
    found = house.query("SELECT reason FROM delivery WHERE customer_id = 1 ORDER BY wave_id")
    assert found[8:] == ["fatigue", "fatigue"]
    with house.dispatcher.database.begin() as conn:  # the months that would have to pass
        conn.exec_driver_sql(
            "INSERT INTO contact SELECT customer_id, -no, at - interval '60 days', channel, brand,"
            " subject, campaign_id, offer_code FROM contact, generate_series(1, 4) AS no"
            " WHERE customer_id = 1"
            " AND wave_id = (SELECT min(wave_id) FROM contact)"
        )
        conn.exec_driver_sql(
            "INSERT INTO wave (id, campaign_id, version_id, brand, state, asks, closes_at,"
            " enqueue_key) SELECT -no, campaign_id, version_id, brand, 'finished', true,"
            " closes_at, no::text FROM generate_series(1, 4) AS no,"
            " (SELECT * FROM wave LIMIT 1) AS w"
        )
    assert last_verdict(house, 1) == ("skipped", "dormant")


@pytest.mark.parametrize("sign", ["reply", "click"])
def test_any_sign_of_life_begins_the_count_anew(house: House, sign: str) -> None:
    """A word by SMS or a click that the gateway tells of."""
    house.people(1)
    offers(house, 8)
    house.jump(TUESDAY + timedelta(weeks=8))
    desk, now = house.dispatcher.desk, house.dispatcher.now()
    if sign == "reply":
        phone = house.query("SELECT address FROM address")[0]
        reply(desk, phone, "Still here", now, gateway="sms")
    else:
        (wave,) = house.query("SELECT max(wave_id) FROM delivery")
        key = DeliveryKey(wave, 1, 1)
        receive(desk, [Event("c", "sms", EventKind.CLICKED, now.timestamp(), key=key)], now)
    assert last_verdict(house, 1) == ("accepted", "ok")


def test_offers_that_ask_for_nothing_are_not_counted(house: House) -> None:
    """Nobody is called silent who was never asked."""
    house.people(1)
    offers(house, 9, asks=False)
    house.jump(TUESDAY + timedelta(weeks=9))
    assert last_verdict(house, 1) == ("accepted", "ok")
