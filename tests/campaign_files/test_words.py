"""Words: amounts are read as people write them, and refused with an example."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files import words
from dispatcher.campaign_files.words import Unreadable
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, CapScope, Window


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (words.duration, "4 hours", 4 * 3600.0),
        (words.duration, "1 hour", 3600.0),
        (words.duration, " 1.5 Days ", 129_600.0),
        (words.duration, "30 minutes", 1800.0),
        (words.per_minute, "600 per minute", 600),
        (words.per_minute, "10 per second", 600),
        (words.per_minute, "36000/hour", 600),
        (words.share, "5 %", 500),
        (words.share, "0.25%", 25),
        (words.share, "10 percent", 1000),
        (words.window, "09:00-20:00", Window(540, 1200)),
        (words.window, "9:00 to 24:00", Window(540, 1440)),
        (words.window, "00:00 – 24:00", Window(0, 1440)),
        (words.recipient_local, "10:00 recipient-local", 600),
        (words.cap, "1 per day per brand", Cap(1, 24, CapScope.BRAND)),
        (words.cap, "4 per week", Cap(4, 168)),
        (words.cap, "2 SMS per day", Cap(2, 24, CapScope.PERSON, Channel.SMS)),
        (words.cap, "3 e-mails in 10 days", Cap(3, 240, CapScope.PERSON, Channel.EMAIL)),
        (words.cap, "10 messages per month", Cap(10, 720)),
    ],
)
def test_amounts_are_read(read: Callable[[str], object], text: str, value: object) -> None:
    """What people write means what they mean."""
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "remedy"),
    [
        (words.duration, "4", "4 hours"),
        (words.duration, "four hours", "4 hours"),
        (words.duration, "-1 hours", "4 hours"),
        (words.per_minute, "fast", "600 per minute"),
        (words.per_minute, "5 per hour", "less than one message a minute"),
        (words.share, "0.05", "5 %"),
        (words.share, "150 %", "at most 100 %"),
        (words.window, "9-20", "09:00-20:00"),
        (words.window, "25:00-26:00", "09:00-20:00"),
        (words.window, "23:00-24:30", "24:30 is no time of day"),
        (words.window, "09:00-09:00", "never open"),
        (words.window, "22:00-06:00", "overnight"),
        (words.recipient_local, "10:00", "10:00 recipient-local"),
        (words.recipient_local, "24:00 recipient-local", "end of a day"),
        (words.cap, "often", "1 per day per brand"),
        (words.cap, "0 per day", "limit of none"),
        (words.cap, "5 per 3 months", "31 days"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_remedy(
    read: Callable[[str], object], text: str, remedy: str
) -> None:
    """The sentence shows how to write it."""
    with pytest.raises(Unreadable, match=remedy):
        read(text)


@given(st.text())
def test_no_text_at_all_crashes_a_reader(text: str) -> None:
    """Any text is either read or refused in a sentence."""
    readers: tuple[Callable[[str], object], ...] = (
        words.duration,
        words.per_minute,
        words.share,
        words.window,
        words.recipient_local,
        words.cap,
    )
    for read in readers:
        with suppress(Unreadable):
            read(text)
