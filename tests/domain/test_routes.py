"""Routes: who may carry a message, in which order, and in which shares."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import Channel
from dispatcher.domain.routes import Way, draws, route, serving

COUNTRIES = ("GB", "FR", "US")
WAYS = st.lists(
    st.builds(
        Way,
        st.sampled_from("abcdefgh"),
        st.sampled_from(Channel),
        st.sampled_from((0.0, 0.01, 0.05)),
        st.integers(0, 3),
        st.sampled_from((0.0, 1.0, 3.0)),
        st.lists(st.sampled_from(COUNTRIES), max_size=2).map(tuple),
        st.just(()),
        st.lists(st.sampled_from(("northwind", "acme")), max_size=2).map(tuple),
    ),
    max_size=8,
    unique_by=lambda way: way.name,
)
KEYS = st.integers(0, 1 << 40)


def names(ways: list[Way], country: str = "GB", wanted: str = "", key: int = 1) -> tuple[str, ...]:
    return route(ways, lambda way: country in way.countries, draws(key), wanted)


@given(WAYS, st.sampled_from(Channel), st.sampled_from(("northwind", "acme")))
def test_a_gateway_of_another_brand_or_channel_carries_nothing(
    ways: list[Way], channel: Channel, brand: str
) -> None:
    """Who may carry serves the channel, and the brand or all brands; nobody else is left out."""
    found = serving(ways, channel, brand)
    for way in ways:
        fits = way.channel is channel and (not way.brands or brand in way.brands)
        assert (way in found) == fits


@given(WAYS, st.sampled_from(COUNTRIES), KEYS)
def test_a_route_names_each_fitting_gateway_once_and_the_lower_priority_first(
    ways: list[Way], country: str, key: int
) -> None:
    """Those for elsewhere only stand in no route, unless there is nobody else at all."""
    found = names(ways, country, key=key)
    fitting = [way for way in ways if not way.countries or country in way.countries] or ways
    assert sorted(found) == sorted(way.name for way in fitting)
    ranks = {way.name: way.priority for way in ways}
    assert [ranks[name] for name in found] == sorted(ranks[name] for name in found)


@given(WAYS, KEYS)
def test_the_same_batch_has_the_same_route_each_time(ways: list[Way], key: int) -> None:
    """A draw depends on the batch and the gateway's name, not on the order of the settings."""
    assert names(ways, key=key)[:1] == names(ways, key=key)[:1]
    weighted = [way for way in ways if way.weight]
    assert names(weighted, key=key) == names(weighted[::-1], key=key)


@given(WAYS, KEYS)
def test_what_the_campaign_names_goes_first(ways: list[Way], key: int) -> None:
    """Whatever the priorities say, if it is meant for the place."""
    for way in ways:
        found = names(ways, "GB", way.name, key)
        assert (found[0] == way.name) == (way.name in found)


def test_of_equals_without_a_weight_the_cheapest_goes_first() -> None:
    """And one that is meant for the place before one that is for everywhere."""
    ways = [Way("dear", Channel.SMS, 0.05), Way("cheap", Channel.SMS, 0.01)]
    assert names(ways) == ("cheap", "dear")
    local = Way("local", Channel.SMS, 0.07, countries=("GB",))
    assert names([*ways, local]) == ("local", "cheap", "dear")
    assert names([*ways, local], "FR") == ("cheap", "dear")


def test_weights_are_shares_of_the_batches() -> None:
    """Of a thousand batches, three in four go first by the one that weighs three times as much."""
    ways = [
        Way("a", Channel.SMS, weight=3),
        Way("b", Channel.SMS, weight=1),
        Way("spare", Channel.SMS),
    ]
    firsts = Counter(names(ways, key=key)[0] for key in range(1000))
    assert firsts["spare"] == 0
    assert 700 < firsts["a"] < 800
    assert {names(ways, key=key)[-1] for key in range(100)} == {"spare"}
