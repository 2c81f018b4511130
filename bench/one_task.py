"""Batches against the obvious design of one Celery task a message, both in the same run.

    python -m bench.one_task [--people 20000] [--messages 500] [--rounds 5]

Both have two Celery worker processes, the same database server, broker and sink, the same mail of
about 10 KB, and as many people in their tables. The obvious design sends to some of them only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from bench.email_end_to_end import PROCESSES, Running, product
from bench.one_task_app import DATABASE, PORT, Base, Delivery, app, send_offer
from bench.world import cpu_seconds, running, wait_for
from dispatcher.storage.database import driver_url


class Sent(NamedTuple):
    """One campaign of the obvious design: mails a second, CPU microseconds a mail."""

    per_second: float
    cpu_us: float


class Obvious(NamedTuple):
    """The obvious design at work."""

    engine: Engine
    worker_pid: int
    database_pid: int

    def serve(self, messages: int, name: str, number: int) -> Sent:
        """Enqueue one task a message and wait for the last commit."""
        pids = (self.worker_pid, self.database_pid)
        before = cpu_seconds(*pids)
        began = time.perf_counter()
        with app.producer_or_acquire() as producer:
            for customer_id in range(1, messages + 1):
                send_offer.apply_async((name, number, customer_id), producer=producer)
        wait_for(lambda: self._sent(name) == messages, 60 + messages / 10, every=0.05)
        took = time.perf_counter() - began
        return Sent(messages / took, (cpu_seconds(*pids) - before) / messages * 1e6)

    def age(self) -> None:
        """Let two days pass, so that nobody is capped."""
        with self.engine.begin() as conn:
            conn.execute(text("UPDATE delivery SET at = at - interval '2 days'"))

    def _sent(self, name: str) -> int:
        query = select(func.count()).where(Delivery.campaign == name, Delivery.state == "accepted")
        with Session(self.engine) as session:
            return session.scalar(query) or 0


@contextmanager
def obvious(beside: Running, people: int) -> Iterator[Obvious]:
    """Run the obvious design on the same servers, in a database of its own."""
    stack = beside.private.stack
    with psycopg.connect(driver_url(stack.database_url), autocommit=True) as conn:
        conn.execute("CREATE DATABASE one_task")
    url = make_url(stack.database_url).set(database="one_task")
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as conn:
        for statement in _POPULATION.split(";"):
            conn.execute(text(statement), {"people": people})
    broker = stack.broker_url.rsplit("/", 1)[0] + "/1"
    environment = os.environ | {
        DATABASE: url.render_as_string(hide_password=False),
        "BROKER_URL": broker,
        PORT: str(beside.port),
    }
    app.conf.update(broker_url=broker)
    words = ("celery", "-A", "bench.one_task_app", "worker", "-c", str(PROCESSES))
    with running(words, environment, beside.private.folder / "one_task.log") as worker:
        try:
            yield Obvious(engine, worker.pid, beside.private.database_pid)
        finally:
            engine.dispose()
            app.close()


_POPULATION = """
    INSERT INTO customer SELECT i, 'person' || i || '@example.com', 'Person' || i, 'Family & Sons',
        'Bristol', 'filter', i::text, 'silver', 'Quay Street', '2019'
    FROM generate_series(1, :people) i;
    INSERT INTO consent SELECT id, 'coffee', true FROM customer;
    ANALYZE customer, consent
"""


def measure(people: int, messages: int, rounds: int) -> dict[str, object]:
    """Run both in turn and give the medians."""
    ours, theirs = [], []
    with product(people) as ready, obvious(ready, people) as other:
        other.serve(min(messages, 100), "warm-up", 0)
        for number in range(1, rounds + 1):
            other.age()
            theirs.append(other.serve(messages, f"round {number}", number))
            ours.append(ready.serve(people, f"round {number}"))
            print(f"one task a message {theirs[-1]}   batches {ours[-1]}", flush=True)
    ratios = [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True)]
    return {
        "ratio_to_one_task_a_message": round(statistics.median(ratios), 1),
        "messages_per_second": round(statistics.median(one.per_second for one in ours)),
        "one_task_per_second": round(statistics.median(one.per_second for one in theirs)),
        "cpu_us_per_message": round(statistics.median(one.cpu_us for one in ours), 1),
        "one_task_cpu_us": round(statistics.median(one.cpu_us for one in theirs), 1),
        "people": people,
        "messages": messages,
        "rounds": rounds,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, value in measure(options.people, options.messages, options.rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
