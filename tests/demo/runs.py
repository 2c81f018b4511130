"""Runs of the real `dispatcher demo`, and what one of them may have left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.isolation import as_nameless

COUNTS = {
    "sent": 194,
    "deferred": 0,
    "no consent": 20,
    "unproven": 25,
    "holdout": 7,
    "capped": 30,
    "opted out": 16,
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo; its temporary folder is inside `place`, which is its working folder too."""

    place: Path
    process: subprocess.Popen[str]
    begun: float

    @classmethod
    def start(cls, place: Path, *words: str, nameless: bool = False, **environment: str) -> Demo:
        """Start it without a terminal; what it says goes to a file, as a pipe could fill up.

        `nameless`: as a uid that /etc/passwd does not know.
        """
        command = [sys.executable, "-P", "-m", "dispatcher", "demo", *words]
        temporary = place / "tmp"
        temporary.mkdir()
        with (place / "out").open("w") as out, (place / "err").open("w") as err:
            process = subprocess.Popen(
                as_nameless(command) if nameless else command,
                cwd=place,
                env=_environment(temporary, environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )
        return cls(place, process, time.monotonic())

    @property
    def said(self) -> str:
        """What it wrote on standard output so far."""
        return (self.place / "out").read_text()

    @property
    def complained(self) -> str:
        """What it wrote on standard error so far."""
        return (self.place / "err").read_text()

    @property
    def database_url(self) -> str:
        """Where its database is, while it runs."""
        (file,) = (self.place / "tmp").glob("*/home/run.json")
        return str(json.loads(file.read_text())["database_url"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def leftovers(self) -> list[str]:
        """Name the files and processes it has left behind."""
        files = [str(path) for path in (self.place / "tmp").iterdir()]
        return files + _processes(str(self.place))


def _environment(temporary: Path, more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DISPATCHER_", "DATABASE_URL", "BROKER_URL", "CI"))
    }
    return {**kept, "TMPDIR": str(temporary), **more}


def _processes(word: str) -> list[str]:
    """Find processes with a word in their command line or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue  # gone meanwhile, or somebody else's
        if word.encode() in told and int(folder.name) != os.getpid():
            found.append(f"process {folder.name}: {told[:200]!r}")
    return found
