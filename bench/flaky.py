"""A campaign over a gateway that falls ill in every way, with a well one behind it.

    python -m bench.flaky [--people 20000]

Told are: people who got it twice, people who got nothing though nobody is unsure of them, by how
much a gateway's limit was exceeded, and how long after the first ill answer the other took over.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from bench import flaky_sink
from bench.flaky_sink import EVERY, Arrival, Fault
from bench.world import ROOT, populate, start_wave, wait_for, world
from dispatcher.domain.messages import Channel
from dispatcher.storage import clock
from dispatcher.wiring import Dispatcher

CONFIG = """\
safe_mode = false
work_seconds = 2.0

[gateways.sms]
kind = "http_sms"
url = "http://127.0.0.1:{ill}/messages"
priority = 1
per_second = {per_second}
slow_seconds = {slow_seconds}

[gateways.spare]
kind = "http_sms"
url = "http://127.0.0.1:{well}/messages"
priority = 2
per_second = {per_second}
"""
_PER_SECOND = 120
_ILL_SECONDS = 5.0  # after its rest it is well again
_WINDOW = 60.0  # seconds in which a limit is looked at
_PATIENCE = 900.0


class Sink(NamedTuple):
    """The two providers: their ports, and the file of what arrived."""

    ill: int
    well: int
    arrivals: Path


@contextmanager
def sink(folder: Path, good: int, seconds: float, faults: Sequence[Fault]) -> Iterator[Sink]:
    """Run both providers."""
    arrivals = folder / "arrivals"
    words = (str(arrivals), str(good), str(seconds), *faults)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.flaky_sink", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ill, well = process.stdout.readline().split()
        yield Sink(int(ill), int(well), arrivals)
    finally:
        process.kill()
        process.wait()


def open_hours(here: Dispatcher) -> None:
    """Set the programme's clock to a Tuesday morning: at night nobody may be written to."""
    with here.database.begin() as conn:
        clock.set_ahead(conn, datetime(2026, 12, 1, 10, tzinfo=UTC) - datetime.now(UTC))


def is_over(here: Dispatcher) -> bool:
    """Tell whether every wave is finished."""
    with here.database.begin() as conn:
        return not conn.execute(_OPEN).scalar_one()


_OPEN = text("SELECT count(*) FROM wave WHERE state <> 'finished'")
# People by the number in their address, with the state of their message.
_STATES = text("""
    SELECT substr(a.address, 7)::bigint, coalesce(d.state, 'none')
    FROM address a LEFT JOIN delivery d ON d.customer_id = a.customer_id
""")
_HISTORY = text("SELECT what, count(*) FROM gateway_history GROUP BY what")


def account(here: Dispatcher, arrivals: Sequence[Arrival]) -> dict[str, object]:
    """Hold what arrived against what the programme believes."""
    taken = Counter(each.person for each in arrivals if each.taken)
    with here.database.begin() as conn:
        states: dict[int, str] = {row[0]: row[1] for row in conn.execute(_STATES)}
        history: dict[str, int] = {row[0]: row[1] for row in conn.execute(_HISTORY)}
    unsure = {person for person, state in states.items() if state == "unsure"}
    told = {person for person, state in states.items() if state == "accepted"}
    return {
        "people": len(states),
        "doubles": sum(times - 1 for times in taken.values()),
        "lost": len(states.keys() - taken.keys() - unsure) + len(told - taken.keys()),
        "unsure": len(unsure),
        "unsure_that_arrived": len(unsure & taken.keys()),
        "faults_met": len({each.fault for each in arrivals} - {Fault.WELL}),
        "overshoot_percent": round(max(overshoot(arrivals, name) for name in ("sms", "spare")), 2),
        "takeover_seconds": round(max(takeovers(arrivals), default=0.0), 2),
        "takeovers": len(takeovers(arrivals)),
        "trips": history.get("tripped", 0),
        "recoveries": history.get("recovered", 0),
    }


def overshoot(
    arrivals: Sequence[Arrival],
    gateway: str,
    per_second: float = _PER_SECOND,
    window: float = _WINDOW,
) -> float:
    """Give by how many percent a gateway's limit was exceeded in its worst window; 0: never."""
    times = [each.at for each in arrivals if each.gateway == gateway]
    most = max((bisect_left(times, at + window) - i for i, at in enumerate(times)), default=0)
    return max(0.0, 100 * (most / (window * per_second) - 1))


def takeovers(arrivals: Sequence[Arrival]) -> list[float]:
    """Give the seconds from the first ill answer of each spell to the next message of the other.

    A spell begins after the ill one had been well again; while nobody waited, nobody took over.
    """
    spells = [
        later
        for earlier, later in pairwise(each for each in arrivals if each.gateway == "sms")
        if later.fault is not Fault.WELL and _is_well(earlier, later)
    ]
    theirs = [each.at for each in arrivals if each.gateway == "spare"]
    nexts = [(spell.at, bisect_left(theirs, spell.at)) for spell in spells]
    return [theirs[place] - at for at, place in nexts if place < len(theirs)]


def _is_well(earlier: Arrival, later: Arrival) -> bool:
    return earlier.fault is Fault.WELL and later.at - earlier.at < 1.0


def measure(people: int) -> dict[str, object]:
    """Run a campaign to everybody, and tell how it went."""
    good = max(people // 80, 30)
    with world("") as private, sink(private.folder, good, _ILL_SECONDS, EVERY) as far:
        config = CONFIG.format(ill=far.ill, well=far.well, per_second=_PER_SECOND, slow_seconds=3.0)
        (private.folder / "dispatcher.toml").write_text(config)
        here = private.open_with_bell()
        populate(here, people, Channel.SMS)
        open_hours(here)
        with private.workers(2):
            start_wave(here, "Flaky", Channel.SMS)
            wait_for(lambda: is_over(here), _PATIENCE, every=0.2)
        found = account(here, flaky_sink.read(far.arrivals))
        here.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    for name, value in measure(parser.parse_args().people).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
