"""A second opinion on permitted hours, written from the table alone: every minute is looked at."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from dispatcher.resources import jurisdictions_file

TABLE: Mapping[str, Any] = tomllib.loads(jurisdictions_file().read_text("utf-8"))
ROWS: Mapping[str, Any] = TABLE["jurisdiction"]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CALENDARS: dict[tuple[str, str | None], holidays.HolidayBase] = {}


def is_open(code: str, zones: list[str], profile: str, at: datetime) -> bool:
    """Whether every row that binds is open by every clock."""
    return all(
        _row_open(windows, row, code, at.astimezone(ZoneInfo(zone)))
        for row in _rows(code)
        for windows in _binding(row, profile)
        for zone in zones
    )


def first_open(code: str, zones: list[str], profile: str, at: datetime) -> datetime | None:
    """Walk on by the minute until it is open; None if it is not within two weeks."""
    for minutes in range(14 * 24 * 60 + 1):
        later = (at + timedelta(minutes=minutes)).astimezone(UTC)
        if is_open(code, zones, profile, later):
            return later
    return None


def zones_of(code: str) -> list[str]:
    """All zones of a jurisdiction, by the table."""
    if code in TABLE["territory"]:
        return list(TABLE["territory"][code]["timezones"])
    return list(next(iter(_rows(code)))["timezones"])


def _rows(code: str) -> Iterator[Mapping[str, Any]]:
    if code in TABLE["territory"]:
        code = TABLE["territory"][code]["of"]
    if code in ROWS:
        yield ROWS[code]
    if "-" in code and code[:2] in ROWS:
        yield ROWS[code[:2]]
    elif code not in ROWS:
        yield ROWS["ZZ"]


def _binding(row: Mapping[str, Any], profile: str) -> Iterator[Mapping[str, Any]]:
    if profile == "strict" or row["tier"] != "strict_only":
        yield row["windows"]
    if profile == "strict" and "strict_windows" in row:
        yield row["strict_windows"]


def _row_open(
    windows: Mapping[str, Any], row: Mapping[str, Any], code: str, wall: datetime
) -> bool:
    today = windows[_DAYS[wall.weekday()]]
    if windows["holiday"] != "as_day" and _is_holiday(row, code, wall):
        today = windows["holiday"]
    return any(opens <= f"{wall:%H:%M}" < closes for opens, closes in today)


def _is_holiday(row: Mapping[str, Any], code: str, wall: datetime) -> bool:
    calendars = [row["holiday_calendar"]]
    if code in TABLE["territory"]:
        calendars.append(TABLE["territory"][code]["holiday_calendar"])
    return any(wall.date() in _calendar(each["country"], each.get("subdiv")) for each in calendars)


def _calendar(country: str, subdivision: str | None) -> holidays.HolidayBase:
    key = country, subdivision
    if key not in _CALENDARS:
        _CALENDARS[key] = holidays.country_holidays(country, subdiv=subdivision)
    return _CALENDARS[key]
