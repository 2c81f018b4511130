"""Promises of what a report says an offer changed: honest about chance, silent about few people."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dispatcher.domain.effects import comparable, count, difference, share
from dispatcher.domain.reports import FEWER, Compared

sizes = st.integers(10, 100_000)


def compared(sent: int, of_sent: int, kept: int, of_kept: int) -> Compared:
    return Compared("left", sent, of_sent, kept, of_kept)


def test_an_interval_is_that_of_the_books() -> None:
    """Newcombe 1998, table II, method 10: 56 of 70 and 48 of 80; and Wilson's for 81 of 263."""
    assert [round(each, 4) for each in share(81, 263)] == [0.2553, 0.3662]
    assert [round(each, 4) for each in difference(compared(56, 70, 48, 80))] == [0.0524, 0.3339]


@given(sizes, sizes, st.data())
def test_the_share_seen_lies_within(of_sent: int, of_kept: int, data: st.DataObject) -> None:
    """And what could be the difference lies within what could be any difference."""
    sent, kept = data.draw(st.integers(0, of_sent)), data.draw(st.integers(0, of_kept))
    low, high = share(sent, of_sent)
    assert 0 <= low <= sent / of_sent + 1e-12
    assert sent / of_sent - 1e-12 <= high <= 1
    low, high = difference(compared(sent, of_sent, kept, of_kept))
    assert -1 - 1e-9 <= low <= sent / of_sent - kept / of_kept + 1e-12
    assert sent / of_sent - kept / of_kept - 1e-12 <= high <= 1 + 1e-9


@given(sizes, sizes, st.integers(1, 9), st.integers(1, 9), st.integers(0, 100))
def test_what_is_hidden_cannot_be_reckoned(
    of_sent: int, of_kept: int, one: int, other: int, sent: int
) -> None:
    """Of one to nine people every word is the same, whichever it is."""
    assume(sent <= of_sent)
    assert count(one) == count(other) == FEWER
    assert share(one, of_kept) == share(other, of_kept)
    assert difference(compared(sent, of_sent, one, of_kept)) == difference(
        compared(sent, of_sent, other, of_kept)
    )


def test_two_like_groups_never_show_a_difference() -> None:
    """A twentieth kept back of 2,000: what happens as often in both may be chance."""
    for kept in (0, 5, 20, 50):
        low, high = difference(compared(19 * kept, 1900, kept, 100))
        assert low <= 0 <= high


@pytest.mark.parametrize(("sent", "kept"), [(9, 500), (500, 9), (0, 0)])
def test_groups_of_few_people_are_not_compared(sent: int, kept: int) -> None:
    """Fewer than ten people could be told from each other."""
    assert not comparable(compared(0, sent, 0, kept))
