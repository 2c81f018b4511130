"""Reports: sums are told, single persons are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.reports import FEWER, SMALLEST_CELL, WITHHELD, coarse


def test_small_cells_are_hidden() -> None:
    """A breakdown never tells fewer than ten, nor lets it be reckoned from the sum."""
    assert coarse({"en": 500, "fr": 40, "de": 3}) == {"en": 500, "fr": WITHHELD, "de": FEWER}
    assert coarse({"en": 500, "fr": 4, "de": 3}) == {"en": 500, "fr": FEWER, "de": FEWER}
    assert coarse({"en": 500, "fr": 40}) == {"en": 500, "fr": 40}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50)))
def test_no_small_cell_can_be_reckoned(counts: dict[str, int]) -> None:
    """Whenever a cell is hidden among others, at least one more is unknown beside it."""
    told = coarse(counts)
    shown = [people for people in told.values() if isinstance(people, int)]
    hidden = len(told) - len(shown)
    assert all(people == 0 or people >= SMALLEST_CELL for people in shown)
    assert hidden != 1 or not any(people >= SMALLEST_CELL for people in shown)
    assert list(told) == list(counts)
