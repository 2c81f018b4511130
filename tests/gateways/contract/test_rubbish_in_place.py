"""Strange things under a provider's own seal, right where its adapter looks: nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.messages import EventKind
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import KINDS
from tests.gateways.providers import PROVIDERS
from tests.gateways.providers.provider import Provider

ROWS = [row for row in PROVIDERS if row.proven is not Provider.proven]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)


def places_of(row: type[Provider]) -> list[str]:
    """Give the paths that an adapter looks at, and what is on the way to them."""
    made = KINDS[row.kind]
    assert issubclass(made, ApiGateway)
    reports, replies = made.api.reports, made.api.replies
    paths = [reports.each, reports.id, reports.ref, *reports.status.split("/"), *row.places]
    if replies:
        paths += [replies.id, replies.sender, replies.recipient, replies.text]
    steps = [path.split(".") for path in paths if path]
    return sorted({".".join(each[: n + 1]) for each in steps for n in range(len(each))})


def rubbish(row: type[Provider]) -> st.SearchStrategy[Any]:
    """Give JSON of any shape, and strange things where the adapter looks."""
    anything = shapes([*row.statuses, *places_of(row), "7-1001-1", "é\x00\n", ""])
    inside = st.dictionaries(st.sampled_from(places_of(row)), anything, max_size=6).map(planted)
    return anything | inside | st.lists(inside, max_size=3)


def planted(told: dict[str, Any]) -> dict[str, Any]:
    """Put each thing at its path."""
    whole: dict[str, Any] = {}
    for path in sorted(told):
        *way, name = path.split(".")
        spot: Any = whole
        for step in way:
            spot = spot.setdefault(step, {}) if isinstance(spot, dict) else None
        if isinstance(spot, dict):
            spot[name] = told[path]
    return whole


def shapes(texts: list[str]) -> st.SearchStrategy[Any]:
    """Give JSON of any shape."""
    words = st.sampled_from(texts)
    plain = st.none() | st.booleans() | st.integers(-9, 2**63) | st.floats(allow_nan=False) | words
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
        max_leaves=25,
    )


@each_row
def test_strange_callbacks_break_nothing(row: type[Provider]) -> None:
    """They are refused, or told as what nobody understands; an event has its key at any rate."""
    gateway = row().built()

    @settings(max_examples=100, deadline=None)
    @given(rubbish(row))
    def check(said: Any) -> None:
        callback = row().proven(said)
        assert callback is not None
        try:
            events = gateway.read(callback)
        except CallbackRejected:
            return
        assert all(event.dedup_key and event.kind in EventKind for event in events)

    check()


@each_row
@pytest.mark.parametrize("said", [[], {}, None, 7, "x", [[]], [None] * 10_000, [{}] * 10_000])
def test_odd_shapes_break_nothing(row: type[Provider], said: Any) -> None:
    """Lists where an object should be, nothing at all, ten thousand entries."""
    callback = row().proven(said)
    assert callback is not None
    try:
        events = row().built().read(callback)
    except CallbackRejected:
        return
    assert all(event.kind is EventKind.UNKNOWN for event in events)


@each_row
@pytest.mark.parametrize("depth", [200, 300, 900])
def test_deep_nests_break_nothing(row: type[Provider], depth: int) -> None:
    """What can be read but not written again is refused."""
    said: Any = "x"
    for _ in range(depth):
        said = {"event": said}
    callback = row().proven(said)
    assert callback is not None
    try:
        row().built().read(callback)
    except CallbackRejected:
        return
