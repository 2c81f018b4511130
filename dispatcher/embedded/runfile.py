"""How a second terminal finds a running stack: a lock that says "alive", a file that says where."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dispatcher.errors import Conflict


@dataclass(frozen=True, slots=True)
class RunFile:
    """What is written about a running stack. It is believed only while the lock is held."""

    launcher: int
    database_url: str
    broker_url: str = ""
    web_url: str = ""
    processes: dict[str, int] = field(default_factory=dict)
    ready: bool = False

    def write(self, home: Path) -> None:
        """Replace the run file; it holds passwords, so nobody else may read it."""
        new = home / "run.json.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(self), indent=2) + "\n")
        new.replace(home / "run.json")


def find_running(home: Path) -> RunFile | None:
    """The stack that runs in the data folder. A file left by a killed one is removed."""
    if not is_alive(home):
        (home / "run.json").unlink(missing_ok=True)
        return None
    said = _read(home)
    return said if said is not None and _exists(said.launcher) else None


def is_orphaned(home: Path) -> bool:
    """Whether the launcher was killed a moment ago, and its servers are still stopping."""
    said = _read(home)
    return said is not None and not _exists(said.launcher) and is_alive(home)


def _read(home: Path) -> RunFile | None:
    try:
        return RunFile(**json.loads((home / "run.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None  # it is only just starting


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def is_alive(home: Path) -> bool:
    """Whether any process of a stack lives: each of them holds the lock until it ends."""
    try:
        descriptor = os.open(home / "run.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def hold(home: Path) -> Iterator[int]:
    """Claim the data folder; gives the lock's descriptor, for servers to hold as well."""
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"A stack already runs, or is just stopping, in {home}: "
                "'dispatcher status' shows it, 'dispatcher down' stops it."
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)
