"""Promises of how a home is read: country and state as their codes, or a word on what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.addresses import Problem
from dispatcher.domain.homes import read_country, read_region
from dispatcher.rules.jurisdictions import is_code


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("", ("", "")),
        (" gb ", ("GB", "")),
        ("uk", ("GB", "")),
        ("US-TX", ("US", "TX")),
        ("us-tx", ("US", "TX")),
        ("au-nsw", ("AU", "NSW")),
    ],
)
def test_a_country_is_two_letters_with_its_state_if_any(text: str, home: tuple[str, str]) -> None:
    """Small letters are as good; UK is GB; US-TX is taken apart."""
    assert read_country(text) == home


@pytest.mark.parametrize("text", ["Germany", "XX", "US-", "US-XX", "US-TX-1", "-TX", "-"])
def test_what_is_no_country_is_refused(text: str) -> None:
    """The sentence says what to write."""
    found = read_country(text)
    assert isinstance(found, Problem)
    assert "write" in found.text or "name" in found.text


@pytest.mark.parametrize(
    ("text", "country", "region"),
    [
        ("", "", ""),
        ("tx", "US", "TX"),
        ("US-TX", "US", "TX"),
        ("Texas", "US", "TX"),
        ("district of columbia", "US", "DC"),
        ("PR", "US", "PR"),
        ("on", "CA", "ON"),
        ("NSW", "AU", "NSW"),
        ("9", "AT", "9"),
        ("M", "ES", "M"),
    ],
)
def test_a_region_is_a_code_of_its_country(text: str, country: str, region: str) -> None:
    """As in ISO 3166-2, with its country before it or without; of American states also the name."""
    assert read_region(text, country) == region


@pytest.mark.parametrize(
    ("text", "country", "words"),
    [
        ("TX", "", "name the country"),
        ("XX", "US", "US-TX"),
        ("Texass", "US", "US-TX"),
        ("Ontario", "CA", "CA-ON"),
        ("ZZ", "CA", "CA-ON"),
        ("New South Wales", "AU", "AU-NSW"),
        ("Greater London", "GB", "ISO 3166-2"),
        ("CA-ON", "US", "US-TX"),
    ],
)
def test_what_is_no_region_is_refused(text: str, country: str, words: str) -> None:
    """The sentence gives an example; of the United States and Canada all parts are known."""
    found = read_region(text, country)
    assert isinstance(found, Problem)
    assert words in found.text


@given(st.text(max_size=12), st.sampled_from(["", "US", "CA", "AU", "GB"]))
def test_what_is_read_is_a_code(text: str, country: str) -> None:
    """Whatever is typed, a home is written as the rules write jurisdictions, or refused."""
    region = read_region(text, country)
    if isinstance(region, str) and region:
        assert is_code(f"{country}-{region}")
    home = read_country(text)
    if not isinstance(home, Problem) and home[0]:
        assert is_code("-".join(filter(None, home)))
