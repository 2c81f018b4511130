"""Reports: sums are told, single persons are not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.reports import FEWER, SMALLEST_CELL, WITHHELD, coarse


def test_small_cells_are_hidden() -> None:
    """A breakdown never tells fewer than ten, nor lets it be reckoned from the sum."""
    assert coarse({"en": 500, "fr": 40, "de": 3}) == {"en": 500, "fr": WITHHELD, "de": FEWER}
    assert coarse({"en": 500, "fr": 8, "de": 3}) == {"en": 500, "fr": FEWER, "de": FEWER}
    assert coarse({"en": 500, "fr": 40}) == {"en": 500, "fr": 40}


def test_few_together_are_no_cell_either() -> None:
    """Seven people in two languages, or nine in each, would be told by the sum."""
    assert coarse({"en": 500, "fr": 4, "de": 3}) == {"en": WITHHELD, "fr": FEWER, "de": FEWER}
    assert coarse({"en": 500, "fr": 9, "de": 9}) == {"en": WITHHELD, "fr": FEWER, "de": FEWER}
    assert coarse({"en": 500, "fr": 10, "de": 1}) == dict.fromkeys(("en", "fr"), WITHHELD) | {
        "de": FEWER
    }


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=5))
def test_no_small_cell_can_be_reckoned(counts: dict[str, int]) -> None:
    """Who knows the sum and what is told finds two values at least for each hidden cell."""
    told = coarse(counts)
    shown = [people for people in told.values() if isinstance(people, int)]
    hidden = [name for name, people in told.items() if isinstance(people, str)]
    assert all(people == 0 or people >= SMALLEST_CELL for people in shown)
    assert list(told) == list(counts)
    left = sum(counts[name] for name in hidden)
    if any(shown) and hidden:
        assert left >= SMALLEST_CELL
        for name in hidden:
            assert len(_values(name, hidden, told, left)) > 1


def _values(name: str, hidden: list[str], told: dict[str, int | str], left: int) -> set[int]:
    """Try every value of a hidden cell: whether the others can make up the rest."""
    bounds = {each: (1, 9) if told[each] == FEWER else (10, left) for each in hidden}
    least = sum(bounds[each][0] for each in hidden if each != name)
    most = sum(bounds[each][1] for each in hidden if each != name)
    low, high = bounds[name]
    return {people for people in range(low, high + 1) if least <= left - people <= most}
