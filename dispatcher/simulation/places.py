"""Where the people of the simulation live: forty zones with the jurisdictions of each."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86400


class Place(NamedTuple):
    """A zone, and jurisdictions whose people may live in it."""

    zone: str
    codes: tuple[str, ...]


# Both hemispheres, both sides of the date line, clocks off by half and quarter hours, a change by
# half an hour (Lord Howe), and one that goes by the moon (Casablanca).
PLACES = (
    Place("America/New_York", ("US-FL", "US-CT", "US-NY", "US-MD", "US-PA")),
    Place("America/Chicago", ("US-TX", "US-AL", "US-LA", "US-OK", "US-FL")),
    Place("America/Denver", ("US-UT", "US-SD", "US-WY")),
    Place("America/Phoenix", ("US-AZ", "US")),
    Place("America/Los_Angeles", ("US-CA", "US-OR", "US-WA", "US-NV")),
    Place("America/Anchorage", ("US-AK",)),
    Place("Pacific/Honolulu", ("US-HI",)),
    Place("America/Puerto_Rico", ("PR", "US-PR")),
    Place("America/St_Johns", ("CA", "CA-NL")),
    Place("America/Toronto", ("CA",)),
    Place("America/Mexico_City", ("MX",)),
    Place("America/Sao_Paulo", ("BR",)),
    Place("America/Argentina/Buenos_Aires", ("AR",)),
    Place("America/Santiago", ("CL",)),
    Place("America/Bogota", ("CO",)),
    Place("America/Guadeloupe", ("GP", "FR-GP")),
    Place("Atlantic/Azores", ("PT",)),
    Place("Atlantic/Reykjavik", ("IS",)),
    Place("Europe/London", ("GB",)),
    Place("Europe/Dublin", ("IE",)),
    Place("Europe/Paris", ("FR", "FR-57")),
    Place("Europe/Madrid", ("ES",)),
    Place("Europe/Berlin", ("DE", "DE-BY", "AT")),
    Place("Europe/Athens", ("GR",)),
    Place("Europe/Istanbul", ("TR",)),
    Place("Africa/Casablanca", ("MA",)),
    Place("Africa/Cairo", ("EG",)),
    Place("Africa/Johannesburg", ("ZA",)),
    Place("Asia/Jerusalem", ("IL",)),
    Place("Asia/Amman", ("JO",)),
    Place("Asia/Dubai", ("AE",)),
    Place("Asia/Kolkata", ("IN",)),
    Place("Asia/Kathmandu", ("NP",)),
    Place("Asia/Ho_Chi_Minh", ("VN",)),
    Place("Asia/Seoul", ("KR",)),
    Place("Asia/Tokyo", ("JP",)),
    Place("Australia/Adelaide", ("AU",)),
    Place("Australia/Lord_Howe", ("AU",)),
    Place("Pacific/Auckland", ("NZ",)),
    Place("Pacific/Chatham", ("NZ",)),
)


@cache
def clock_changes(start: int, days: int) -> tuple[int, ...]:
    """Give the days, by their first second (UTC), on which a clock of these places changes."""
    found = set()
    for place in PLACES:
        clock = ZoneInfo(place.zone)
        for day in range(start, start + days * DAY, DAY):
            if _offset(clock, day) != _offset(clock, day + DAY):
                found.add(day)
    return tuple(sorted(found))


def _offset(clock: ZoneInfo, at: int) -> float:
    ahead = datetime.fromtimestamp(at, clock).utcoffset()
    return ahead.total_seconds() if ahead else 0.0
