"""Where people may live: what a phone number says of it, and what their stated home adds.

Only facts of numbers are kept with an address: what its country and area code are, and the zones
of that area. Which zones a country has in the eye of the law stands in the rule data, which gets
newer while addresses stay as they are, so the rules add those when they decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

from dispatcher.domain.area_codes import AREAS, ISLANDS, Area
from dispatcher.domain.country_zones import COUNTRY_ZONES


class Places(NamedTuple):
    """Every jurisdiction that a person may be of, and every IANA zone the person may live in."""

    jurisdictions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


BRITISH = Places(("GB",), ("Europe/London",))
_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
_NORTH_AMERICA, _FULL = 1, len("+12025550104")
_WIDE: dict[int, tuple[str, ...]] = {}  # by calling code, as numbers tied to no town come


def of_number(number: phonenumbers.PhoneNumber, e164: str, kind: int) -> Places:
    """Give where the owner of a number may live; nothing for a number that does not exist.

    An area code that reaches into several states gives all of them, and all their zones: in the
    United States what the library says of one exchange can be an hour wrong, and numbers are
    ported. Of most countries we know the clocks ourselves: the library may name another country's.
    """
    if kind == PhoneNumberType.UNKNOWN:
        return Places()
    code = number.country_code or 0
    area = AREAS.get(e164[2:5]) if code == _NORTH_AMERICA and len(e164) == _FULL else None
    if area is not None:
        return _area(area, _named(number, code, kind))
    region = _region(number, e164, code)
    if region in COUNTRY_ZONES:
        return _known(region)
    return _country(region, _named(number, code, kind))


@lru_cache(maxsize=1 << 12)
def with_home(number: Places, country: str, region: str) -> Places:
    """Give all that is known of somebody: what the number says, and the home that was stated.

    A home that is the number's place, or that the number's place is a part of, adds nothing. Any
    other one adds its jurisdiction and its clocks: all that is possible binds.
    """
    home = code_of(country, region)
    if not home or any(home in (code, code[:2]) for code in number.jurisdictions):
        return number
    zones = _readable({*number.zones, *_zones_of_home(home)})
    return Places((home, *number.jurisdictions), zones)


def code_of(country: str, region: str) -> str:
    """Write a home as jurisdictions are: FR, US-TX; an island of the United States as PR."""
    if country == "US" and region in ISLANDS:
        return region
    return f"{country}-{region}" if region else country


@cache
def _zones_of_home(home: str) -> tuple[str, ...]:
    """Give the zones of the area codes of a state or country, else those of its mobile numbers."""
    country = home[:2]
    # An area code's main state stands first: of the others it reaches into it tells less.
    areas = [area.zones for area in AREAS.values() if home in (area.jurisdictions[0], area.country)]
    areas = areas or [area.zones for area in AREAS.values() if home in area.jurisdictions]
    if areas:
        return _readable({zone for zones in areas for zone in zones})
    if country in COUNTRY_ZONES:
        return _known(country).zones
    mobile = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    if mobile is None:
        return ()
    named = _named(mobile, mobile.country_code or 0, PhoneNumberType.MOBILE)
    return _country(country, named).zones


def _named(number: phonenumbers.PhoneNumber, code: int, kind: int) -> tuple[str, ...]:
    """Give the zones that the library names for a number."""
    if phonenumbers.is_number_type_geographical(kind, code):
        return tuple(time_zones_for_geographical_number(number))
    # Any number will do: the library looks at nothing but the calling code.
    if code not in _WIDE:
        _WIDE[code] = tuple(time_zones_for_number(number))
    return _WIDE[code]


@lru_cache(maxsize=1 << 12)
def _area(area: Area, named: tuple[str, ...]) -> Places:
    return Places(area.jurisdictions, _readable({*area.zones, *named}))


@cache
def _known(region: str) -> Places:
    return Places((region,), tuple(COUNTRY_ZONES[region].split()))


@lru_cache(maxsize=1 << 12)
def _country(region: str, named: tuple[str, ...]) -> Places:
    return Places((region,) if region else (), _readable({*named} - _NEIGHBOURS.get(region, set())))


def _readable(zones: set[str]) -> tuple[str, ...]:
    return tuple(sorted(zones - {"Etc/Unknown"}))


_NEIGHBOURS = {
    regions[0]: {zone for other in regions[1:] for zone in COUNTRY_ZONES.get(other, "").split()}
    for regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.values()
}


def _region(number: phonenumbers.PhoneNumber, e164: str, code: int) -> str:
    """Give the country of a number that exists; "" for numbers that are of none."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ("",))
    found: str = regions[0]
    if len(regions) > 1:
        small = _of_small(code)
        if small.match(e164, len(str(code)) + 1):
            found = phonenumbers.region_code_for_number(number) or ""
    return found if found.isalpha() else ""  # 001: of the world


@cache
def _of_small(code: int) -> re.Pattern[str]:
    """Give what the numbers of all but the first country of a calling code look like."""
    forms = [form for region in _others(code) for form in _forms(region)]
    return re.compile("|".join(forms))


def _others(code: int) -> tuple[str, ...]:
    regions: tuple[str, ...] = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    return regions[1:]


def _forms(region: str) -> Iterator[str]:
    known = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert known is not None, region
    if known.leading_digits is not None:
        yield f"(?:{known.leading_digits})"
        return
    for kind in _KINDS:
        described = getattr(known, kind)
        if described is not None and described.national_number_pattern:
            yield rf"(?:{described.national_number_pattern})\Z"
