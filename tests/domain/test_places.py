"""Promises of where a number says that people live, and of what their home adds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.addresses import Dialled, dial, places_of_phone
from dispatcher.domain.area_codes import AREAS
from dispatcher.domain.country_zones import COUNTRY_ZONES
from dispatcher.domain.places import Places, with_home
from dispatcher.rules.hours import readable
from dispatcher.rules.jurisdictions import is_code
from dispatcher.services.jurisdictions import shipped

with (Path(__file__).parent / "us_area_codes.tsv").open(encoding="utf-8") as file:
    OBSERVED = list(csv.DictReader(file, delimiter="\t"))


def american(area_code: str) -> str:
    """Write a number that was never given out, so the library knows no more than its area."""
    return f"+1{area_code}5550104"


@pytest.mark.parametrize("area_code", ["219", "270", "364", "448", "850", "423", "689"])
def test_an_area_code_on_two_clocks_has_both(area_code: str) -> None:
    """Here the library names one zone, for some of them the one of fewer people; both must bind."""
    zones = set(places_of_phone(american(area_code)).zones)
    expected = {"America/New_York"} if area_code == "689" else {"America/Chicago"}
    assert expected | {"America/New_York"} <= zones


def test_an_area_code_has_every_zone_and_state_it_serves() -> None:
    """Zones of one ZIP code in a hundred or more, and all states, are never left out."""
    assert len(OBSERVED) == 348
    for row in OBSERVED:
        shares = dict(pair.split("=") for pair in row["shares_of_zip_codes"].split())
        places = places_of_phone(american(row["area_code"]))
        common = {zone for zone, share in shares.items() if float(share) >= 0.01}
        assert common <= set(places.zones), row
        states = {code.removeprefix("US-") for code in places.jurisdictions}
        assert set(row["states"].split(",")) == states, row


@pytest.mark.parametrize(
    ("e164", "jurisdiction", "zones"),
    [
        ("+15035550104", "US-OR", {"America/Los_Angeles"}),
        ("+12015550104", "US-NJ", {"America/New_York"}),
        ("+12015550104", "US-NY", {"America/New_York"}),
        ("+18505550104", "US-FL", {"America/Chicago", "America/New_York"}),
        ("+16455550104", "US-FL", {"America/New_York"}),  # newer than the list: lies over 305
        ("+17875550104", "PR", {"America/Puerto_Rico"}),
        ("+16715550104", "GU", {"Pacific/Guam"}),
        ("+16842581234", "AS", {"Pacific/Pago_Pago"}),
        ("+18762101234", "JM", {"America/Jamaica"}),
        ("+14165550104", "CA-ON", {"America/Toronto"}),
        ("+18075550104", "CA-ON", {"America/Atikokan", "America/Toronto", "America/Winnipeg"}),
        ("+447700900123", "GB", {"Europe/London"}),
        ("+447400123456", "GB", {"Europe/London"}),
        ("+441624756789", "IM", {"Europe/Isle_of_Man"}),
        ("+447624301234", "IM", {"Europe/Isle_of_Man"}),
        ("+447797712345", "JE", {"Europe/Jersey"}),
        ("+590690001234", "GP", {"America/Guadeloupe"}),
        ("+596696201234", "MQ", {"America/Martinique"}),
        ("+594694201234", "GF", {"America/Cayenne"}),
        ("+262692123456", "RE", {"Indian/Reunion"}),
        ("+262639012345", "YT", {"Indian/Mayotte"}),
        ("+213551234567", "DZ", {"Africa/Algiers"}),  # not that of France, as the library says
    ],
)
def test_a_number_says_where_its_owner_may_live(
    e164: str, jurisdiction: str, zones: set[str]
) -> None:
    """States by area code; territories and small countries by their own code and clock."""
    found = places_of_phone(e164)
    assert jurisdiction in found.jurisdictions
    assert set(found.zones) == zones


def test_a_number_of_no_state_is_of_the_country() -> None:
    """Toll-free and personal numbers of North America are anywhere in the United States."""
    for e164 in ("+18005551234", "+15005551234"):
        found = places_of_phone(e164)
        assert found.jurisdictions == ("US",)
        assert {"America/New_York", "Pacific/Honolulu"} <= set(found.zones)


def test_kazakhstan_keeps_no_russian_clock() -> None:
    """Both share +7, and the library names all of their zones for mobile numbers."""
    kazakh, russian = places_of_phone("+77012345678"), places_of_phone("+79123456789")
    assert (kazakh.jurisdictions, russian.jurisdictions) == (("KZ",), ("RU",))
    assert "Asia/Almaty" in kazakh.zones
    assert "Europe/Moscow" in russian.zones
    assert not set(kazakh.zones) & set(russian.zones)


def _numbers_of_the_world() -> Iterator[phonenumbers.PhoneNumber]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                yield example


def test_every_number_of_the_world_is_somewhere() -> None:
    """A jurisdiction and a readable clock for each kind of number of each country."""
    numbers = list(_numbers_of_the_world())
    assert len(numbers) > 1000
    for number in numbers:
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        found = places_of_phone(e164)
        assert found.zones, e164
        assert all(map(readable, found.zones)), e164
        country = phonenumbers.region_code_for_number(number)
        assert {code[:2] for code in found.jurisdictions} & {country, "US"}, e164
        assert all(map(is_code, found.jurisdictions)), e164
        dialled = dial(e164)
        if isinstance(dialled, Dialled):
            assert (dialled.jurisdictions, dialled.zones) == found


@given(st.text(max_size=30) | st.from_regex(r"\+1?[0-9]{5,14}", fullmatch=True))
def test_whatever_is_asked_nothing_breaks(text: str) -> None:
    """Of what is no number nothing is known, and nothing raises; each zone known can be read."""
    for found in (places_of_phone(text), dial(text), dial(text, "US")):
        if isinstance(found, Places | Dialled):
            assert all(map(readable, found.zones))
            assert all(map(is_code, found.jurisdictions))


def test_every_zone_in_the_tables_exists() -> None:
    """The tables name zones the clock knows, and states the way ISO 3166 does."""
    for area in AREAS.values():
        assert all(map(ZoneInfo, area.zones))
        assert all(map(is_code, area.jurisdictions))
    for zones in COUNTRY_ZONES.values():
        assert all(map(ZoneInfo, zones.split()))


def test_the_clocks_of_countries_are_those_of_the_rule_data() -> None:
    """Where the rule data gives a country one clock, the numbers' table names the same."""
    for code, entry in shipped().entries.items():
        if len(entry.zones) == 1 and code in COUNTRY_ZONES:
            assert COUNTRY_ZONES[code].split() == list(entry.zones)


