"""A mailbox is given up after five soft bounces over two weeks, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.domain.soft_bounces import is_given_up

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "given_up"),
    [
        ((0, 96, 192, 288, 384), True),
        ((0, 96, 192, 288), False),
        ((0, 72, 144, 216, 288), False),  # twelve days
        ((0, 72, 144, 216, 335), False),
        ((0, 72, 144, 216, 336), True),
        ((0, 1, 2, 3, 400), False),  # close ones count once
        ((384, 0, 192, 288, 96), True),
        ((), False),
    ],
)
def test_five_apart_over_two_weeks(hours: tuple[int, ...], given_up: bool) -> None:
    """Those less than 72 hours after one that counted do not count."""
    assert is_given_up(NOON + timedelta(hours=each) for each in hours) is given_up
