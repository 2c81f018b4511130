"""What every provider's adapter promises beyond the contract: codes, requests, proofs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import KINDS
from tests.gateways.providers import PROVIDERS
from tests.gateways.providers.checks import (
    check_code,
    check_forgeries,
    check_phrase,
    check_request,
    check_silence,
    check_status,
)
from tests.gateways.providers.provider import Provider

each_provider = pytest.mark.parametrize("row", PROVIDERS, ids=lambda row: row.kind)


def _each(name: str) -> pytest.MarkDecorator:
    tables = [(row, getattr(row, name)) for row in PROVIDERS]
    cases = [
        pytest.param(row, key, id=f"{row.kind}: {key}") for row, table in tables for key in table
    ]
    return pytest.mark.parametrize(("row", "key"), cases)


@_each("codes")
def test_a_code_means_what_is_documented(row: type[Provider], key: str) -> None:
    """Each code that an adapter knows is answered by the far side once."""
    check_code(row, key)


@_each("phrases")
def test_words_tell_a_code_apart(row: type[Provider], key: tuple[str, str]) -> None:
    """Where one code stands for a bad sender too, nobody's mail is refused for it."""
    check_phrase(row, *key)


@each_provider
def test_nobodys_address_decides_for_all(row: type[Provider]) -> None:
    """Providers repeat the address in their words: none can hold what stops a campaign."""
    phrases = _adapter(row).api.phrases
    assert not any(re.fullmatch(r"[\w.!#$%&'*+/=?^`{|}~@-]+", phrase) for phrase in phrases)
    assert all(phrase == phrase.lower() for phrase in phrases)


@_each("statuses")
def test_a_status_means_what_is_documented(row: type[Provider], key: str) -> None:
    """Each status that an adapter knows is called back once."""
    check_status(row, key, "", row.statuses[key])


@_each("report_codes")
def test_a_code_says_more_than_its_status(row: type[Provider], key: str) -> None:
    """Each error code of callbacks is told with the status of a failure."""
    check_status(row, row.failure, key, row.report_codes[key])


@each_provider
def test_no_code_is_untested(row: type[Provider]) -> None:
    """The tables of the adapter and those of its row name the same codes."""
    api = _adapter(row).api
    assert set(api.codes) == set(row.codes)
    assert set(api.reports.statuses) == set(row.statuses)
    assert set(api.reports.codes) == set(row.report_codes)
    assert len(api.phrases) == len(row.phrases)
    assert all(_words(table) for table in (api.codes, api.reports.statuses, api.reports.codes))


@each_provider
def test_a_request_is_what_the_documentation_asks_for(row: type[Provider]) -> None:
    """URL, headers and every field, from a file that was written by hand."""
    check_request(row)


@each_provider
def test_a_forged_callback_is_refused(row: type[Provider]) -> None:
    """Wherever the proof stands: without it, or with another one, nothing is believed."""
    check_forgeries(row)


@each_provider
def test_silence_is_no_refusal(row: type[Provider]) -> None:
    """After the last byte, a lost answer means that nobody knows."""
    check_silence(row)


def _adapter(row: type[Provider]) -> type[ApiGateway]:
    made = KINDS[row.kind]
    assert issubclass(made, ApiGateway)
    return made


def _words(table: Mapping[str, tuple[object, str]]) -> bool:
    return all(words for _, words in table.values())
