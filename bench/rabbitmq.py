"""A private RabbitMQ node from the system's package: own home, own ports, killed like any other."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kombu import Connection

from dispatcher.embedded.processes import LOOPBACK, ServerFailed

_PLACES = "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
_START_SECONDS = 90
_PORT_ATTEMPTS = 3


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
    port: int
    _distribution: int
    _names: int
    _process: subprocess.Popen[bytes] | None = None
    _name_service: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Give its address for Celery."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}//"

    @property
    def pid(self) -> int:
        """Name the node's process; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

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
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                said = (self.folder / "rabbitmq.log").read_text("utf-8", "replace")
                raise ServerFailed(f"RabbitMQ does not start: {said[-2000:]}")

    def kill(self) -> None:
        """`kill -9` for the node and whatever it started."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()

    def stop(self) -> None:
        """Leave nothing behind."""
        self.kill()
        if self._name_service is not None:
            self._name_service.kill()
            self._name_service.wait()

    def version(self) -> str:
        """Ask the node which one it is."""
        with Connection(self.url) as connection:
            connection.connect()
            said: str = connection.connection.server_properties["version"]
            return said

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
            "RABBITMQ_NODENAME": f"private{self.port}@localhost",
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
    node = _started(folder)
    try:
        yield node
    finally:
        node.stop()


def _started(folder: Path) -> RabbitMQ:
    """Start a node; on other ports, should somebody have taken one in the meantime."""
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        port, distribution, names = _free_ports(3)
        node = RabbitMQ(folder, port, distribution, names)
        try:
            node.start()
        except BaseException as failure:
            node.stop()
            if attempt == _PORT_ATTEMPTS or "eaddrinuse" not in str(failure):
                raise
        else:
            return node
    raise AssertionError("unreachable")


def _free_ports(count: int) -> list[int]:
    """Give ports that are free at this moment; held all at once, so that no two are the same."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
