"""Import of a file of customers, against a raw COPY of the very same file in the same run.

    python -m bench.imports [--rows 1000000] [--rounds 3] [--channel email]

Every round has an empty database of its own, on a private PostgreSQL, durable as in production.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlalchemy.engine import make_url

from bench.world import cpu_seconds, peak_memory
from dispatcher.domain.messages import Channel
from dispatcher.embedded.stack import Stack
from dispatcher.services.import_customers import Order, Stage, import_customers
from dispatcher.services.subscribe import Desk
from dispatcher.storage import migrate
from dispatcher.storage.database import Database, driver_url
from dispatcher.tokens import Digests

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PEPPER = b"a pepper of the benchmark"
HEADER = (
    *("email", "phone", "first_name", "city", "language", "topics"),
    *("consent_at", "consent_kind", "consent_source", "consent_wording"),
)
CITIES = ("Bristol", "Leeds", "York", "Bath")
WORDING = "Yes, send me offers for coffee and theatre."
CHUNK = 1 << 20  # bytes


class Round(NamedTuple):
    """Seconds of one round: ours by stage, and the raw COPY of the same bytes.

    `cpu` is everybody's: ours, that of the processes that read the file, and the database's.
    """

    took: float
    stages: dict[str, float]
    cpu: float
    database_cpu: float
    copy: float


def write_file(path: Path, rows: int, channel: Channel) -> None:
    """Write customers with full evidence, each with an address of their own on the channel."""
    dice = random.Random(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(rows):
            mail = f"person{n}@example{n % 50}.com" if channel is Channel.EMAIL else ""
            phone = f"+447{400_000_000 + n:09}" if channel is Channel.SMS else ""
            at = f"2026-0{dice.randint(1, 5)}-{dice.randint(10, 28)}T{dice.randint(10, 20)}:15:00"
            told = (f"Person {n}", dice.choice(CITIES), "en", "coffee|theatre"[: 6 + n % 2 * 8])
            writer.writerow((mail, phone, *told, at, "gdpr_consent", "web form", WORDING))


@contextmanager
def new_database(stack: Stack, name: str) -> Iterator[str]:
    """Give the address of an empty database with today's tables."""
    url = make_url(stack.database_url)
    with psycopg.connect(driver_url(stack.database_url), autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
        address = url.set(database=name).render_as_string(hide_password=False)
        migrate.upgrade(address)
        conn.execute(b"CHECKPOINT")
        yield address
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def raw_copy(url: str, path: Path) -> float:
    """Give the seconds PostgreSQL takes to COPY the same bytes into a table of texts."""
    columns = ", ".join(f"{name} text" for name in HEADER)
    with psycopg.connect(driver_url(url)) as conn, path.open("rb") as file:
        conn.execute(f"CREATE TABLE raw ({columns})".encode())
        began = time.perf_counter()
        with conn.cursor().copy("COPY raw FROM STDIN (FORMAT csv, HEADER)") as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
        conn.commit()
        return time.perf_counter() - began


def one_round(stack: Stack, path: Path, rows: int, name: str) -> Round:
    """Import the file into an empty database; every row must have come in."""
    with new_database(stack, name) as url:
        desk = Desk(Database(url), Digests([PEPPER]), secrets.token_bytes)
        marks: dict[str, float] = {}

        def hear(stage: Stage, _done: int, _of: int) -> None:
            marks[stage] = time.perf_counter()

        whose = (os.getpid(), stack.servers["postgres"].pid)
        before = [cpu_seconds(pid) for pid in whose]
        began = time.perf_counter()
        done = import_customers(desk, Order(path, path.with_suffix(".rejects")), NOW, hear)
        ended = time.perf_counter()
        ours, servers = (cpu_seconds(pid) - was for pid, was in zip(whose, before, strict=True))
        desk.database.dispose()
        assert (done.rows, done.people, done.rejects) == (rows, rows, 0), done
        return Round(ended - began, _stages(began, marks), ours, servers, raw_copy(url, path))


def _stages(began: float, marks: dict[str, float]) -> dict[str, float]:
    """Give seconds by stage; what resolves the rows counts with the merge that waits for it."""
    spans, last = {}, began
    for stage in Stage:
        spans[str(stage)] = round(marks[stage] - last, 2)
        last = marks[stage]
    return spans


def measure(rows: int, rounds: int, channel: Channel) -> dict[str, object]:
    """Run the rounds, each with its own raw COPY, and give the medians."""
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as name:
        path = Path(name) / "people.csv"
        write_file(path, rows, channel)
        with Stack.start(Path(name) / "home", broker=False) as stack:
            done = []
            for number in range(rounds):
                done.append(one_round(stack, path, rows, f"round_{number}"))
                print(f"{rows / done[-1].took:9,.0f} rows/s   {done[-1]}", flush=True)
    return {
        "rows_per_second": round(statistics.median(rows / one.took for one in done)),
        "raw_copy_rows_per_second": round(statistics.median(rows / one.copy for one in done)),
        "ratio_to_raw_copy": round(statistics.median(one.copy / one.took for one in done), 3),
        "cpu_us_per_row": round(statistics.median(one.cpu for one in done) / rows * 1e6, 1),
        "database_cpu_us_per_row": round(
            statistics.median(one.database_cpu for one in done) / rows * 1e6, 1
        ),
        "peak_memory_mb": round(peak_memory(os.getpid()) / 1e6),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--channel", type=Channel, default=Channel.EMAIL, choices=list(Channel))
    options = parser.parse_args()
    for name, value in measure(options.rows, options.rounds, options.channel).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
