"""Promises about public holidays: those of every calendar the rule data names are known."""

from __future__ import annotations

from datetime import date, timedelta

from dispatcher.rules import holiday_calendars
from dispatcher.rules.jurisdictions import Calendar
from dispatcher.services.jurisdictions import shipped

BOOK = shipped()


def test_only_known_calendars_are_named() -> None:
    """Every calendar of the data is one that the library has, with holidays for years to come."""
    calendars = [entry.calendar for entry in BOOK.entries.values() if entry.calendar]
    calendars += [place.calendar for place in BOOK.territories.values() if place.calendar]
    assert len(calendars) == 41
    for calendar in calendars:
        assert holiday_calendars.known(calendar)
        for year in (2026, 2027, 2028):
            assert holiday_calendars.of_year(calendar, year)


def test_an_unknown_calendar_has_no_holidays() -> None:
    """It is said to be unknown, so that somebody can be warned."""
    for calendar in (Calendar("QQ"), Calendar("US", "QQ")):
        assert not holiday_calendars.known(calendar)
        assert holiday_calendars.of_year(calendar, 2026) == {}


def test_a_holiday_has_a_name() -> None:
    """Ascension Day in France, and no holiday on the day after."""
    ascension = date(2027, 5, 6)
    assert holiday_calendars.on(Calendar("FR"), ascension)
    assert holiday_calendars.on(Calendar("FR"), ascension + timedelta(days=1)) == ""
