"""Burst: of too many offers planned for one person within a day only the best one is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

HOURS = 24.0


class Planned(NamedTuple):
    """Another offer for the same person within the hours.

    `rank`: the less, the better. `dropped`: an earlier look at this very burst has dropped it.
    """

    rank: tuple[float, int, int]
    dropped: bool = False


def outdone(own: tuple[float, int, int], others: Iterable[Planned], most: int) -> bool:
    """Tell whether an offer is to be dropped: more than `most` were planned, and one is better.

    What was dropped still counts, so that it is all the same in which order offers are looked at.
    """
    planned = list(others)
    if most <= 0 or 1 + len(planned) <= most:
        return False
    return any(each.rank < own for each in planned if not each.dropped)
