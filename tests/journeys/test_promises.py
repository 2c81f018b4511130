"""What was promised when somebody agreed is kept, by all campaigns together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.consents import ANY_TOPIC
from tests.support.house import TUESDAY, House

FREE: dict[str, Any] = {"caps": (), "min_gap_hours": 0.0}
LATER = {"starts_at": 0.0} | FREE
REASONS = "SELECT DISTINCT state, reason FROM delivery WHERE state <> 'accepted'"


@pytest.mark.parametrize("topic", ["coffee", ANY_TOPIC])
def test_no_month_holds_more_than_was_promised(house: House, topic: str) -> None:
    """The third message of a month waits or is dropped; after the month there is room again."""
    people = house.people(2, consent=False)
    house.promise(people, "Yes: max. 2 msgs/mo, STOP ends it", topic)
    for number in range(3):
        house.campaign(f"Number {number}", policy=FREE)
    house.run()
    assert house.inbox() == sorted(people * 2)
    assert house.query(REASONS) == [("skipped", "cap_disclosed_frequency")]
    house.jump(TUESDAY + timedelta(days=31, minutes=1))
    house.campaign("A month later", policy=LATER)
    house.run()
    assert house.inbox() == sorted(people * 3)


def test_joining_again_by_a_word_lifts_no_promise(house: House) -> None:
    """Somebody who texts JOIN was promised what the form said; who left and came back, nothing."""
    (person,) = house.people(1, consent=False)
    house.promise([person], "up to 1 message a month")
    house.consent(person)
    assert house.query("SELECT promised FROM consent") == [1]
    house.campaign(policy=FREE)
    house.campaign("Another", policy=FREE)
    house.run()
    assert house.inbox() == [person]


def test_of_a_promise_for_the_topic_and_one_for_everything_both_hold(house: House) -> None:
    """Agreeing to one topic more takes nothing back."""
    (person,) = house.people(1, consent=False)
    house.promise([person], "up to 1 message a month", ANY_TOPIC)
    house.promise([person], "up to 5 messages a month")
    house.campaign(policy=FREE)
    house.campaign("Another", policy=FREE)
    house.run()
    assert house.inbox() == [person]
