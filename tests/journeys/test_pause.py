"""Pause and cancel take hold within a second, whatever the batch size and the far side's speed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from time import monotonic
from typing import ClassVar

import pytest
from sqlalchemy import text

from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Callback, Channel, Event, Message, Outcome, Receipt
from dispatcher.domain.ports import Gate, Limits, Passage
from dispatcher.services import campaigns
from dispatcher.services.dispatch import dispatch
from dispatcher.services.report import report
from dispatcher.storage import due, waves
from tests.support.house import House
from tests.support.patience import eventually

BAR = 1.0  # seconds from the command's return to the last hand-over
NAME = "Coffee week"
SLOW, FAST = 0.008, 0.0  # seconds a message
_UNDER_WAY = 5  # messages
# Batches of one, of 50, and as large as planning makes them: so many people make it one batch.
SIZES = [(1, 40), (50, 150), (waves.BATCH_SIZE, 450)]


class Phones:
    """The far side: takes a message after another, each as slowly as it is told to."""

    kind: ClassVar[str] = "phones"
    name = "sms"
    limits = Limits(Channel.SMS)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.told: list[tuple[int, float]] = []  # who, and when (monotonic)
        self.under_way = asyncio.Event()

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Hand over what may go."""
        for message in messages:
            while (passage := gate.begin(message)) is Passage.WAIT:
                await gate.opens()
            outcome = Outcome.WITHHELD
            if passage is Passage.GO:
                self.told.append((message.key.customer_id, monotonic()))
                outcome = Outcome.ACCEPTED
                if len(self.told) == _UNDER_WAY:
                    self.under_way.set()
                await asyncio.sleep(self._seconds)
            yield Receipt(message.key, outcome)

    def read(self, callback: Callback) -> Sequence[Event]:
        """Hear nothing."""
        del callback
        return []

    async def aclose(self) -> None:
        """Have nothing to close."""

    def people(self) -> list[int]:
        """Name who was told, once for each time."""
        return sorted(person for person, _ in self.told)


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


def send(house: House, phones: Phones, act: Callable[[], object] | None = None) -> float:
    """Send until nothing is left to claim; in the midst of it, act. Give when the act returned."""
    acknowledged = 0.0

    async def story() -> None:
        nonlocal acknowledged
        out = house.outbound()
        out.gateways = {**out.gateways, "sms": phones}
        work = asyncio.ensure_future(dispatch(out, Channel.SMS, 30))
        if act is not None:
            await phones.under_way.wait()
            await asyncio.to_thread(act)
            acknowledged = monotonic()
        await work
        await out.aclose()

    asyncio.run(story())
    return acknowledged


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