OREGON = places_of_phone("+15415550104")


@pytest.mark.parametrize(("country", "region"), [("", ""), ("US", ""), ("US", "OR")])
def test_a_home_that_fits_the_number_adds_nothing(country: str, region: str) -> None:
    """Who lives where the number is from has the number's jurisdictions and clocks."""
    assert with_home(OREGON, country, region) == OREGON


def test_another_home_adds_its_jurisdiction_and_clocks() -> None:
    """An Oregon number in Texas: both states bind, on the clocks of both."""
    found = with_home(OREGON, "US", "TX")
    assert found.jurisdictions == ("US-TX", *OREGON.jurisdictions)
    assert set(found.zones) >= {*OREGON.zones, "America/Chicago", "America/Denver"}
    british = places_of_phone("+447400123456")
    assert with_home(british, "FR", "") == (("FR", "GB"), ("Europe/London", "Europe/Paris"))
    assert "Pacific/Honolulu" in with_home(british, "US", "").zones
    assert with_home(british, "US", "PR").jurisdictions == ("PR", "GB")
    assert with_home(british, "AU", "NSW").jurisdictions == ("AU-NSW", "GB")


def test_every_state_has_the_clocks_of_the_rule_data() -> None:
    """Who lives in a state by their own word is on one of its clocks, or of its area codes'."""
    book = shipped()
    for part in {code for area in AREAS.values() for code in area.jurisdictions}:
        country, _, region = part.partition("-")
        zones = with_home(places_of_phone("+447400123456"), country, region).zones
        assert len(zones) > 1
        if part in book.entries:
            assert set(book.chain(part).zones) <= set(zones), part


def test_without_a_number_the_home_is_all() -> None:
    """Of somebody with an e-mail address only, the home says whose rules bind."""
    texas = ("America/Chicago", "America/Denver")
    assert with_home(Places(), "US", "TX") == (("US-TX",), texas)
    assert with_home(Places(), "MN", "") == (("MN",), ("Asia/Hovd", "Asia/Ulaanbaatar"))
    assert with_home(Places(), "", "") == ((), ())
