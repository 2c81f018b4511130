"""Routes: by which gateways a message may go, in order; the first that is well carries it.

A gateway may be for some brands only, and meant for some places. Lower priority goes first; of
equals those with a weight share the batches by it, and the others stand behind, cheapest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import log

from dispatcher.domain.messages import Channel


@dataclass(frozen=True, slots=True)
class Way:
    """One gateway as routing sees it. `countries` and `prefixes`: the places it is meant for."""

    name: str
    channel: Channel
    price: float = 0.0
    priority: int = 0
    weight: float = 0.0
    countries: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Whether it is meant for some places only."""
        return bool(self.countries or self.prefixes)


def serving(ways: Sequence[Way], channel: Channel, brand: str) -> list[Way]:
    """Give the gateways of a channel that a brand may use."""
    return [
        way for way in ways if way.channel is channel and (not way.brands or brand in way.brands)
    ]


def route(
    serve: Sequence[Way],
    meant: Callable[[Way], bool],
    draw: Callable[[str], float],
    wanted: str = "",
) -> tuple[str, ...]:
    """Give the order in which gateways are tried for people of one place.

    `meant` says which of the local ones are meant for the place; where nobody is, all are.
    `wanted` goes first: the campaign named it. `draw` gives a number in (0, 1) for each name.
    """
    fitting = [way for way in serve if not way.local or meant(way)] or serve
    ordered = sorted(fitting, key=lambda way: (way.name != wanted, *_rank(way, draw)))
    return tuple(way.name for way in ordered)


def _rank(way: Way, draw: Callable[[str], float]) -> tuple[float, ...]:
    """Shares by weight: the first of exponential times is each one's as often as it weighs.

    So is the first of the rest when one is down (Efraimidis, Spirakis 2006).
    """
    if way.weight:
        return way.priority, 0, -log(draw(way.name)) / way.weight, way.price
    return way.priority, 1, not way.local, way.price


def draws(*key: int) -> Callable[[str], float]:
    """Give the draws of a batch: the same each time for the same key and name."""
    salt = repr(key).encode()

    def draw(name: str) -> float:
        digest = blake2b(name.encode(), digest_size=6, key=blake2b(salt, digest_size=16).digest())
        return (int.from_bytes(digest.digest(), "big") + 0.5) / 2**48

    return draw
