"""Weekdays are read as people write them, and told as they say them."""

from __future__ import annotations

import pytest

from dispatcher.domain.weekdays import read, words


@pytest.mark.parametrize(
    ("text", "days", "said"),
    [
        ("mon-fri", "12345", "Mon-Fri"),
        ("Saturday, sunday", "67", "Sat, Sun"),
        ("tue thu;sat", "246", "Tue, Thu, Sat"),
        ("fri - mon", "1567", "Mon, Fri-Sun"),
        ("mon-sun", "", ""),
        ("weds", None, None),
        ("workdays", None, None),
        ("m", None, None),
        ("mon-", None, None),
        ("", None, None),
    ],
)
def test_weekdays_read_and_told(text: str, days: str | None, said: str | None) -> None:
    """Names or their beginnings, one by one or from one to another; all of them are any."""
    assert read(text) == days
    if days is not None:
        assert words(days) == said
