"""What is to happen in a run of chaos, all of it drawn from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.chaos_cuts import CUTS
from bench.chaos_faults import CHOSEN
from bench.chaos_points import ANY_MOMENT, POINTS
from bench.world import Broker

FULL_KILLS = 200  # from so many on, every point must have been met
_PLANNING = "inside plan, before its commit"  # there is nothing to plan later on
_PAUSE = "pause"
# A process hands back after some four seconds of work, so it must live longer than that.
_AT_THE_END = "the commit of hand-back"
WAKING = "inside waking the deferred"  # seldom, and any process may do it
Doom = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: how large, what fails, and whether the build is a sound one."""

    people: int
    kills: int
    seed: int
    broken: str = "sound"
    faults: tuple[str, ...] = CHOSEN
    broker: Broker = Broker.VALKEY

    @property
    def full(self) -> bool:
        """Whether the run is large enough to meet everything there is."""
        return self.kills >= FULL_KILLS and bool(self.faults)

    @property
    def patience(self) -> float:
        """Give the seconds after which a run is given up: several times what it should take."""
        return 120 + 5 * self.kills + 40 * len(self.outside()) + self.people / 50

    def dooms(self) -> list[Doom]:
        """Draw where each process dies: the plan first, while there is one, then all in turn."""
        rng = random.Random(self.seed)
        cuts = _endlessly(rng, CUTS)
        order: list[str] = []
        while len(order) < self.kills:
            names = [*POINTS, *[ANY_MOMENT] * 5]
            order += rng.sample(names, len(names))
        order = [*[_PLANNING] * min(2, self.kills), *order][: self.kills]
        return [_doom(rng, point, cuts) for point in order]

    def spare(self, missing: Iterable[str], turn: int) -> list[Doom]:
        """Give what was not met another turn."""
        rng = random.Random(f"{self.seed} {turn}")
        return [
            _cut(rng, label) if label in CUTS else _doom(rng, label, None)
            for label in missing
            if label in CUTS or label in POINTS
        ]

    def outside(self) -> list[tuple[float, str]]:
        """Draw what fails from outside, each at a share of the way."""
        rng = random.Random(self.seed + 1)
        names = list(self.faults) * (2 if self.kills >= FULL_KILLS // 2 else 1)
        rng.shuffle(names)
        if _PAUSE in names:  # while there surely is a campaign to pause
            names.remove(_PAUSE)
            names.insert(rng.randrange(len(names) // 2 + 1), _PAUSE)
        step = 0.9 / max(1, len(names))
        return [(0.05 + step * (place + rng.random()), each) for place, each in enumerate(names)]


def _endlessly(rng: random.Random, labels: Iterable[str]) -> Iterator[str]:
    """Deal labels in ever new orders."""
    deck = list(labels)
    while True:
        rng.shuffle(deck)
        yield from deck


def _doom(rng: random.Random, point: str, cuts: Iterator[str] | None) -> Doom:
    if point == ANY_MOMENT:
        if cuts is not None and rng.random() < 0.8:
            return _cut(rng, next(cuts))
        return _fate(point, 1, rng.uniform(0.5, 3.0))
    if point in (_PLANNING, WAKING):
        return _fate(point, 1, rng.uniform(10, 14))
    return _fate(point, rng.randint(1, 60 if POINTS[point].often else 2), rng.uniform(4, 6))


def _cut(rng: random.Random, label: str) -> Doom:
    """Lose a connection on the way, and die some time later."""
    if _AT_THE_END in label:
        return {**_fate(ANY_MOMENT, 1, rng.uniform(10, 14)), "cut": label, "passing": 1}
    fate = _fate(ANY_MOMENT, 1, rng.uniform(2.5, 4.5))
    return {**fate, "cut": label, "passing": rng.randint(1, 2)}


def _fate(point: str, count: int, patience: float) -> Doom:
    return {"point": point, "count": count, "patience": patience, "cut": "", "passing": 0}
