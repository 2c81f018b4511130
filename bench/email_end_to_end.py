"""E-mail end to end, enqueue to last settle, against Postfix's smtp-source in the same run.

    python -m bench.email_end_to_end [--people 50000] [--rounds 5]

The product runs as in production: Celery workers, durable PostgreSQL, every rule, signed links.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import time
from typing import NamedTuple

from bench.smtp_client import find, sink
from bench.world import (
    cpu_seconds,
    is_served,
    peak_memory,
    populate,
    start_wave,
    wait_for,
    world,
)
from dispatcher.wiring import Dispatcher

CONFIG = """\
safe_mode = false

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
"""
SIZE = 10_000  # bytes of a mail


class Served(NamedTuple):
    """One round of the product: mails a second, and CPU microseconds a mail by process."""

    per_second: float
    workers_us: float
    database_us: float


def limit(port: int, messages: int) -> float:
    """Give smtp-source's rate: C, one message over and over, ten sessions kept."""
    command = [find("smtp-source"), "-d", "-s", "10", "-m", str(messages), "-l", str(SIZE)]
    began = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, cwd="/")
    return messages / (time.perf_counter() - began)


def serve(here: Dispatcher, processes: tuple[int, int], people: int, name: str) -> Served:
    """Enqueue a campaign and wait for the last receipt to be settled."""
    worker, postgres = processes
    before = cpu_seconds(worker), cpu_seconds(postgres)
    began = time.perf_counter()
    wave = start_wave(here, name)
    here.bell.ring("plan")
    wait_for(lambda: is_served(here, wave), 600)
    took = time.perf_counter() - began
    spent = cpu_seconds(worker) - before[0], cpu_seconds(postgres) - before[1]
    return Served(people / took, spent[0] / people * 1e6, spent[1] / people * 1e6)


def measure(people: int, rounds: int) -> dict[str, object]:
    """Run both in turn and give the medians."""
    if shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") is None:
        return {"ratio_to_smtp_source": None, "reason": "smtp-sink is missing: apt install postfix"}
    with sink() as port, world(CONFIG.format(port=port)) as private, private.workers(2) as worker:
        here = private.open_with_bell()
        populate(here, people)
        postgres = private.stack.servers["postgres"].pid
        serve(here, (worker.pid, postgres), people, "warm-up")
        limits, served = [], []
        for round_no in range(rounds):
            limits.append(limit(port, 20_000))
            served.append(serve(here, (worker.pid, postgres), people, f"round-{round_no}"))
            print(f"smtp-source {limits[-1]:8,.0f}/s   {served[-1]}", flush=True)
        memory = peak_memory(worker.pid)
    return _summary(limits, served, memory)


def _summary(limits: list[float], served: list[Served], memory: int) -> dict[str, object]:
    ratios = [mine.per_second / theirs for mine, theirs in zip(served, limits, strict=True)]
    return {
        "messages_per_second": round(statistics.median(mine.per_second for mine in served)),
        "smtp_source_per_second": round(statistics.median(limits)),
        "ratio_to_smtp_source": round(statistics.median(ratios), 3),
        "cpu_us_per_message": round(
            statistics.median(mine.workers_us + mine.database_us for mine in served), 1
        ),
        "worker_us": round(statistics.median(mine.workers_us for mine in served), 1),
        "database_us": round(statistics.median(mine.database_us for mine in served), 1),
        "peak_memory_mb": round(memory / 1e6),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, value in measure(options.people, options.rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
