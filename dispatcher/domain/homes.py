"""Homes as people write them: a country, and the state or province in it, as ISO 3166 codes."""

from __future__ import annotations

import re

import phonenumbers

from dispatcher.domain.addresses import Problem
from dispatcher.domain.area_codes import AREAS, ISLANDS

_REGION = re.compile(r"[A-Z0-9]{1,3}\Z")
_SLIPS = {"UK": "GB"}
_STATES = {
    "ALABAMA": "AL", "ALASKA": "AK", "ARIZONA": "AZ", "ARKANSAS": "AR", "CALIFORNIA": "CA",
    "COLORADO": "CO", "CONNECTICUT": "CT", "DELAWARE": "DE", "DISTRICT OF COLUMBIA": "DC",
    "FLORIDA": "FL", "GEORGIA": "GA", "HAWAII": "HI", "IDAHO": "ID", "ILLINOIS": "IL",
    "INDIANA": "IN", "IOWA": "IA", "KANSAS": "KS", "KENTUCKY": "KY", "LOUISIANA": "LA",
    "MAINE": "ME", "MARYLAND": "MD", "MASSACHUSETTS": "MA", "MICHIGAN": "MI", "MINNESOTA": "MN",
    "MISSISSIPPI": "MS", "MISSOURI": "MO", "MONTANA": "MT", "NEBRASKA": "NE", "NEVADA": "NV",
    "NEW HAMPSHIRE": "NH", "NEW JERSEY": "NJ", "NEW MEXICO": "NM", "NEW YORK": "NY",
    "NORTH CAROLINA": "NC", "NORTH DAKOTA": "ND", "OHIO": "OH", "OKLAHOMA": "OK", "OREGON": "OR",
    "PENNSYLVANIA": "PA", "RHODE ISLAND": "RI", "SOUTH CAROLINA": "SC", "SOUTH DAKOTA": "SD",
    "TENNESSEE": "TN", "TEXAS": "TX", "UTAH": "UT", "VERMONT": "VT", "VIRGINIA": "VA",
    "WASHINGTON": "WA", "WEST VIRGINIA": "WV", "WISCONSIN": "WI", "WYOMING": "WY",
}  # fmt: skip
# Countries of whose parts we know all.
_PARTS = {
    "US": frozenset(_STATES.values()) | ISLANDS,
    "CA": frozenset(
        code[3:] for area in AREAS.values() for code in area.jurisdictions if code[:3] == "CA-"
    ),
}
_EXAMPLES = {"US": "TX", "CA": "ON", "AU": "NSW"}


def read_country(text: str) -> tuple[str, str] | Problem:
    """Read a country, and the region where both are written as one: US-TX."""
    code, dash, part = text.strip().upper().partition("-")
    code = _SLIPS.get(code, code)
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        return Problem("write the country as two letters, such as GB or FR")
    region = read_region(part, code) if dash else ""
    if isinstance(region, Problem):
        return region
    if dash and not region:
        return Problem("write the country as two letters, such as GB or FR")
    return code, region


def read_region(text: str, country: str) -> str | Problem:
    """Read a state or province by its code, TX or US-TX; an American one by its name, too."""
    part = text.strip().upper()
    if not part:
        return ""
    if not country:
        return Problem("there is a state or province without its country; name the country too")
    part = part.removeprefix(f"{country}-")
    if country == "US":
        part = _STATES.get(part, part)
    known = _PARTS.get(country)
    if _REGION.match(part) and (known is None or part in known):
        return part
    example = _EXAMPLES.get(country)
    such = f", such as {example} for {country}-{example}" if example else ""
    return Problem(f"write the state or province by its code in ISO 3166-2{such}, or leave it out")
