"""An answer is queued once, sent at least once, and never too late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.services.subscribe import Desk
from dispatcher.storage import service_messages
from dispatcher.storage.service_messages import ServiceMessage
from tests.support.people import ANNAS_PHONE, NOON, desk_on, later

LEASE = timedelta(minutes=1)
ANSWER = ServiceMessage(
    key="k1",
    customer_id=7,
    channel=Channel.SMS,
    address=ANNAS_PHONE,
    gateway="pigeon",
    sender="+447700900999",
    message_class=MessageClass.OPTOUT_CONFIRMATION,
    text="Bean: done.",
)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


def queue(desk: Desk, key: str = "k1") -> bool:
    with desk.database.begin() as conn:
        return service_messages.queue(conn, ANSWER._replace(key=key), NOON, later(5))


def take(desk: Desk, minute: float) -> list[ServiceMessage]:
    with desk.database.begin() as conn:
        return service_messages.take(conn, "pigeon", later(minute), 10, LEASE)


def test_one_key_is_one_answer(desk: Desk) -> None:
    assert queue(desk)
    assert not queue(desk)
    assert take(desk, 0) == [ANSWER._replace(attempts=1)]


def test_what_is_taken_and_not_settled_comes_back_with_the_same_key(desk: Desk) -> None:
    queue(desk)
    take(desk, 0)
    assert take(desk, 0.5) == []
    (again,) = take(desk, 1)
    assert (again.key, again.attempts) == ("k1", 2)
    with desk.database.begin() as conn:
        service_messages.settle(conn, "k1", accepted=True, reference="r")
    assert take(desk, 3) == []


def test_a_confirmation_that_is_late_is_not_sent_at_all(desk: Desk) -> None:
    queue(desk)
    assert take(desk, 5) == []
    with desk.database.begin() as conn:
        assert service_messages.gateways_waiting(conn, later(5)) == []


def test_two_senders_never_take_the_same_answer(desk: Desk) -> None:
    queue(desk)
    with desk.database.begin() as one, desk.database.begin() as two:
        assert service_messages.take(one, "pigeon", NOON, 10, LEASE)
        assert service_messages.take(two, "pigeon", NOON, 10, LEASE) == []


def test_an_answer_can_be_put_off(desk: Desk) -> None:
    queue(desk)
    take(desk, 0)
    with desk.database.begin() as conn:
        service_messages.later(conn, "k1", later(3))
        assert service_messages.gateways_waiting(conn, later(2)) == []
        assert service_messages.gateways_waiting(conn, later(3)) == ["pigeon"]
