"""A campaign over RabbitMQ with quorum queues, whose broker is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually
from tests.support.rabbitmq import program, rabbitmq
from tests.support.requirements import require

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 250


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run Celery with beat."""
    words = ("celery", "-A", "workers", "worker", "-B", "-c", "1", "-l", "warning")
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
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_killed_rabbitmq_costs_nobody_a_message(database_url: str, tmp_path: Path) -> None:
    """The broker goes down in mid-campaign and comes back: everybody is told once."""
    require(program(), "rabbitmq-server", "try quorum queues", "apt-get install rabbitmq-server")
    with rabbitmq(tmp_path / "rabbitmq") as broker, house_on(database_url, tmp_path / "h") as house:
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "BROKER_URL": broker.url,
            "DISPATCHER_HOME": str(tmp_path / "h"),
            "DISPATCHER_KEYS": f'["{KEY}"]',
        }
        log = tmp_path / "worker.log"
        people = house.people(PEOPLE)
        house.campaign(per_minute=1500)
        with worker(environment, log) as celery:
            assert eventually(lambda: len(house.inbox()) > 20, 60), log.read_text()
            broker.kill()
            assert len(house.inbox()) < PEOPLE
            broker.start()
            assert eventually(lambda: _finished(house), 90), log.read_text()
            assert celery.poll() is None
        assert house.inbox() == people


def _finished(house: House) -> bool:
    return house.query("SELECT state FROM wave") == ["finished"]
