"""What planning costs: from enqueueing a wave to its last batch, against a plain copy of the rows.

    python -m bench.planning [--people 1000000] [--rounds 1]

The copy is one INSERT ... SELECT of the same four columns into a table without keys, in the same
run: no plan could be quicker. The waves of earlier rounds stay in the tables, as in a programme
that runs for a while.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import NamedTuple

from sqlalchemy import text

from bench.world import World, cpu_seconds, populate, start_wave, world
from dispatcher.services.plan import plan
from dispatcher.wiring import Dispatcher


class Cost(NamedTuple):
    """Seconds on the wall, and processor seconds of the database and of this process."""

    seconds: float
    database: float
    client: float


class Watch:
    """Takes the time of both processes from where it was made."""

    def __init__(self, database_pid: int) -> None:
        self._pid = database_pid
        self._before = self._now()

    def cost(self) -> Cost:
        """Say what was used so far."""
        return Cost(*[now - then for now, then in zip(self._now(), self._before, strict=True)])

    def _now(self) -> Cost:
        return Cost(time.perf_counter(), cpu_seconds(self._pid), time.process_time())


def measure(people: int, rounds: int) -> dict[str, object]:
    """Plan waves of so many people, each after a copy; medians of the rounds."""
    with world("safe_mode = true\n") as private:
        here = private.open_with_bell()
        try:
            populate(here, people)
            pairs = [_round(private, here, people, number) for number in range(rounds)]
        finally:
            here.close()
    copies, plans = ([pair[place] for pair in pairs] for place in (0, 1))
    seconds = statistics.median(each.seconds for each in plans)
    database = statistics.median(each.database for each in plans)
    return {
        "people": people,
        "rounds": rounds,
        "seconds": round(seconds, 2),
        "us_per_person": round(seconds / people * 1e6, 2),
        "ratio_to_plain_copy": round(
            statistics.median(c.seconds / p.seconds for c, p in zip(copies, plans, strict=True)), 2
        ),
        "copy_seconds": round(statistics.median(each.seconds for each in copies), 2),
        "database_cpu_seconds": round(database, 2),
        "database_cpu_us_per_person": round(database / people * 1e6, 2),
        "client_cpu_seconds": round(statistics.median(each.client for each in plans), 2),
    }


def _round(private: World, here: Dispatcher, people: int, number: int) -> tuple[Cost, Cost]:
    """Copy, then plan."""
    watch = Watch(private.database_pid)
    with here.database.begin() as conn:
        conn.execute(_COPY)
    copied = watch.cost()
    with here.database.begin() as conn:
        conn.execute(_DROP)
    watch = Watch(private.database_pid)
    start_wave(here, f"planning-{number}")
    planned = plan(here.database, here.versions, here.bell, here.ways)
    cost = watch.cost()
    if planned != people:
        raise AssertionError(f"{planned} of {people} people were planned")
    return copied, cost


_COPY = text("""
    CREATE TABLE planning_copy AS
    SELECT 1::bigint AS wave_id, shard, 1 AS batch_no, id AS customer_id FROM customer LIMIT 0;
    INSERT INTO planning_copy SELECT 1, shard, 1, id FROM customer
""")
_DROP = text("DROP TABLE planning_copy")


def main() -> None:
    """Measure as the command line says, and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(measure(options.people, options.rounds), indent=2))


if __name__ == "__main__":
    main()
