"""Promises of the rule offer window."""

from __future__ import annotations

import pytest

from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.rules.offer_window import offer_window
from tests.rules.people import HOUR, NOON, person, policy

EXPIRED = Ruling(Verdict.SKIP, Reason.OFFER_EXPIRED)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOON - 1, Ruling(Verdict.DEFER, Reason.OFFER_NOT_STARTED, NOON)),
        (NOON, None),
        (NOON + HOUR - 1, None),
        (NOON + HOUR, EXPIRED),
        (NOON + 9 * HOUR, EXPIRED),
    ],
)
def test_an_offer_is_sent_from_its_beginning_to_before_its_end(
    now: float, expected: Ruling | None
) -> None:
    """Half-open: the beginning is inside, the end is outside."""
    assert offer_window(person(), policy(starts_at=NOON, ends_at=NOON + HOUR), now) == expected


def test_an_offer_that_ends_before_it_begins_is_never_waited_for() -> None:
    """A window without any time in it is over at once."""
    assert offer_window(person(), policy(starts_at=NOON, ends_at=NOON), NOON - HOUR) == EXPIRED
