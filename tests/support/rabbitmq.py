"""A private RabbitMQ node from the system's package: own home, own ports, killed like any other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kombu import Connection

from dispatcher.embedded.processes import LOOPBACK, free_port
from tests.support.patience import eventually

_PLACES = "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
_START_SECONDS = 90


def program() -> str | None:
    """Find rabbitmq-server, the package's own before its wrapper, which changes the user."""
    return shutil.which("rabbitmq-server", path=_path())


def _find(name: str) -> str:
    return shutil.which(name, path=_path()) or name


def _path() -> str:
    return f"{_PLACES}:{os.environ.get('PATH', '')}:/bin"


@dataclass(slots=True)
class RabbitMQ:
    """One node; its queues survive a kill, as they are on disk."""

    folder: Path
    port: int = field(default_factory=free_port)
    _distribution: int = field(default_factory=free_port)
    _names: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None
    _name_service: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Give its address for Celery."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}//"

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        if self._name_service is None:  # else the node starts one that outlives it
            command = [_find("epmd"), "-port", str(self._names), "-address", LOOPBACK]
            self._name_service = subprocess.Popen(command, cwd=self.folder)
        with (self.folder / "rabbitmq.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_find("rabbitmq-server")],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not eventually(self._answers, _START_SECONDS):
            said = (self.folder / "rabbitmq.log").read_text("utf-8", "replace")
            raise AssertionError(f"RabbitMQ does not start: {said[-2000:]}")

    def kill(self) -> None:
        """`kill -9` for the node and whatever it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Leave nothing behind."""
        self.kill()
        if self._name_service is not None:
            self._name_service.kill()
            self._name_service.wait()

    def _answers(self) -> bool:
        time.sleep(0.2)  # each look opens a connection
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
        except OSError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": _path(),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "env"),
        }


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    """Run a node in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("plugins", "rabbitmq.conf", "env"):
        (folder / name).write_text("[].\n" if name == "plugins" else "")
    node = RabbitMQ(folder)
    try:
        node.start()
        yield node
    finally:
        node.stop()
