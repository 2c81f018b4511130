"""A slot of a cap is taken by what was sent or may have been, and given back by what was not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import SETTLED_AS, DeliveryState
from dispatcher.domain.messages import Channel, DeliveryKey, Outcome
from dispatcher.services.gate import WINDOW
from dispatcher.services.reserve import reserve
from dispatcher.storage import settlements
from dispatcher.storage.settlements import Settlement
from tests.support.house import House, house_on

CONTACTS = "SELECT wave_id, customer_id FROM contact ORDER BY 1, 2"
EXPIRE = "UPDATE batch SET lease_until = clock_timestamp() WHERE state = 'leased' RETURNING 1"


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A Dispatcher over a fresh database."""
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


def take_slots(house: House, name: str = "Coffee week") -> list[DeliveryKey]:
    """Reserve the only batch of a campaign, as a worker that is never heard of again."""
    house.campaign(name, policy={"caps": (), "min_gap_hours": 0.0})
    house.plan()
    here = house.dispatcher
    done = reserve(here.database, here.versions, here.book, here.tariffs, Channel.SMS, "gone")
    assert done is not None
    return [DeliveryKey(done.batch.key.wave_id, r.customer_id, r.attempt) for r in done.reserved]


def settle(house: House, *told: Settlement) -> None:
    with house.dispatcher.database.begin() as conn:
        settlements.settle(conn, told)


def told(key: DeliveryKey, outcome: Outcome) -> Settlement:
    return Settlement(key, SETTLED_AS[outcome], Reason.OK, outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_was_sent_or_may_have_been_keeps_its_slot(house: House, outcome: Outcome) -> None:
    """Accepted and unsure count; refused, put off and withheld were never there."""
    house.people(1)
    (key,) = take_slots(house)
    assert house.query(CONTACTS) == [key[:2]]
    settle(house, told(key, outcome))
    kept = outcome in (Outcome.ACCEPTED, Outcome.UNSURE)
    assert house.query(CONTACTS) == ([key[:2]] if kept else [])


@pytest.mark.parametrize("truth", [Outcome.ACCEPTED, Outcome.REFUSED])
def test_what_was_unsure_keeps_its_slot_until_it_is_known_as_refused(
    house: House, truth: Outcome
) -> None:
    """A later receipt is a fact."""
    house.people(1)
    (key,) = take_slots(house)
    settle(house, told(key, Outcome.UNSURE))
    settle(house, told(key, truth))
    assert house.query(CONTACTS) == ([key[:2]] if truth is Outcome.ACCEPTED else [])


def test_what_was_never_asked_of_the_gateway_gives_its_slot_back(house: House) -> None:
    """Nothing to render, or cancelled: nobody has heard anything."""
    house.people(1)
    (key,) = take_slots(house)
    settle(house, Settlement(key, DeliveryState.SKIPPED, Reason.MISSING_FIELD))
    assert house.query(CONTACTS) == []


def test_an_old_receipt_beside_a_new_one_gives_nothing_back(house: House) -> None:
    """Of two offers to one person only the one the news is about is touched."""
    house.people(1)
    (first,) = take_slots(house)
    settle(house, told(first, Outcome.ACCEPTED))
    (second,) = take_slots(house, "Another")
    settle(house, told(first, Outcome.REFUSED), told(second, Outcome.ACCEPTED))
    assert house.query(CONTACTS) == [first[:2], second[:2]]


def test_a_dead_workers_slots_are_given_back_where_nothing_was_begun(house: House) -> None:
    """Beyond the permitted window nobody was written to; within it nobody knows."""
    people = house.people(WINDOW + 6)
    keys = take_slots(house)
    assert len(keys) == len(people)
    house.query(EXPIRE)
    house.tidy()
    assert len(house.query(CONTACTS)) == WINDOW
    assert house.verdicts()["unsure", "ok"] == WINDOW
