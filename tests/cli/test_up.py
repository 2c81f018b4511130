"""`dispatcher up` and `down`: the whole product on one machine, as two terminals see it."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatcher.embedded import runfile
from dispatcher.embedded.processes import free_port
from tests.embedded.launchers import ROOT, leftovers
from tests.support.patience import eventually

COMMAND = [sys.executable, "-P", "-m", "dispatcher"]


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """A clean one: nothing of the developer's own installation."""
    return {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The data folder; whatever a failing test leaves running in it is stopped."""
    folder = tmp_path / ".dispatcher"
    yield folder
    running = runfile.find_running(folder)
    if running is not None:
        os.kill(running.launcher, signal.SIGTERM)
        assert eventually(lambda: not runfile.is_alive(folder), 60)


def run(folder: Path, environment: Mapping[str, str], *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [*COMMAND, *words, "--json"],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode in (0, 3), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_a_stack_in_the_background_serves_and_ends(
    home: Path, environment: Mapping[str, str]
) -> None:
    """`up --detach` returns when the pages are there; `down` in another terminal leaves nothing."""
    mail = free_port()
    operator = f'kind = "smpp"\nhost = "127.0.0.1"\nport = {free_port()}\nsystem_id = "shop"\n'
    (home.parent / "dispatcher.toml").write_text(
        f"mail_port = {mail}\nsafe_mode = false\n[gateways.operator]\n{operator}"
    )
    started = run(home.parent, environment, "up", "--detach", "--port", str(free_port()))
    assert set(started["processes"]) == {
        *("postgres", "valkey", "outbound", "inbound", "beat", "web", "mail", "listen"),
    }
    with smtplib.SMTP("127.0.0.1", mail) as line:  # mail that comes back is taken
        line.sendmail("anna@example.com", "news@dispatcher.localhost", b"Subject: Re\n\nIn blue?\n")
    assert len(run(home.parent, environment, "mail", "kept")["kept"]) == 1
    assert httpx.get(f"{started['web_url']}/healthz", trust_env=False).status_code == 200
    facts = runfile.find_running(home)
    assert facts is not None
    assert run(home.parent, environment, "status")["ready"] is True

    assert run(home.parent, environment, "down") == {"stopped": True}

    assert leftovers(home, facts) == []
    assert run(home.parent, environment, "status") == {"running": False}


@pytest.mark.slow
def test_a_port_for_mail_that_is_taken_is_told(home: Path, environment: Mapping[str, str]) -> None:
    """Before anything is started, and with the name of the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {**environment, "DISPATCHER_MAIL_PORT": str(taken.getsockname()[1])}
        done = subprocess.run(
            [*COMMAND, "up"], cwd=home.parent, env=given, capture_output=True, timeout=100
        )
    assert done.returncode == 1
    assert b"choose another as mail_port" in done.stderr
    assert run(home.parent, environment, "status") == {"running": False}


@pytest.mark.slow
def test_a_process_that_ends_by_itself_ends_the_stack(
    home: Path, environment: Mapping[str, str]
) -> None:
    """Half a product is none: the command fails, names the process and stops the others."""
    process = subprocess.Popen(
        [*COMMAND, "up", "--port", str(free_port())],
        cwd=home.parent,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert eventually(lambda: _ready(home) or process.poll() is not None, 60)
    facts = runfile.find_running(home)
    assert facts is not None
    os.kill(facts.processes["beat"], signal.SIGTERM)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert b"beat ended by itself, so all is stopped" in errors
    assert leftovers(home, facts) == []


def _ready(home: Path) -> bool:
    running = runfile.find_running(home)
    return running is not None and running.ready
