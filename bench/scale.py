"""What a mail costs as the number of people grows: waves for all of 10,000 to 1,000,000.

    python -m bench.scale [--largest 1000000] [--rounds 5]

Each size has an installation of its own, warmed up; everybody in it is told in each wave. The
larger ones have one wave only, which takes long enough to be measured well.
"""

from __future__ import annotations

import argparse
import statistics
from typing import NamedTuple

from bench.email_end_to_end import Served, product

_ONE_WAVE_ABOVE = 50_000
_WARM_UP = 5_000  # people told first in a large installation


class Size(NamedTuple):
    """What was found at one size."""

    people: int
    served: list[Served]
    memory_mb: int

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a mail: the median of the waves."""
        return statistics.median(one.cpu_us for one in self.served)

    def as_json(self) -> dict[str, object]:
        """Give it for the results."""
        return {
            "people": self.people,
            "waves": len(self.served),
            "cpu_us_per_message": round(self.cpu_us, 1),
            "messages_per_second": round(statistics.median(one.per_second for one in self.served)),
            "peak_memory_mb": self.memory_mb,
        }


def one_size(people: int, rounds: int) -> Size:
    """Measure one size."""
    waves = rounds if people <= _ONE_WAVE_ABOVE else 1
    with product(people, warm_up=min(people, _WARM_UP)) as running:
        served = []
        for number in range(waves):
            served.append(running.serve(people, f"round {number}"))
            print(f"{people:9,} people   {served[-1]}", flush=True)
        return Size(people, served, running.peak_memory_mb())


def measure(largest: int, rounds: int) -> dict[str, object]:
    """Measure a hundredth, a tenth and the whole; `growth` is the last's cost over the first's."""
    sizes = [one_size(largest // part, rounds) for part in (100, 10, 1)]
    return {
        "growth": round(sizes[-1].cpu_us / sizes[0].cpu_us, 3),
        "peak_memory_mb": max(size.memory_mb for size in sizes),
        "sizes": [size.as_json() for size in sizes],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, value in measure(options.largest, options.rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
