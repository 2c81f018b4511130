"""The servers of one test run: started by the first test that wants them, gone with the run."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from dispatcher.embedded.postgres import start_postgres
from dispatcher.embedded.processes import Lifeline

TEMPLATE = "template_migrated"
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # bytes; a run needs less


@dataclass(frozen=True, slots=True)
class TestRun:
    """Held by the process that pytest was started as; xdist workers know only the folder."""

    __test__ = False
    folder: Path
    lifeline: Lifeline

    @classmethod
    def begin(cls) -> Self:
        folder = Path(tempfile.mkdtemp(prefix="dispatcher-tests-", dir=_memory()))
        return cls(folder, Lifeline.named(folder / "lifeline"))

    @property
    def temporary(self) -> Path | None:
        """Where the tests' own files are best put: in memory, if programs may be run there."""
        in_memory = self.folder.parent == _MEMORY
        executable = not os.statvfs(self.folder).f_flag & os.ST_NOEXEC
        return self.folder / "tmp" if in_memory and executable else None

    def end(self) -> None:
        """Let go of the servers, wait until they are gone, remove their files."""
        self.lifeline.close()
        with _locked(self.folder / "alive"):
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """The run's PostgreSQL as one test process sees it."""

    folder: Path
    administration: str
    left: list[str] = field(default_factory=list)  # databases that nobody needs any more

    @classmethod
    def join(cls, folder: Path) -> Self:
        """Find the run's server, or start it if this process is the first to want it."""
        address = folder / "postgres.url"
        with _locked(folder / "lock"):
            if not address.exists():
                lifeline = Lifeline.of_launcher(folder / "lifeline")
                with (folder / "alive").open("w") as alive:
                    fcntl.flock(alive, fcntl.LOCK_SH)
                    server = start_postgres(folder, lifeline, durable=False, keep=[alive.fileno()])
                lifeline.close()
                address.write_text(server.url("postgres"))
            return cls(folder, address.read_text())

    def url(self, database: str) -> str:
        """SQLAlchemy address of one of its databases."""
        address = make_url(self.administration).set(database=database)
        return address.render_as_string(hide_password=False)

    def prepare_template(self, migrate: Callable[[str], object]) -> None:
        """Migrate the template database, once a run."""
        done = self.folder / "template.done"
        with _locked(self.folder / "lock"):
            if not done.exists():
                self._create(TEMPLATE, "template1")
                migrate(self.url(TEMPLATE))
                done.touch()

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        """The address of a new database, which is dropped afterwards.

        That is, before the next one is made: by then nobody is just leaving it, for whom the server
        would wait a tenth of a second.
        """
        name = f"test_{uuid4().hex}"
        self._create(name, template)
        try:
            yield self.url(name)
        finally:
            self.left.append(name)

    def _create(self, name: str, template: str) -> None:
        url = self.administration.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            while self.left:
                connection.execute(f'DROP DATABASE "{self.left.pop()}" WITH (FORCE)'.encode())
            # Files are copied as they are: to write all pages to the log takes longer.
            create = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'
            connection.execute(create.encode())


def _memory() -> Path | None:
    """Where thousands of databases come and go without a disk, if there is room for a run."""
    try:
        known = os.statvfs(_MEMORY)
    except OSError:
        return None
    room = known.f_bavail * known.f_frsize >= _ROOM
    return _MEMORY if room and os.access(_MEMORY, os.W_OK) else None


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
