"""`dispatcher worker`, `beat` and `web` become the processes everybody knows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from dispatcher.domain.reports import FEWER
from dispatcher.embedded.processes import free_port
from tests.cli.shell import Shell, add_anna, campaign_text
from tests.support.patience import eventually

PROGRAM = (sys.executable, "-P", "-m", "dispatcher")
ROOT = Path(__file__).parents[2]


@contextmanager
def running(shell: Shell, *words: str) -> Iterator[Path]:
    """Run a command until the block ends; what it says is in a file. It must end in good order."""
    log = shell.folder / f"{words[0]}.log"
    values = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as out:
        process = subprocess.Popen([*PROGRAM, *words], stdout=out, stderr=out, env=values)
    try:
        yield log
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=40) in (0, -signal.SIGTERM), log.read_text()


def state(shell: Shell) -> str:
    """How the campaign stands."""
    return str(shell.done("campaign", "report", "Spring")["state"])


def test_a_worker_and_beat_finish_a_campaign(shell: Shell, broker_url: str) -> None:
    """Enqueued at a prompt, done by a worker that was only told to start."""
    shell.environment.setenv("BROKER_URL", broker_url)
    add_anna(shell)
    lines = {"hours": 'hours = "00:00-24:00"', "channels": 'channels = ["email"]'}
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text(**lines)))
    with running(shell, "worker", "--concurrency", "1"), running(shell, "beat"):
        enqueued = shell("campaign", "enqueue", "Spring")
        assert (enqueued.code, enqueued.err) == (0, "")
        assert eventually(lambda: state(shell) == "finished", 60)
    assert shell.done("campaign", "report", "Spring")["by_state"] == {"accepted": FEWER}


def test_a_broker_that_is_no_address_is_refused(shell: Shell) -> None:
    """Celery would try for ever."""
    shell.environment.setenv("BROKER_URL", "localhost")
    for command in ("worker", "beat"):
        refused = shell(command)
        assert refused.code == 2
        assert refused.err == "error: BROKER_URL: must begin with redis:// or amqp://\n"


def test_the_web_app_answers(shell: Shell) -> None:
    """It serves where it was told to, without a broker too."""
    shell.done("migrate")
    address = f"http://127.0.0.1:{free_port()}"
    with running(shell, "web", "--port", address.rsplit(":", 1)[1]), httpx.Client() as client:

        def healthy() -> bool:
            try:
                return client.get(f"{address}/healthz").status_code == 200
            except httpx.TransportError:
                return False

        assert eventually(healthy, 40)


def test_a_worker_without_a_broker_says_so_in_a_sentence(shell: Shell) -> None:
    """Before Celery starts to try again and again."""
    result = shell("worker")
    assert result.code == 2
    assert "BROKER_URL" in result.err
    assert "dispatcher up" in result.err
