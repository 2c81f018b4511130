"""A shell in a folder of its own, whose commands run in this very process."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dispatcher.cli import run
from dispatcher.cli.desk import sample_of
from dispatcher.cli.starter import campaign, today


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it said to programs; fails when there was anything else on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs commands; `folder` is the present one, `environment` may be changed by a test."""

    folder: Path
    environment: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: object) -> Result:
        self.capture.readouterr()
        # A command of its own process would read the settings of Celery anew.
        sys.modules.pop("celeryconfig", None)
        code = run([str(word) for word in words])
        said = self.capture.readouterr()
        return Result(code, said.out, said.err)

    def done(self, *words: object) -> Any:
        """Run a command that must end well; give its JSON."""
        result = self(*words, "--json")
        assert result.code == 0, result.err
        return result.json()

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file


def open_shell(
    folder: Path,
    environment: pytest.MonkeyPatch,
    capture: pytest.CaptureFixture[str],
    database_url: str,
    home: Path | None = None,
) -> Shell:
    """Stand in a folder, with a database and no broker."""
    environment.chdir(folder)
    for name in ("BROKER_URL", "DISPATCHER_CONFIG", "DISPATCHER_KEYS", "DISPATCHER_SAFE_MODE"):
        environment.delenv(name, raising=False)
    environment.setattr("sys.stdin", StringIO())  # nobody answers questions
    environment.setenv("DATABASE_URL", database_url)
    environment.setenv("DISPATCHER_SMALLEST_AUDIENCE", "0")  # these programmes are a few people
    environment.setenv("DISPATCHER_HOME", str(home or folder / "home"))
    return Shell(folder, environment, capture)


def campaign_text(title: str = "Spring", **changes: str) -> str:
    """A campaign file that is right; `changes` replace whole lines, by the key they begin with.

    `channels='channels = ["email"]'` replaces the line of that key; "" takes it out.
    """
    lines = campaign(title, "coffee-week", sample_of("coffee-week"), today()).split("\n")
    for key, line in changes.items():
        at = next(at for at, text in enumerate(lines) if text.startswith(f"{key} = "))
        lines[at] = line
    return "\n".join(lines)


def make_it_noon(shell: Shell) -> None:
    """Put the clock to the noon of a day in the middle of a week, within a new campaign's days."""
    days = (today() + timedelta(days=n) for n in range(1, 7))
    midweek = next(day for day in days if day.weekday() in (1, 2, 3))
    shell.done("clock", "--to", f"{midweek:%Y-%m-%d}T12:00:00Z")


def add_anna(shell: Shell) -> int:
    """Anna has an address, a phone and a zone, and agreed to coffee offers by e-mail only."""
    anna = shell.done(
        *("customer", "add", "--email", "anna@example.com", "--phone", "+447700900123"),
        *("--language", "fr", "--zone", "Europe/Paris", "--field", "first_name=Anna"),
    )
    shell.done(
        *("customer", "opt-in", "anna@example.com", "--topic", "coffee", "--channel", "email"),
        *("--wording", "Yes, coffee", "--source", "paper form"),
    )
    return int(anna["customer"])
