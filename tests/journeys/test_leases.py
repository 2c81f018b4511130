"""Leases: who is at work keeps what it holds, however long the far side takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from dispatcher.storage import batches, waves
from tests.support.house import House
from tests.support.phones import Phones, send

PEOPLE, SIZE = 40, 20
LEASE, SLOW = 1.5, 0.1  # seconds, and seconds a message: a batch takes longer than its lease


def test_a_slow_gateway_costs_nobody_the_batch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the batch on the wire nor the one fetched ahead is taken for a dead worker's."""
    monkeypatch.setattr(batches, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(waves, "BATCH_SIZE", SIZE)
    people = house.people(PEOPLE)
    house.campaign()
    house.plan()
    phones = Phones(SLOW)
    with somebody_tidying(house):
        send(house, phones)
    assert phones.people() == people
    assert house.verdicts() == {("accepted", "ok"): PEOPLE}
    assert house.query("SELECT DISTINCT fence FROM batch") == [1]


@contextmanager
def somebody_tidying(house: House) -> Iterator[None]:
    """Look for leases that ran out, all the time."""
    enough = Event()

    def tidy() -> None:
        while not enough.wait(0.1):
            house.tidy()

    tidying = Thread(target=tidy)
    tidying.start()
    try:
        yield
    finally:
        enough.set()
        tidying.join()
