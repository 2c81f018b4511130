"""What a consent's wording promises comes in with it, and the strictest telling of it counts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.services.subscribe import Desk
from tests.services.importing import FULL
from tests.support.people import ANNA, add_person

HEAD = f"{FULL},consent_max_per_month"
EVIDENCE = "2026-05-01,gdpr_consent,web form"


def row(wording: str, most: str = "", email: str = ANNA, topic: str = "coffee") -> str:
    return f'{email},,Anna,en,{topic},{EVIDENCE},"{wording}",{most}'


def promised(desk: Desk) -> list[int]:
    with desk.database.begin() as conn:
        rows = conn.execute(text("SELECT promised FROM consent ORDER BY promised"))
        return [int(number) for number in rows.scalars()]


@pytest.mark.parametrize(
    ("wording", "most", "kept"),
    [
        ("Offers, up to 4 messages a month", "", 4),
        ("Offers, up to 4 messages a month", "2", 2),
        ("Offers, up to 4 messages a month", "8", 4),
        ("Offers by e-mail", "6", 6),
        ("Offers by e-mail", "", 0),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_the_smaller_of_what_is_written_and_what_is_told_counts(
    desk: Desk, bring: Any, wording: str, most: str, kept: int, *, known: bool
) -> None:
    """A column may tighten what the text says, for new people and for those who are known."""
    if known:
        add_person(desk, 7)
    done = bring(f"{HEAD}\n{row(wording, most)}\n")
    assert (done.proven, done.rejects) == (1, 0)
    assert promised(desk) == [kept]


def test_a_row_that_comes_twice_promises_as_much(desk: Desk, bring: Any) -> None:
    """Rows that have to do with each other take another way in, with the same promise."""
    wording = "Up to 3 mails a month"
    bring(f"{HEAD}\n{row(wording)}\n{row(wording, topic='tea')}\n")
    assert promised(desk) == [3, 3]


@pytest.mark.parametrize("most", ["0", "four", "-1", "1000", "2.5"])
def test_a_promise_that_cannot_be_right_is_named(desk: Desk, bring: Any, most: str) -> None:
    """The row is left out: a promise must not get lost."""
    done = bring(f"{HEAD}\n{row('Offers', most)}\n")
    assert (done.people, done.rejects) == (0, 1)
    assert promised(desk) == []
