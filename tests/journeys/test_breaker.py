"""A campaign that drives people away stops by itself, says why, and waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel, DeliveryKey, Event, EventKind, Outcome
from dispatcher.services import campaigns
from dispatcher.services.receive import receive
from dispatcher.services.report import report
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.storage import settlements
from dispatcher.storage.settlements import Settlement
from tests.support.house import House

MANY = 150
LATE = 500  # has offers from noon on only, so that the wave is not over before


@pytest.fixture
def running(house: House) -> int:
    """A campaign that reached 150 people by SMS and has one left; its id."""
    house.people(MANY)
    house.people(1, first=LATE, hours_from=12 * 60, hours_until=13 * 60)
    campaign = house.campaign()
    house.run(Channel.SMS)
    assert len(house.inbox()) == MANY
    assert house.query("SELECT accepted, refused FROM wave_tally") == [(MANY, 0)]
    return campaign


def leave(house: House, people: Sequence[int]) -> None:
    """Let people leave by their own hand."""
    for person in people:
        opt_out(house.dispatcher.desk, Act(person, Channel.SMS, house.dispatcher.now()))


def state(house: House) -> str:
    """Give the campaign's state."""
    return str(house.query("SELECT state FROM campaign")[0])


def test_too_many_who_leave_stop_the_campaign_once_and_with_the_numbers(
    house: House, running: int
) -> None:
    """Two of 150 are not enough, three are 2 %: note, audit and withdrawal say so, once."""
    leave(house, [1, 2])
    assert house.tidy().paused == []
    leave(house, [2, 3])
    assert house.tidy().paused == [running]
    assert house.tidy().paused == []
    assert state(house) == "paused"
    note = report(house.dispatcher.database, str(running)).note
    assert note == (
        "paused by the breaker: by sms, 3 opt-outs of 150 messages are 2.00%, "
        "and 2.00% is the most there may be"
    )
    assert house.query(
        "SELECT detail->>'people', detail->>'of' FROM audit WHERE actor = 'breaker'"
    ) == [("3", "150")]
    scopes = house.query("SELECT scope FROM withdrawal WHERE scope <> ''")
    assert scopes == [f"campaign:{running}"]


def test_after_a_resume_it_counts_anew(house: House, running: int) -> None:
    """Whoever leaves because of what was sent before does not stop it again."""
    leave(house, [1, 2, 3])
    house.tidy()
    campaigns.resume(house.dispatcher.database, str(running), "tests")
    leave(house, [4, 5, 6, 7])
    assert house.tidy().paused == []
    assert state(house) == "running"
    assert house.query("SELECT count(*) FROM setback") == [0]


def test_complaints_stop_it_sooner(house: House, running: int) -> None:
    """Three complaints among 150 are 2 %, and 0.3 % is too much; told twice, they count once."""
    told = [_event(house, person, EventKind.COMPLAINED) for person in (1, 2)]
    receive(house.dispatcher.desk, told, house.dispatcher.now())
    receive(house.dispatcher.desk, told, house.dispatcher.now())
    assert house.tidy().paused == []
    told = [_event(house, 3, EventKind.COMPLAINED)]
    receive(house.dispatcher.desk, told, house.dispatcher.now())
    assert house.query("SELECT count(*) FROM setback WHERE kind = 'complaint'") == [3]
    assert house.tidy().paused == [running]


def test_addresses_that_do_not_exist_stop_it(house: House, running: int) -> None:
    """Eight that bounce later, among 150 texts, are over 5 %."""
    told = [_event(house, person, EventKind.BOUNCED, dead_address=True) for person in range(1, 9)]
    receive(house.dispatcher.desk, told, house.dispatcher.now())
    assert house.tidy().paused == [running]


def test_refusals_are_counted_where_they_are_settled_and_once(house: House) -> None:
    """A receipt that comes twice counts once."""
    house.people(4)
    house.campaign()
    house.run(Channel.SMS)
    (wave,) = house.query("SELECT id FROM wave")
    with house.dispatcher.database.begin() as conn:
        conn.exec_driver_sql("UPDATE delivery SET state = 'reserved' WHERE customer_id <= 2")
        conn.exec_driver_sql("DELETE FROM wave_tally")
    refused = [
        Settlement(
            DeliveryKey(wave, person, 1),
            DeliveryState.REFUSED,
            Reason.GATEWAY_REFUSED,
            Outcome.REFUSED,
        )
        for person in (1, 2)
    ]
    for _ in range(2):
        with house.dispatcher.database.begin() as conn:
            settlements.settle(conn, refused)
    assert house.query("SELECT accepted, refused FROM wave_tally") == [(0, 2)]


def _event(house: House, person: int, kind: EventKind, *, dead_address: bool = False) -> Event:
    (wave,) = house.query("SELECT id FROM wave")
    return Event(
        f"{kind} {person}",
        "sms",
        kind,
        house.dispatcher.now().timestamp(),
        key=DeliveryKey(wave, person, 1),
        dead_address=dead_address,
    )
