"""Promises of the burst detector: of too much at once the best is sent, whatever is asked first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.burst import Planned, outdone

ranks = st.tuples(st.sampled_from([-9.0, -5.0, 0.0]), st.integers(-9, -1), st.integers(1, 10**6))


def test_three_planned_offers_are_no_burst() -> None:
    """Up to the limit everybody may speak, as caps allow."""
    better = Planned((-9.0, -5, 1))
    assert not outdone((0.0, -5, 4), [better, better], 3)
    assert outdone((0.0, -5, 4), [better, better, better], 3)


def test_without_a_limit_nothing_is_dropped() -> None:
    """Who goes beyond the programme's limits, with a reason, is bound by none here."""
    assert not outdone((0.0, -5, 4), [Planned((-9.0, -5, 1))] * 9, 0)


@given(st.lists(ranks, min_size=1, max_size=8, unique=True), st.randoms(), st.integers(1, 4))
def test_whatever_the_order_the_best_of_a_burst_stays(
    offers: list[tuple[float, int, int]], dice: object, most: int
) -> None:
    """Exactly one speaks if there are too many, and all of them if there are not."""
    dice.shuffle(order := list(offers))  # type: ignore[attr-defined]
    dropped: set[tuple[float, int, int]] = set()
    for own in order:
        others = [Planned(each, each in dropped) for each in offers if each != own]
        if outdone(own, others, most):
            dropped.add(own)
    kept = set(offers) - dropped
    assert kept == ({min(offers)} if len(offers) > most else set(offers))
