"""E-mail end to end, enqueue to last settle, against Postfix's smtp-source in the same run.

    python -m bench.email_end_to_end [--people 50000] [--rounds 5] [--broker valkey]

The product runs as in production: two Celery worker processes, durable PostgreSQL, every rule with
the caps as they come, signed links, mails of about 10 KB with ten personal slots.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from bench.sink import sink
from bench.smtp_client import smtp_source
from bench.world import (
    Broker,
    Missing,
    World,
    cpu_seconds,
    is_served,
    let_days_pass,
    peak_memory,
    populate,
    start_wave,
    told,
    wait_for,
    world,
)
from dispatcher.domain.policies import DEFAULT_CAPS
from dispatcher.wiring import Dispatcher

CONFIG = """\
safe_mode = false
breaker_opt_outs_email = 1.0
breaker_errors_email = 1.0

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
"""
PROCESSES = 2
_MIN_GAP_HOURS = 4.0
_DAYS_BETWEEN = 8  # so that every cap has room again, and people have a past as they have in life


class Served(NamedTuple):
    """One wave: mails a second, and CPU microseconds a mail by who spent them."""

    per_second: float
    workers_us: float
    database_us: float
    broker_us: float

    @property
    def cpu_us(self) -> float:
        """What workers and database spent on a mail."""
        return self.workers_us + self.database_us


@dataclass(frozen=True, slots=True)
class Running:
    """The product at work: what is needed to send a wave through it and to watch it."""

    private: World
    here: Dispatcher
    worker_pid: int
    port: int

    def serve(self, people: int, name: str) -> Served:
        """Enqueue a campaign and wait for the last receipt to be settled."""
        began, before = time.perf_counter(), self._spent()
        wave = start_wave(self.here, name, caps=DEFAULT_CAPS, min_gap_hours=_MIN_GAP_HOURS)
        self.here.bell.ring("plan")
        patience = 120 + people / 200
        every = min(0.5, max(0.02, people / 500_000))  # looking costs the database something, too
        wait_for(lambda: is_served(self.here, wave), patience, every)
        ended, after = time.perf_counter(), self._spent()
        if told(self.here, wave) < people:  # somebody was put off; the rate waits for them
            wait_for(lambda: told(self.here, wave) == people, patience, every=0.5)
            ended, after = time.perf_counter(), self._spent()
        let_days_pass(self.here, _DAYS_BETWEEN)
        each = (now - then for now, then in zip(after, before, strict=True))
        return Served(people / (ended - began), *(seconds / people * 1e6 for seconds in each))

    def _spent(self) -> list[float]:
        pids = (self.worker_pid, self.private.database_pid, self.private.broker_pid)
        return [cpu_seconds(pid) for pid in pids]

    def peak_memory_mb(self) -> int:
        """Give what the largest worker process has ever held."""
        return round(peak_memory(self.worker_pid) / 1e6)


@contextmanager
def product(people: int, broker: Broker = Broker.VALKEY, warm_up: int = 0) -> Iterator[Running]:
    """Run the product over so many people, warmed up by a wave for `warm_up` of them, else all."""
    with (
        sink() as port,
        world(CONFIG.format(port=port), broker) as private,
        private.workers(PROCESSES) as worker,
    ):
        here = private.open_with_bell()
        try:
            first = warm_up or people
            populate(here, first)
            running = Running(private, here, worker.pid, port)
            running.serve(first, "warm-up")
            if people > first:
                populate(here, people, already=first)
            yield running
        finally:
            here.close()


def measure(people: int, rounds: int, broker: Broker = Broker.VALKEY) -> dict[str, object]:
    """Run both in turn and give the medians; without smtp-source there is no ratio."""
    limits: list[float] = []
    served: list[Served] = []
    reason = ""
    with product(people, broker) as running:
        for number in range(rounds):
            try:
                limits.append(smtp_source(running.port, min(people, 20_000)).per_second)
            except Missing as missing:
                reason = str(missing)
            served.append(running.serve(people, f"round {number}"))
            print(f"smtp-source {limits[-1:]}/s   {served[-1]}", flush=True)
        memory = running.peak_memory_mb()
        versions = running.private.versions(running.here)
    return (
        _ratio(served, limits, reason)
        | summary(served)
        | {
            "peak_memory_mb": memory,
            "people": people,
            "rounds": rounds,
            "servers": versions,
        }
    )


def _ratio(served: Sequence[Served], limits: Sequence[float], reason: str) -> dict[str, object]:
    if not limits:
        return {"ratio_to_smtp_source": None, "reason": reason}
    ratios = [mine.per_second / theirs for mine, theirs in zip(served, limits, strict=True)]
    return {
        "ratio_to_smtp_source": round(statistics.median(ratios), 3),
        "smtp_source_per_second": round(statistics.median(limits)),
    }


def summary(served: Sequence[Served]) -> dict[str, object]:
    """Give the medians of some waves."""
    return {
        "messages_per_second": round(statistics.median(one.per_second for one in served)),
        "cpu_us_per_message": round(statistics.median(one.cpu_us for one in served), 1),
        "worker_us": round(statistics.median(one.workers_us for one in served), 1),
        "database_us": round(statistics.median(one.database_us for one in served), 1),
        "broker_us": round(statistics.median(one.broker_us for one in served), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--broker", type=Broker, default=Broker.VALKEY, choices=list(Broker))
    options = parser.parse_args()
    for name, value in measure(options.people, options.rounds, options.broker).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
