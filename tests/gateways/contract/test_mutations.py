"""A spoilt adapter fails the suite: swapped codes, no check of signatures, silence as a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from dispatcher.domain.messages import Outcome
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.classify import Verdict
from dispatcher.gateways.http_transport import HandOver
from dispatcher.gateways.proofs import Proof
from dispatcher.gateways.registry import KINDS
from tests.gateways.providers import PROVIDERS
from tests.gateways.providers.checks import (
    check_code,
    check_forgeries,
    check_silence,
    check_status,
)
from tests.gateways.providers.provider import Provider

each_provider = pytest.mark.parametrize("row", PROVIDERS, ids=lambda row: row.kind)


@each_provider
def test_two_swapped_codes_are_noticed(
    row: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any two codes with different meanings, exchanged, fail at both."""
    api = _spoilt(row, monkeypatch).api
    for one, other in _pairs(api.codes):
        _adapter(row).api = replace(api, codes=_swapped(api.codes, one, other))
        _fails(check_code, row, one)
        _fails(check_code, row, other)


@each_provider
def test_two_swapped_statuses_are_noticed(
    row: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any two statuses with different meanings, exchanged, fail at both."""
    api = _spoilt(row, monkeypatch).api
    for one, other in _pairs(api.reports.statuses):
        swapped = _swapped(api.reports.statuses, one, other)
        _adapter(row).api = replace(api, reports=replace(api.reports, statuses=swapped))
        for each in (one, other):
            _fails(check_status, row, each, "", row.statuses[each])


@each_provider
def test_two_swapped_report_codes_are_noticed(
    row: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any two codes of callbacks with different meanings, exchanged, fail at both."""
    api = _spoilt(row, monkeypatch).api
    for one, other in _pairs(api.reports.codes):
        swapped = _swapped(api.reports.codes, one, other)
        _adapter(row).api = replace(api, reports=replace(api.reports, codes=swapped))
        for each in (one, other):
            _fails(check_status, row, row.failure, each, row.report_codes[each])


@each_provider
def test_a_dropped_signature_check_is_noticed(
    row: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that believes everybody fails."""

    class Anybody:
        covers_query: ClassVar[bool] = True

        def check(self, _: object) -> None:
            """Believe it."""

    def proof(_: object) -> Proof:
        return Anybody()

    monkeypatch.setattr(_spoilt(row, monkeypatch), "proof", proof)
    _fails(check_forgeries, row)


@each_provider
def test_silence_called_a_refusal_is_noticed(
    row: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adapter that takes a lost answer for a refusal fails."""

    def verdicts(_: object, done: HandOver) -> Sequence[Verdict]:
        return [Verdict(Outcome.REFUSED)] * len(done.passed)

    monkeypatch.setattr(_spoilt(row, monkeypatch), "_verdicts", verdicts)
    _fails(check_silence, row)


def _spoilt(row: type[Provider], monkeypatch: pytest.MonkeyPatch) -> type[ApiGateway]:
    """Put a copy of the adapter in its place, to be spoilt."""
    made = _adapter(row)
    copy: type[ApiGateway] = type("Spoilt", (made,), {})
    monkeypatch.setitem(KINDS, row.kind, copy)
    return copy


def _adapter(row: type[Provider]) -> type[ApiGateway]:
    made = KINDS[row.kind]
    assert issubclass(made, ApiGateway)
    return made


def _pairs(table: Mapping[str, tuple[Any, str]]) -> list[tuple[str, str]]:
    """Give neighbours that mean different things, so that every such code is in a pair."""
    by_meaning: dict[Any, str] = {}
    for code, (meaning, _) in table.items():
        by_meaning.setdefault(meaning, code)
    firsts = list(by_meaning.values())
    return list(pairwise(firsts))


def _swapped(table: Mapping[str, Any], one: str, other: str) -> dict[str, Any]:
    return {**table, one: table[other], other: table[one]}


def _fails(check: Callable[..., None], *arguments: Any) -> None:
    noticed = False
    with suppress(AssertionError, pytest.fail.Exception):
        check(*arguments)
        noticed = True
    assert not noticed, f"{check.__name__} passes a spoilt adapter"
