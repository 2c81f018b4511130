"""A private installation for benchmarks: real servers, real workers, people by the thousand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import psycopg
import redis
from sqlalchemy import text

from bench.rabbitmq import RabbitMQ, program, rabbitmq
from dispatcher import settings, wiring
from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, Policy, Window
from dispatcher.embedded.stack import Stack
from dispatcher.rendering import load
from dispatcher.storage import brands, campaigns, migrate, wave_starts
from dispatcher.storage.database import driver_url
from dispatcher.wiring import Dispatcher

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).resolve().parent / "templates"
BRAND = Brand("northwind", "Northwind Coffee", "hello@northwind.example", "Northwind", "1 Quay St")
KEY = "5e" * 32
_TICK = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """Something is not installed here, so a part cannot be measured; says what, and the remedy."""


class Broker(StrEnum):
    """What may ring the bell."""

    VALKEY = "valkey"
    RABBITMQ = "rabbitmq"


@dataclass(slots=True)
class World:
    """Servers with a folder, and the environment our processes run in."""

    stack: Stack
    folder: Path
    environment: dict[str, str]
    rabbit: RabbitMQ | None = None

    @property
    def database_pid(self) -> int:
        """Name the process above all of PostgreSQL's."""
        return self.stack.servers["postgres"].pid

    @property
    def broker_pid(self) -> int:
        """Name the broker's process."""
        return self.rabbit.pid if self.rabbit else self.stack.servers["valkey"].pid

    def versions(self, here: Dispatcher) -> dict[str, str]:
        """Say which servers these are."""
        with here.database.begin() as conn:
            database = str(conn.execute(text("SHOW server_version")).scalar_one())
        if self.rabbit:
            return {"postgresql": database, "rabbitmq": self.rabbit.version()}
        with redis.Redis.from_url(self.stack.broker_url) as client:
            told = client.info("server")
            name = "valkey_version" if "valkey_version" in told else "redis_version"
            return {"postgresql": database, "valkey": str(told[name])}

    def open_with_bell(self) -> Dispatcher:
        """Wire a Dispatcher over this world, in this process."""
        os.environ.update(self.environment)
        sys.modules.pop("celeryconfig", None)  # it may know the broker of another world
        return wiring.build_with_bell(settings.load())

    @contextmanager
    def workers(self, processes: int) -> Iterator[subprocess.Popen[bytes]]:
        """Run a Celery worker with beat."""
        words = ("celery", "-A", "workers", "worker", "-B", "-c", str(processes))
        with running(words, self.environment, self.folder / "worker.log") as process:
            yield process


@contextmanager
def world(config: str, broker: Broker = Broker.VALKEY) -> Iterator[World]:
    """Start a private PostgreSQL (durable, as in production) and a broker, with these settings."""
    with ExitStack() as opened:
        name = opened.enter_context(tempfile.TemporaryDirectory(prefix="dispatcher-bench-"))
        folder = Path(name)
        (folder / "dispatcher.toml").write_text(config)
        rabbit = opened.enter_context(_node(folder)) if broker is Broker.RABBITMQ else None
        url = rabbit.url if rabbit else ""
        stack = opened.enter_context(Stack.start(folder / "home", broker_url=url))
        migrate.upgrade(stack.database_url)
        environment = os.environ | {
            "DATABASE_URL": stack.database_url,
            "BROKER_URL": stack.broker_url,
            "DISPATCHER_HOME": str(folder / "home"),
            "DISPATCHER_CONFIG": str(folder / "dispatcher.toml"),
            "DISPATCHER_KEYS": f'["{KEY}"]',
        }
        yield World(stack, folder, environment, rabbit)


def _node(folder: Path) -> AbstractContextManager[RabbitMQ]:
    if program() is None:
        raise Missing("rabbitmq-server is missing: apt install rabbitmq-server")
    return rabbitmq(folder / "rabbitmq")


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


def populate(
    here: Dispatcher, people: int, channel: Channel = Channel.EMAIL, already: int = 0
) -> None:
    """Put people in up to a number, all of whom have opted in to hear about coffee."""
    values = {"first": already + 1, "last": people, "channel": channel}
    with here.database.begin() as conn:
        for statement in _POPULATION.split(";"):
            conn.execute(text(statement), values)
    with psycopg.connect(driver_url(here.database.url), autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE customer, address, consent, person_pressure")
        conn.execute("CHECKPOINT")  # else a wave would pay for the writing of its people


# Ids as an import gives them: neighbours share their highest bits, the others are anybody's.
_PEOPLE = """
    (SELECT i, (i / 20000 + 1) << 53 | hashint8extended(i, 0) & (1::bigint << 53) - 1 AS id
     FROM generate_series(CAST(:first AS bigint), :last) i ORDER BY id) AS person
"""
_POPULATION = f"""
    INSERT INTO customer (id, language, zone, attributes)
    SELECT id, 'en', 'Europe/London', jsonb_build_object(
        'first_name', 'Person' || i, 'last_name', 'Family & Sons', 'city', 'Bristol',
        'favourite', 'filter', 'points', i::text, 'tier', 'silver', 'shop', 'Quay Street',
        'member_since', '2019')
    FROM {_PEOPLE};
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT id, :channel, CASE :channel WHEN 'sms' THEN '+44740' || lpad(i::text, 10, '0')
                              ELSE 'person' || i || '@example.com' END,
           sha256(i::text::bytea), sha256(i::text::bytea), 9999
    FROM {_PEOPLE};
    INSERT INTO person_pressure SELECT id FROM {_PEOPLE};
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, since)
    SELECT id, :channel, 'coffee', 'active', 0, true, '2026-06-01' FROM {_PEOPLE}
"""


def start_wave(
    here: Dispatcher,
    name: str,
    channel: Channel = Channel.EMAIL,
    caps: tuple[Cap, ...] = (),
    min_gap_hours: float = 0.0,
) -> int:
    """Approve a campaign of the yardstick template and enqueue it; give its wave.

    With no cap and no gap, which is how it comes, any number of waves may follow each other.
    """
    policy = Policy(
        0,
        BRAND.id,
        "coffee",
        name,  # a subject of its own
        window=Window(0, 24 * 60 - 1),
        caps=caps,
        min_gap_hours=min_gap_hours,
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


def let_days_pass(here: Dispatcher, days: int) -> None:
    """Move the programme's clock on, so that caps and the cool-down have room again."""
    query = text("UPDATE clock SET ahead = ahead + make_interval(days => :days)")
    with here.database.begin() as conn:
        conn.execute(query, {"days": days})


def is_served(here: Dispatcher, wave: int) -> bool:
    """Tell whether everybody of a wave has been decided on and settled."""
    query = """
        SELECT w.state <> 'planning'
           AND NOT EXISTS (SELECT FROM batch WHERE wave_id = w.id AND state <> 'done')
        FROM wave w WHERE id = :wave"""
    with here.database.begin() as conn:
        return bool(conn.execute(text(query), {"wave": wave}).scalar_one())


def told(here: Dispatcher, wave: int) -> int:
    """Count the people of a wave whose message was accepted."""
    query = text("SELECT count(*) FROM delivery WHERE wave_id = :wave AND state = 'accepted'")
    with here.database.begin() as conn:
        return int(conn.execute(query, {"wave": wave}).scalar_one())


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
