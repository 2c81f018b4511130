"""Public holidays: the days of each calendar, made once for each year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

import holidays

from dispatcher.rules.jurisdictions import Calendar

_NONE: Mapping[int, str] = {}


def on(calendar: Calendar, day: date) -> str:
    """Name the holiday of this day; "" when there is none."""
    return of_year(calendar, day.year).get(day.toordinal(), "")


@cache
def known(calendar: Calendar) -> bool:
    """Tell whether there is such a calendar."""
    subdivisions = holidays.list_supported_countries().get(calendar.country)
    if subdivisions is None:
        return False
    return not calendar.subdivision or calendar.subdivision in subdivisions


@lru_cache(maxsize=1 << 10)
def of_year(calendar: Calendar, year: int) -> Mapping[int, str]:
    """Give the holidays of a year by their ordinal; none for a calendar that is not known."""
    if not known(calendar):
        return _NONE
    found = holidays.country_holidays(
        calendar.country, subdiv=calendar.subdivision or None, years=year, expand=False
    )
    return {day.toordinal(): name for day, name in found.items()}
