"""Backup and restore: the database, without people's keys, and the settings in one file."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from dispatcher.embedded.binaries import find_postgres_client
from dispatcher.errors import Conflict, DispatcherError

FORMAT = 1
_DUMP = "database.dump"
_MANIFEST = "manifest.json"
_SETTINGS = "settings"
_PROJECT = "project.toml"
# What a stack makes anew by itself; everything else in the data folder is worth keeping.
_NOT_KEPT = ("postgres", "valkey", "logs", "journals", "run.", "restore-")
# They are in a file of their own (people_keys), or an erasure would not reach into old backups.
_NO_KEYS = "--exclude-table-data=vault.*"
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class BackupFailed(DispatcherError):
    """The backup could not be made or read; the former state is unchanged."""


def make_backup(
    home: Path, database_url: str, target: Path, now: datetime, version: str, config: Path
) -> int:
    """Write the backup and return its size in bytes; an unfinished one never bears the name.

    `config` is the settings file beside the data folder, if there is one.
    """
    if target.exists():
        raise Conflict(f"{target} exists already: choose another name, or remove it first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    manifest = {"format": FORMAT, "made": now.isoformat(), "version": version}
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        dump = Path(folder) / _DUMP
        _run("pg_dump", ["--format=custom", "--no-owner", _NO_KEYS, f"--file={dump}"], database_url)
        unfinished = Path(folder) / "backup"
        unfinished.touch(mode=0o600)  # it holds people's data and the installation's keys
        with tarfile.open(unfinished, "w") as archive:
            _add_bytes(archive, _MANIFEST, json.dumps(manifest).encode())
            archive.add(dump, _DUMP)
            for file in _settings_files(home):
                archive.add(file, f"{_SETTINGS}/{file.relative_to(home)}")
            if config.exists():
                archive.add(config, _PROJECT)
        unfinished.replace(target)
    return target.stat().st_size


def restore_backup(
    home: Path,
    database_url: str,
    source: Path,
    config: Path,
    prepare: Callable[[str], None] = lambda _url: None,
) -> dict[str, Any]:
    """Put the backup's database in the place of the present one; returns the manifest.

    The new database is complete before the old one goes, so a bad backup changes nothing; `prepare`
    does what is left to be done to it, by its address, before anybody sees it.
    A settings file that is there stays as it is: gateways may be others by now.
    """
    with tempfile.TemporaryDirectory(dir=home, prefix="restore-") as folder:
        manifest = _unpack(source, Path(folder))
        _replace_database(database_url, Path(folder) / _DUMP, prepare)
        if not config.exists() and (Path(folder) / _PROJECT).exists():
            shutil.copy(Path(folder) / _PROJECT, config)
        settings = Path(folder) / _SETTINGS
        for file in sorted(settings.rglob("*")):
            if file.is_file():
                place = home / file.relative_to(settings)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
    return manifest


def _settings_files(home: Path) -> Iterator[Path]:
    for entry in sorted(home.iterdir()):
        if entry.name.startswith((".", *_NOT_KEPT)):
            continue
        files = entry.rglob("*") if entry.is_dir() else [entry]
        yield from (file for file in files if file.is_file())


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text())
    except FileNotFoundError as error:
        raise BackupFailed(f"{error.filename or source}: there is no such file.") from None
    except (tarfile.TarError, ValueError, OSError) as error:
        raise BackupFailed(f"{source} is not a backup of Dispatcher: {error}.") from None
    if manifest.get("format") != FORMAT:
        raise BackupFailed(f"{source} was made by a newer version of Dispatcher: update first.")
    return manifest


def _replace_database(url: str, dump: Path, prepare: Callable[[str], None]) -> None:
    name = make_url(url).database or ""
    fresh, former = f"{name}_restoring", f"{name}_former"
    beside = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(beside.replace("+psycopg", ""), autocommit=True) as connection:

        def execute(statement: str, *names: str) -> None:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

        execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", fresh)
        execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", former)
        execute("CREATE DATABASE {} TEMPLATE template0", fresh)
        target = make_url(url).set(database=fresh).render_as_string(hide_password=False)
        options = ["--no-owner", "--exit-on-error", f"--dbname={fresh}", str(dump)]
        _run("pg_restore", options, target)
        prepare(target)
        connection.execute(_END_SESSIONS, [name])
        with connection.transaction():
            execute("ALTER DATABASE {} RENAME TO {}", name, former)
            execute("ALTER DATABASE {} RENAME TO {}", fresh, name)
        execute("DROP DATABASE {} WITH (FORCE)", former)


def _run(program: str, options: list[str], url: str) -> None:
    """Run one of PostgreSQL's clients; the password goes by the environment, not by arguments."""
    address = make_url(url)
    host = address.host or address.query.get("host")
    port = address.port or address.query.get("port")
    environment = {
        "PATH": os.defpath,
        "LC_ALL": "C",
        "PGHOST": str(host or ""),
        "PGPORT": str(port or 5432),
        "PGUSER": address.username or "",
        "PGPASSWORD": address.password or "",
        "PGDATABASE": address.database or "",
    }
    command = [find_postgres_client(program), "--no-password", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise BackupFailed(f"{program} failed: {words[0]}")
