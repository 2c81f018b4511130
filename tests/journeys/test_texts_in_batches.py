"""Texts cost their callback: what is read and written for many people is so at once.

What is counted is what the driver is told, as for waves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.domain.messages import Event, EventKind
from dispatcher.services.receive import Received, receive
from dispatcher.services.subscribe import Desk
from dispatcher.storage import brands
from tests.journeys.test_batches_not_messages import Told
from tests.journeys.test_batches_not_messages import told as told  # noqa: PLC0414 (a fixture)
from tests.journeys.test_join_by_text import BY_TEXT, HOME
from tests.support.house import BRAND, TUESDAY, House

PEOPLE = 50
# What a callback takes by itself, whoever wrote it and however many they are.
A_CALLBACK = 24
STRANGERS = [f"+4477008{number:05d}" for number in range(1, PEOPLE + 1)]


class Crowd:
    """People who all write the same, in one callback or each in one of their own."""

    def __init__(self, house: House, told: Told) -> None:
        with house.dispatcher.database.begin() as conn:
            brands.save(conn, BRAND)
        self._told = told
        self._desk: Desk = replace(house.dispatcher.desk, programme=BY_TEXT)
        self._now = TUESDAY

    def write(self, words: str, numbers: Sequence[str]) -> tuple[int, Received]:
        """Write from these numbers at once; give how many statements it took, and its outcome."""
        self._now += timedelta(minutes=1)
        at = self._now
        texts = [
            Event(
                f"{number} {at}",
                "sms",
                EventKind.REPLIED,
                at.timestamp(),
                sender=number,
                recipient=HOME,
                text=words,
            )
            for number in numbers
        ]
        self._told.clear()
        outcome = receive(self._desk, texts, at)
        return self._told["statements"], outcome


@pytest.fixture
def crowd(house: House, told: Told) -> Crowd:
    return Crowd(house, told)


def known(house: House) -> list[str]:
    """Add people; give their numbers."""
    return [f"+4477009{customer_id:05d}" for customer_id in house.people(PEOPLE)]


@pytest.mark.parametrize("words", ["STOP", "wrong number", "HELP", "see you at the shop tomorrow"])
def test_what_many_people_write_takes_what_one_person_writes(
    house: House, crowd: Crowd, words: str
) -> None:
    """Not one statement for each of them, but for a mark at each number that is wrong."""
    numbers = known(house)
    one, _ = crowd.write(words, numbers[:1])
    many, outcome = crowd.write(words, numbers[1:])
    assert outcome.new == PEOPLE - 1
    for_each = outcome.new - 1 if words == "wrong number" else 0
    assert many == one + for_each
    assert one <= A_CALLBACK


def test_all_who_stop_at_once_are_out_and_told_so(house: House, crowd: Crowd) -> None:
    """Each of them, once; and nothing is said to anybody who did not write."""
    numbers = known(house)
    _, outcome = crowd.write("STOP", numbers[:-1])
    assert (outcome.opted_out, outcome.answers) == (PEOPLE - 1, PEOPLE - 1)
    out = "SELECT customer_id FROM consent WHERE state = 'opted_out' AND topic = '*' ORDER BY 1"
    assert house.query(out) == list(range(1, PEOPLE))
    answered = "SELECT address, class FROM service_message ORDER BY address"
    assert house.query(answered) == [(number, "optout_confirmation") for number in numbers[:-1]]


@pytest.mark.parametrize(
    ("before", "words", "each"),
    [
        ((), "JOIN", 4),
        (("JOIN",), "yes", 10),
        (("JOIN", "yes"), "1 and 3", 15),
        (("JOIN", "yes", "1 and 3"), "espresso", 2),
    ],
)
def test_joining_takes_what_is_written_of_each_and_little_more(
    crowd: Crowd, before: Sequence[str], words: str, each: int
) -> None:
    """Who wrote, what they were asked and what they are answered is read and kept for all."""
    for said in before:
        crowd.write(said, STRANGERS)
    spent, outcome = crowd.write(words, STRANGERS)
    assert outcome.answers == PEOPLE
    assert spent <= A_CALLBACK + each * PEOPLE


def test_one_who_writes_often_is_heard_text_by_text(house: House, crowd: Crowd) -> None:
    """Each text is taken as what follows from the one before, in one callback too."""
    (number, *_) = known(house)
    _, outcome = crowd.write("STOP", [number])
    assert outcome.opted_out == 1
    texts = ["START", "STOP"]
    told_of = [
        Event(
            f"again-{place}",
            "sms",
            EventKind.REPLIED,
            (TUESDAY + timedelta(hours=1, seconds=place)).timestamp(),
            sender=number,
            recipient=HOME,
            text=words,
        )
        for place, words in enumerate(texts)
    ]
    heard = receive(house.dispatcher.desk, told_of, TUESDAY + timedelta(hours=2))
    assert (heard.new, heard.opted_in, heard.opted_out) == (2, 1, 1)
