"""Promises of the checker's hours: bits and wall clocks agree, and Sundays are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.proof.hours import Hours, first_open, is_open, open_end
from dispatcher.proof.table import Table
from dispatcher.resources import jurisdictions_file
from dispatcher.simulation.places import DAY, PLACES, clock_changes
from dispatcher.simulation.programme import YEAR_DAYS, YEAR_STARTS

TABLE = Table(jurisdictions_file().read_bytes())
CHANGES = clock_changes(YEAR_STARTS, YEAR_DAYS)
zones = st.lists(st.sampled_from([place.zone for place in PLACES]), min_size=1, max_size=2)
sheets = st.lists(st.sampled_from(TABLE.codes), max_size=2).flatmap(
    lambda codes: st.sampled_from(["balanced", "strict"]).map(
        lambda profile: TABLE.sheets(codes, "sms", profile)
    )
)
daily = st.lists(st.tuples(st.integers(0, 1440), st.integers(0, 1440)), max_size=1)
hours = st.builds(
    Hours,
    sheets,
    daily.map(tuple),
    zones.map(lambda names: tuple(dict.fromkeys(names))),
    later=st.just(()),
)
instants = st.one_of(
    st.integers(0, 365 * 1440).map(lambda minute: YEAR_STARTS + minute * 60),
    st.tuples(st.sampled_from(CHANGES), st.integers(-720, 2160)).map(lambda at: at[0] + at[1] * 60),
)


def looked_at(kept: Hours, at: float) -> bool:
    """Ask the wall clocks."""
    return is_open(kept, datetime.fromtimestamp(at, UTC))


@settings(max_examples=300, deadline=None)
@given(hours, instants, st.sampled_from([0, 0, 30.5]))
def test_bits_and_wall_clocks_agree(kept: Hours, minute: float, seconds: float) -> None:
    """At any minute, also of days on which clocks change, and in the middle of it."""
    at = minute + seconds
    assert (open_end(kept, at) > at) == looked_at(kept, at)


@settings(max_examples=50, deadline=None)
@given(hours, instants)
def test_the_first_opening_is_the_first_minute_that_is_open(kept: Hours, now: float) -> None:
    """Walking on by the minute finds the same."""
    found = first_open(kept, now, 0)
    for minute in range(3 * 1440):
        at = now + minute * 60
        if looked_at(kept, at):
            assert found == at
            return
    assert found is None or found >= now + 3 * DAY


@settings(max_examples=100, deadline=None)
@given(hours, instants)
def test_an_opening_ends_at_the_first_minute_that_is_closed(kept: Hours, now: float) -> None:
    """Everything before it is open, it itself is not."""
    ends = open_end(kept, now)
    if now < ends < now + 2 * DAY:
        assert not looked_at(kept, ends)
        assert all(looked_at(kept, now + 600 * i) for i in range(int((ends - now - 1) // 600) + 1))


def test_a_margin_makes_short_openings_none() -> None:
    """What is open for half an hour is no opening when half an hour must remain."""
    kept = Hours((), ((600, 630),), ("Etc/UTC",))
    assert first_open(kept, YEAR_STARTS, 29 * 60) == YEAR_STARTS + 600 * 60
    assert first_open(kept, YEAR_STARTS, 30 * 60) is None


def test_paris_rests_on_sunday() -> None:
    """The second opinion is one: it knows by itself that France is closed then."""
    kept = Hours(TABLE.sheets(("FR",), "sms", "balanced"), (), ("Europe/Paris",))
    sunday = datetime(2026, 12, 6, 11, tzinfo=UTC)
    assert not is_open(kept, sunday)
    assert is_open(kept, sunday - timedelta(days=1))


@pytest.mark.parametrize(
    ("codes", "channel", "bound"),
    [
        (("US-FL",), "sms", {"US-FL", "US"}),
        (("FR-57",), "sms", {"FR"}),
        (("US-PR",), "sms", {"US"}),
        (("IS",), "sms", {"ZZ"}),
        ((), "sms", {"ZZ"}),
        ((), "email", set()),
        (("FR", "ZA"), "email", {"ZA"}),
    ],
)
def test_the_rows_that_bind(codes: tuple[str, ...], channel: str, bound: set[str]) -> None:
    """Part and country, a territory's country, the unknown country; e-mail where the law says."""
    assert {sheet.code for sheet in TABLE.sheets(codes, channel, "balanced")} == bound
