"""Real Celery worker processes over a real broker and database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.house import KEY, House, house_on

ROOT = Path(__file__).resolve().parents[2]
Celery = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def environment(database_url: str, broker_url: str, tmp_path: Path) -> dict[str, str]:
    """What an operator would set."""
    return os.environ | {
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "DISPATCHER_HOME": str(tmp_path / "home"),
        "DISPATCHER_KEYS": f'["{KEY}"]',
    }


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The same installation, seen from this process."""
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def celery(environment: dict[str, str], tmp_path: Path) -> Iterator[Celery]:
    """Start `celery -A workers ...`; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        log = (tmp_path / f"celery-{len(started)}.log").open("w")
        command = [sys.executable, "-m", "celery", "-A", "workers", *words]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
