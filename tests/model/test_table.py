"""The database moves deliveries exactly as the table of the domain says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import SETTLED_AS, DeliveryState, settle
from dispatcher.domain.messages import DeliveryKey, Outcome
from dispatcher.storage import settlements
from dispatcher.storage.settlements import Settlement
from tests.support.house import House, house_on


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A Dispatcher over a fresh database."""
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


def test_every_state_and_outcome_agree_with_the_table(house: House) -> None:
    """Each of the states meets each of the outcomes, twice: the second time says nothing new."""
    cases = [(state, outcome) for state in DeliveryState for outcome in Outcome]
    house.people(len(cases))
    house.campaign()
    house.plan()
    (wave,) = house.query("SELECT id FROM wave")
    for person, (state, _) in enumerate(cases, 1):
        house.query(_PUT, wave=wave, person=person, state=state.value)
    told = [_settlement(wave, person, case[1]) for person, case in enumerate(cases, 1)]
    with house.dispatcher.database.begin() as conn:
        news = settlements.settle(conn, told)
    found = dict(house.query("SELECT customer_id, state FROM delivery"))
    wanted = {person: settle(*case) for person, case in enumerate(cases, 1)}
    assert found == {person: state.value for person, state in wanted.items()}
    assert {key.customer_id for key in news} >= {
        p for p, c in enumerate(cases, 1) if wanted[p] != c[0]
    }
    with house.dispatcher.database.begin() as conn:
        again = settlements.settle(conn, told)
    once_more = {person: settle(state, cases[person - 1][1]) for person, state in wanted.items()}
    assert once_more == wanted
    assert again == []
    assert dict(house.query("SELECT customer_id, state FROM delivery")) == found


def test_a_receipt_of_another_attempt_changes_nothing(house: House) -> None:
    """Whatever it says: it is about a message that another reservation has replaced."""
    outcomes = list(Outcome)
    house.people(len(outcomes))
    house.campaign()
    house.plan()
    (wave,) = house.query("SELECT id FROM wave")
    for person in range(1, len(outcomes) + 1):
        house.query(_PUT, wave=wave, person=person, state="reserved")
    house.query("UPDATE delivery SET attempt = 2 RETURNING 1")
    with house.dispatcher.database.begin() as conn:
        stale = [_settlement(wave, person, each) for person, each in enumerate(outcomes, 1)]
        assert settlements.settle(conn, stale) == []
    assert set(house.query("SELECT state FROM delivery")) == {"reserved"}


def _settlement(wave: int, person: int, outcome: Outcome) -> Settlement:
    key = DeliveryKey(wave, person, 1)
    return Settlement(key, SETTLED_AS[outcome], Reason.OK, outcome)


_PUT = """
    INSERT INTO delivery (wave_id, customer_id, state, reason, channel, gateway, batch_no, attempt,
                          decided_at, held_since)
    VALUES (:wave, :person, :state, 'ok', 'sms', 'sms', 1, 1, now(), now()) RETURNING 1
"""
