"""Pause and cancel take hold within a second, whatever the batch size and the far side's speed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from dispatcher.domain.deliveries import DeliveryState
from dispatcher.services import campaigns
from dispatcher.services.report import report
from dispatcher.storage import due, waves
from tests.support.house import House
from tests.support.patience import eventually
from tests.support.phones import Phones, send

BAR = 1.0  # seconds from the command's return to the last hand-over
NAME = "Coffee week"
SLOW, FAST = 0.008, 0.0  # seconds a message
# Batches of one, of 50, and as large as planning makes them: so many people make it one batch.
SIZES = [(1, 40), (50, 150), (waves.BATCH_SIZE, 450)]


@pytest.fixture(params=SIZES, ids=lambda size: f"batches of {size[0]}")
def people(request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch) -> int:
    """A planned campaign in batches of that size; how many people it is for."""
    size, count = request.param
    monkeypatch.setattr(waves, "BATCH_SIZE", size)
    monkeypatch.setattr(due, "BATCH_SIZE", size)
    with house.dispatcher.database.begin() as conn:
        for statement in _POPULATION.split(";"):
            conn.execute(text(statement), {"people": count})
    house.campaign(NAME)
    house.plan()
    sizes = house.query("SELECT size FROM batch")
    assert sum(sizes) == count
    assert max(sizes) == min(size, count)
    return int(count)


_POPULATION = """
    INSERT INTO customer (id, language, zone)
    SELECT i, 'en', 'Europe/London' FROM generate_series(1, :people) i;
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT i, 'sms', '+4474001' || i, sha256(i::text::bytea), sha256(i::text::bytea), 9999
    FROM generate_series(1, :people) i;
    INSERT INTO person_pressure SELECT i FROM generate_series(1, :people) i;
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, since)
    SELECT customer_id, channel, 'coffee', 'active', 0, true, '2026-11-01' FROM address
"""


@pytest.mark.parametrize("seconds", [SLOW, FAST], ids=["slow", "fast"])
def test_a_pause_holds_within_a_second_and_everybody_is_told_once(
    house: House, people: int, seconds: float
) -> None:
    """Who was kept back is told after the resume, and nobody twice."""
    database, phones = house.dispatcher.database, Phones(seconds)
    paused = send(house, phones, lambda: campaigns.pause(database, NAME, "tests"))
    assert max(at for _, at in phones.told) <= paused + BAR
    told = len(phones.told)
    if seconds:
        assert told < people
    house.tidy()
    send(house, phones)
    assert len(phones.told) == told
    campaigns.resume(database, NAME, "tests")

    def is_finished() -> bool:
        house.tidy()
        send(house, phones)
        house.tidy()
        return house.query("SELECT state FROM wave") == ["finished"]

    assert eventually(is_finished, 60)
    assert phones.people() == list(range(1, people + 1))


@pytest.mark.parametrize("seconds", [SLOW, FAST], ids=["slow", "fast"])
def test_a_cancel_holds_within_a_second_and_for_good(
    house: House, people: int, seconds: float
) -> None:
    """Nobody is told after it, and the report says who was not, and why."""
    database, phones = house.dispatcher.database, Phones(seconds)
    cancelled = send(house, phones, lambda: campaigns.cancel(database, NAME, "tests"))
    assert max(at for _, at in phones.told) <= cancelled + BAR
    told = phones.people()
    house.tidy()
    send(house, phones)
    assert phones.people() == told
    verdicts = {(row.state, row.reason): row.people for row in report(database, NAME).rows}
    kept_back = people - len(told)
    expected = {(DeliveryState.ACCEPTED, "ok"): len(told)}
    if kept_back:
        expected[DeliveryState.SKIPPED, "cancelled"] = kept_back
    assert verdicts == expected
    assert report(database, NAME).missing == 0
