"""The demo's stage: a private stack in a temporary folder, with workers, beat and web pages."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path

from dispatcher import settings, wiring
from dispatcher.embedded import product
from dispatcher.embedded.processes import LOOPBACK, ServerFailed, free_port
from dispatcher.embedded.stack import Stack, remove_data
from dispatcher.errors import DispatcherError
from dispatcher.resources import programme_file
from dispatcher.storage import migrate
from dispatcher.wiring import Dispatcher

# Known to everybody, and the same for ever: the holdout hangs on it, and with it the counts.
KEY = "d15a7c4e" * 8
_GRACE = 8.0  # seconds a process has to finish its work; there is none at the end
_PATIENCE = 60.0  # seconds; any step takes a few, on a busy machine some more
_LOOK = 0.05
_OWN = ("DISPATCHER_", "CELERY_", "DATABASE_URL", "BROKER_URL")


class DemoFailed(DispatcherError):
    """The demo did not go as its story says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything running, with nothing of the caller's: his stack, settings and files are safe."""

    folder: Path
    stack: Stack
    dispatcher: Dispatcher
    environment: Mapping[str, str]
    web_port: int

    @property
    def web_url(self) -> str:
        """Where gateways call back and customers click."""
        return self.dispatcher.settings.public_url

    @property
    def sandbox_url(self) -> str:
        """Where people see what was sent, and answer."""
        return wiring.sandbox_url(self.dispatcher)

    def open_doors(self) -> None:
        """Start what needs the schema: the clock that rings for work, and the web pages."""
        home = self.stack.home
        beat, web = product.beat_command(home), product.web_command(self.web_port)
        self.stack.launch("beat", beat, self.environment, grace=_GRACE)
        self.stack.launch("web", web, self.environment, grace=_GRACE)

    def wait_for_web(self) -> None:
        """Until somebody answers at `web_url`."""
        self.wait("the web pages answer", lambda: _listens(self.web_port))

    def stay(self, seconds: float) -> None:
        """Leave everything running so long; 0: until it is interrupted."""
        deadline = time.monotonic() + (seconds or inf)
        while time.monotonic() < deadline:
            self._look_after()
            time.sleep(_LOOK)

    def wait(self, what: str, comes_true: Callable[[], bool]) -> None:
        """Until something comes true that the workers bring about."""
        deadline = time.monotonic() + _PATIENCE
        while not comes_true():
            self._look_after()
            if time.monotonic() > deadline:
                raise DemoFailed(f"in {_PATIENCE:.0f} s it did not come true that {what}")
            time.sleep(_LOOK)

    def _look_after(self) -> None:
        for name in self.stack.ended():
            raise ServerFailed(f"{name} ended by itself: {self.stack.last_words(name)}")


@contextmanager
def open_stage(own: Mapping[str, str], web_port: int = 0) -> Iterator[Stage]:
    """Start the stack and its workers; `own` is the caller's environment. Nothing is left.

    `web_port` 0: a free one.
    """
    with _folder() as folder, Stack.start(folder / "home", durable=False) as stack:
        port = web_port or free_port()
        shutil.copyfile(programme_file(), _programme(stack))
        environment = _environment(stack, own, port)
        # In a folder of ours: Celery imports what lies in its own before anything else.
        for name, command in product.worker_commands(2, stack.home).items():
            stack.launch(name, command, environment, grace=_GRACE)
        migrate.upgrade(stack.database_url)  # the workers get no work before the doors open
        dispatcher = wiring.build(_settings(stack, port))
        try:
            yield Stage(folder, stack, dispatcher, environment, port)
        finally:
            dispatcher.close()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder of our own; what root must keep elsewhere for PostgreSQL goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="dispatcher-demo-"))
    try:
        yield folder
    finally:
        remove_data(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)


def _settings(stack: Stack, port: int) -> settings.Settings:
    return settings.only(
        home=stack.home,
        database_url=stack.database_url,
        broker_url=stack.broker_url,
        safe_mode=True,
        keys=[KEY],
        opening_spread_minutes=0,
        public_url=f"http://{LOOPBACK}:{port}",
        programme=_programme(stack),
    )


def _environment(stack: Stack, own: Mapping[str, str], port: int) -> dict[str, str]:
    """Give the processes the same settings; a file that is not there has none of the caller's."""
    kept = {name: value for name, value in own.items() if not name.startswith(_OWN)}
    return product.environment_of(stack, kept) | {
        "DISPATCHER_CONFIG": str(stack.home / "none.toml"),
        "DISPATCHER_SAFE_MODE": "true",
        "DISPATCHER_KEYS": json.dumps([KEY]),
        "DISPATCHER_OPENING_SPREAD_MINUTES": "0",  # its clock leaps from opening to opening
        "DISPATCHER_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "DISPATCHER_PROGRAMME": str(_programme(stack)),
    }


def _programme(stack: Stack) -> Path:
    return stack.home / "programme.toml"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
