"""Promises of the zones in which it must be a decent hour, when nobody has said which it is."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.addresses import places_of_phone
from dispatcher.rules.hours import stretches
from dispatcher.rules.possible_zones import possible_zones
from dispatcher.services.jurisdictions import shipped

BOOK = shipped()
NOON = 20_600  # some day since 1970


def test_a_number_that_names_one_of_many_clocks_is_not_trusted() -> None:
    """A mobile number of Mexico says Mexico City; its owner may as well live in Tijuana."""
    mexico = places_of_phone("+525512345678")
    assert set(possible_zones(BOOK, *mexico)) == set(BOOK.chain("MX").zones)


def test_zones_far_from_the_jurisdiction_are_left_out() -> None:
    """Australian numbers name an island of half-hours; the rule data knows who lives where."""
    australia = places_of_phone("+61412345678")
    assert set(possible_zones(BOOK, *australia)) <= set(BOOK.chain("AU").zones)


def test_area_codes_are_trusted() -> None:
    """Miami is not on Chicago's clock, though a part of Florida is."""
    assert possible_zones(BOOK, *places_of_phone("+13055550104")) == ("America/New_York",)
    assert len(possible_zones(BOOK, *places_of_phone("+18505550104"))) == 2
    assert possible_zones(BOOK, *places_of_phone("+14165550104")) == ("America/Toronto",)


def test_without_rule_data_the_number_is_all() -> None:
    """Of a country that is not listed, all clocks of its numbers count."""
    assert possible_zones(BOOK, ("MN",), ("Asia/Hovd",)) == ("Asia/Hovd",)
    assert possible_zones(BOOK, (), ("Asia/Hovd",)) == ("Asia/Hovd",)
    assert set(possible_zones(BOOK, ("MN", "FR"), ("Asia/Hovd",))) == {"Asia/Hovd", "Europe/Paris"}
    assert possible_zones(BOOK, ("GB",), ()) == ()
    assert possible_zones(BOOK, ("nowhere",), ("Asia/Hovd",)) == ("Asia/Hovd",)


def test_a_zone_that_cannot_be_read_stays() -> None:
    """It closes everything, whatever the rule data knows."""
    for unread in ("Mars/Base", ""):
        zones = ("Europe/Paris", unread)
        assert possible_zones(BOOK, ("FR",), zones) == zones


@pytest.mark.parametrize("country", [code for code in BOOK.entries if code.isalpha()])
def test_every_clock_of_the_rule_data_counts_for_a_mobile_number(country: str) -> None:
    """Whatever the library says of a mobile number, no clock of a listed country is forgotten."""
    mobile = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if mobile is None or country in ("US", "CA"):
        return
    e164 = phonenumbers.format_number(mobile, phonenumbers.PhoneNumberFormat.E164)
    found = possible_zones(BOOK, *places_of_phone(e164))
    clocks = {stretches(zone, NOON) for zone in found}
    assert clocks >= {stretches(zone, NOON) for zone in BOOK.chain(country).zones}


codes = st.sampled_from(["GB", "FR", "US", "US-TX", "US-FL", "MX", "AU", "MN", "PR"])
zones = st.sampled_from(["Europe/London", "America/Chicago", "America/Tijuana", "Asia/Hovd"])


@given(st.lists(codes, max_size=3).map(tuple), st.lists(zones, min_size=1, max_size=3).map(tuple))
def test_somebody_is_always_somewhere(
    jurisdictions: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """Zones are never reasoned away, and the order in which things are known says nothing."""
    found = possible_zones(BOOK, jurisdictions, named)
    assert found
    assert set(found) == set(possible_zones(BOOK, jurisdictions[::-1], named[::-1]))
