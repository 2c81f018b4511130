"""Effects: what an offer changed, by comparing those who got it with those who were kept back."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

from dispatcher.domain.reports import FEWER, SMALLEST_CELL, Compared

_Z = 1.959964  # 95 of 100 such intervals hold the true share


class Interval(NamedTuple):
    """From where to where a share, or a difference of shares, may well lie."""

    low: float
    high: float


def share(people: int, of: int) -> Interval:
    """Give the interval of a share (Wilson 1927); of a hidden count, whatever it may be."""
    found = [_wilson(count, of) for count in _possible(people, of)]
    return Interval(min(each.low for each in found), max(each.high for each in found))


def difference(of: Compared) -> Interval:
    """Give the interval of the share of the sent minus that of the kept back (Newcombe 1998)."""
    found = [
        _newcombe(sent, of.of_sent, kept, of.of_kept)
        for sent in _possible(of.sent, of.of_sent)
        for kept in _possible(of.kept, of.of_kept)
    ]
    return Interval(min(each.low for each in found), max(each.high for each in found))


def comparable(of: Compared) -> bool:
    """Tell whether both groups are large enough to be spoken of at all."""
    return min(of.of_sent, of.of_kept) >= SMALLEST_CELL


def count(people: int) -> int | str:
    """Give a count, hidden where it is so small that it speaks of single persons."""
    return FEWER if 0 < people < SMALLEST_CELL else people


def _possible(people: int, of: int) -> Iterable[int]:
    """Give what a count may be, as far as it is told: an interval must not tell it either."""
    return range(1, min(SMALLEST_CELL, of + 1)) if 0 < people < SMALLEST_CELL else (people,)


def _wilson(people: int, of: int) -> Interval:
    part, square = people / of, _Z * _Z / of
    middle = (part + square / 2) / (1 + square)
    reach = _Z * sqrt(part * (1 - part) / of + square / (4 * of)) / (1 + square)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def _newcombe(sent: int, of_sent: int, kept: int, of_kept: int) -> Interval:
    ours, theirs = _wilson(sent, of_sent), _wilson(kept, of_kept)
    one, other = sent / of_sent, kept / of_kept
    below = sqrt((one - ours.low) ** 2 + (theirs.high - other) ** 2)
    above = sqrt((ours.high - one) ** 2 + (other - theirs.low) ** 2)
    return Interval(one - other - below, one - other + above)
