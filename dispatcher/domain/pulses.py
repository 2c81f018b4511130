"""Pulses: how a gateway fares as one process sees it, and when it is to be left alone a while."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt

_RECENT = 40  # answers that are judged by
_ENOUGH = 20  # answers, before a share of them says anything
_FIRST_REST, _LONGEST_REST = 15.0, 60.0  # seconds, unless the gateway asks for more
PROBES = 5  # people that a gateway is tried with after its rest: each may end up unsure
# Upper ends in seconds of the classes that latencies are counted in; one more is for the rest.
CLASSES = tuple(round(0.001 * 2 ** (step / 2), 6) for step in range(33))
_TROUBLES = frozenset({Outcome.DEFERRED, Outcome.UNSURE})


class Bounds(NamedTuple):
    """What a gateway may do before it counts as ill; see the settings of the same names."""

    error_share: float = 0.5
    slow_seconds: float = 3.0


class Heard(NamedTuple):
    """What a gateway said since it was last asked for; `latency` counts answers by CLASSES."""

    accepted: int
    refused: int
    deferred: int
    unsure: int
    latency: list[int]

    @property
    def answers(self) -> int:
        """All of them."""
        return self.accepted + self.refused + self.deferred + self.unsure


@dataclass(slots=True)
class Pulse:
    """Follows one gateway through all rounds of a process; instants are monotonic seconds.

    `begun`: when the last bytes of each unanswered message were written. Rounds claimed before
    `tripped_at` are not begun any more, but `rest` seconds later.
    """

    bounds: Bounds = field(default_factory=Bounds)
    tripped_at: float = float("-inf")
    rest: float = 0.0
    begun: dict[DeliveryKey, float] = field(default_factory=dict)
    _recent: deque[tuple[bool, bool]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _heard_at: float = float("-inf")
    _counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    _latency: list[int] = field(default_factory=lambda: [0] * (len(CLASSES) + 1))

    def hear(self, receipt: Receipt, now: float) -> None:
        """Note a receipt, once; what was withheld says nothing of the gateway."""
        outcome = receipt.outcome
        began = self.begun.pop(receipt.key, None)
        if outcome is Outcome.WITHHELD:
            return
        self._counts[outcome] += 1
        if began is None:  # never begun, or so long ago that it says nothing of today
            return
        took = now - began
        self._heard_at = now
        self._latency[bisect_left(CLASSES, took)] += 1
        self._recent.append((outcome in _TROUBLES, took > self.bounds.slow_seconds))

    def let_go(self, keys: Sequence[DeliveryKey]) -> None:
        """Wait no more for answers to these."""
        for key in keys:
            self.begun.pop(key, None)

    def illness(self, now: float, *, elsewhere: bool) -> str:
        """Say why the gateway is to be left alone, or "".

        A slow one only where another could take over: else it is waited for.
        """
        recent = len(self._recent)
        if recent >= _ENOUGH:
            errors = sum(trouble for trouble, _ in self._recent) / recent
            if errors >= self.bounds.error_share:
                return f"{errors:.0%} of its last {recent} answers were errors"
        if not elsewhere:
            return ""
        slow = sum(slow for _, slow in self._recent)
        if recent >= _ENOUGH and slow >= recent / 2:
            return f"{slow} of its last {recent} answers took over {self.bounds.slow_seconds:g} s"
        if self.begun:
            silent = now - max(self._heard_at, next(iter(self.begun.values())))
            if silent > self.bounds.slow_seconds:
                return f"{len(self.begun)} messages wait and no answer came for {silent:.1f} s"
        return ""

    def trip(self, now: float, rest: float) -> None:
        """Begin anew: what was said before the rest says nothing of the time after it."""
        self.tripped_at, self.rest = now, rest
        self._recent.clear()
        self.begun.clear()

    def take(self) -> Heard:
        """Give what was heard since the last time."""
        counts, latency = self._counts, self._latency
        self._counts, self._latency = dict.fromkeys(Outcome, 0), [0] * len(latency)
        return Heard(
            counts[Outcome.ACCEPTED],
            counts[Outcome.REFUSED],
            counts[Outcome.DEFERRED],
            counts[Outcome.UNSURE],
            latency,
        )


def rest(trips: int, asked: float) -> float:
    """Give the seconds to leave a gateway alone: as it asked, longer each time it fails again."""
    return max(asked, min(_FIRST_REST * 2.0 ** min(trips, 8), _LONGEST_REST))


def quantile(latency: Sequence[int], share: float) -> float | None:
    """Give the seconds within which so many answers came, to the next class; None: none came."""
    wanted, seen = share * sum(latency), 0
    for count, seconds in zip(latency, (*CLASSES, 2 * CLASSES[-1]), strict=True):
        seen += count
        if count and seen >= wanted:
            return seconds
    return None
