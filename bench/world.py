"""A private installation for benchmarks: real servers, real workers, people by the thousand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from dispatcher import settings, wiring
from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy, Window
from dispatcher.embedded.stack import Stack
from dispatcher.rendering import load
from dispatcher.storage import brands, campaigns, migrate, wave_starts
from dispatcher.wiring import Dispatcher

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "templates"
BRAND = Brand("northwind", "Northwind Coffee", "hello@northwind.example", "Northwind", "1 Quay St")
KEY = "5e" * 32
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class World:
    """Servers with a folder, and the environment our processes run in."""

    stack: Stack
    folder: Path
    environment: dict[str, str]

    def open_with_bell(self) -> Dispatcher:
        """Wire a Dispatcher over this world, in this process."""
        os.environ.update(self.environment)
        return wiring.build_with_bell(settings.load())

    @contextmanager
    def workers(self, processes: int) -> Iterator[subprocess.Popen[bytes]]:
        """Run a Celery worker with beat."""
        words = ("celery", "-A", "workers", "worker", "-B", "-c", str(processes))
        with running(words, self.environment, self.folder / "worker.log") as process:
            yield process


@contextmanager
def world(config: str) -> Iterator[World]:
    """Start a private PostgreSQL (durable, as in production) and Valkey, with these settings."""
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as name:
        folder = Path(name)
        (folder / "dispatcher.toml").write_text(config)
        with Stack.start(folder / "home") as stack:
            migrate.upgrade(stack.database_url)
            environment = os.environ | {
                "DATABASE_URL": stack.database_url,
                "BROKER_URL": stack.broker_url,
                "DISPATCHER_HOME": str(folder / "home"),
                "DISPATCHER_CONFIG": str(folder / "dispatcher.toml"),
                "DISPATCHER_KEYS": f'["{KEY}"]',
            }
            yield World(stack, folder, environment)


@contextmanager
def running(
    words: Sequence[str], environment: dict[str, str] | None, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module as a process group of its own; it is gone afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def populate(here: Dispatcher, people: int, channel: Channel = Channel.EMAIL) -> None:
    """Put people in, all of whom have opted in to hear about coffee."""
    values = {"people": people, "channel": channel}
    with here.database.begin() as conn:
        for statement in _POPULATION.split(";"):
            conn.execute(text(statement), values)
    with here.database.begin() as conn:
        conn.execute(text("ANALYZE customer, address, consent, person_pressure"))


_POPULATION = """
    INSERT INTO customer (id, language, zone, attributes)
    SELECT i * 7919 % 2147483647, 'en', 'Europe/London', jsonb_build_object(
        'first_name', 'Person' || i, 'last_name', 'Family & Sons', 'city', 'Bristol',
        'favourite', 'filter', 'points', i::text, 'tier', 'silver', 'shop', 'Quay Street',
        'member_since', '2019')
    FROM generate_series(1, :people) i;
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT id, :channel, CASE :channel WHEN 'sms' THEN '+44740' || lpad(id::text, 10, '0')
                              ELSE 'person' || id || '@example.com' END,
           sha256(id::text::bytea), sha256(id::text::bytea), 9999 FROM customer;
    INSERT INTO person_pressure SELECT id FROM customer;
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, since)
    SELECT id, :channel, 'coffee', 'active', 0, true, '2026-06-01' FROM customer
"""


def start_wave(here: Dispatcher, name: str, channel: Channel = Channel.EMAIL) -> int:
    """Approve a campaign of the yardstick template and enqueue it; give its wave."""
    policy = Policy(
        0,
        BRAND.id,
        "coffee",
        name,  # campaigns of one benchmark do not count against each other
        window=Window(0, 24 * 60 - 1),
        caps=(),
        min_gap_hours=0.0,
        close_margin_minutes=0,
        holdout=1,
        ends_at=datetime(2100, 1, 1, tzinfo=UTC).timestamp(),
    )
    offer = Offer("Week", code="WEEK26", url="https://shop.example/week")
    spec = CampaignSpec(
        name,
        BRAND,
        offer,
        Audience("coffee"),
        (channel,),
        "ten-slots",
        policy,
        gateways={channel: channel.value},
    )
    with here.database.begin() as conn:
        brands.save(conn, BRAND)
        saved = campaigns.save_version(conn, spec, load(TEMPLATES / "ten-slots"), "", "bench")
        campaign = saved.version.campaign_id
        conn.execute(text("UPDATE campaign SET state = 'running' WHERE id = :id"), {"id": campaign})
        return wave_starts.start(conn, saved.version, name).wave_id


def is_served(here: Dispatcher, wave: int) -> bool:
    """Tell whether everybody of a wave has been decided on and settled."""
    query = """
        SELECT w.state <> 'planning'
           AND NOT EXISTS (SELECT FROM batch WHERE wave_id = w.id AND state <> 'done')
        FROM wave w WHERE id = :wave"""
    with here.database.begin() as conn:
        return bool(conn.execute(text(query), {"wave": wave}).scalar_one())


def wait_for(holds: Callable[[], bool], seconds: float, every: float = 0.02) -> None:
    """Wait until something holds; TimeoutError when it does not in time."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError(f"not done in {seconds:.0f} s")
        time.sleep(every)


def cpu_seconds(*ancestors: int) -> float:
    """Give the processor seconds of these processes and all their present descendants."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = sum(map(int, fields[11:15])) / _TICK  # with waited-for children
    return sum(cpu for pid, cpu in used.items() if _descends(pid, ancestors, parents))


def _descends(pid: int, ancestors: Sequence[int], parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid in ancestors:
            return True
        pid = parents.get(pid, 0)
    return False


def peak_memory(ancestor: int) -> int:
    """Give the largest peak of resident memory of a process or its descendants, in bytes."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    mine = [pid for pid in parents if _descends(pid, (ancestor,), parents)]
    return max((_high_water(pid) for pid in mine), default=0)


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) * 1024 if found else 0
