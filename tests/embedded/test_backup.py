"""Backup and restore of a whole installation."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from dispatcher.embedded.backup import BackupFailed, make_backup, restore_backup
from dispatcher.errors import Conflict
from tests.support.servers import DatabaseServer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "logs").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "keys" / "signing.key").write_text("secret")
    (folder / "logs" / "web.log").write_text("noise")
    (folder / "postgres.password").write_text("only of this machine")
    return folder


def write(url: str, word: str) -> None:
    with psycopg.connect(plain(url)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def words(url: str) -> list[str]:
    with psycopg.connect(plain(url)) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM kept ORDER BY word")]


def test_a_restored_installation_is_what_was_saved(
    home: Path, tmp_path: Path, database_server: DatabaseServer
) -> None:
    """Rows and keys come back; what was written later is gone; this machine's own files stay."""
    with database_server.new_database() as url:
        write(url, "before")
        config = tmp_path / "dispatcher.toml"
        config.write_text("safe_mode = true")
        file = tmp_path / "tonight.backup"
        assert make_backup(home, url, file, NOW, "1.2.3", config) == file.stat().st_size
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        write(url, "later")
        (home / "keys" / "signing.key").unlink()
        (home / "postgres.password").write_text("another machine")

        config.unlink()
        manifest = restore_backup(home, url, file, config)

        assert words(url) == ["before"]
        assert config.read_text() == "safe_mode = true"
        assert (home / "keys" / "signing.key").read_text() == "secret"
        assert (home / "postgres.password").read_text() == "another machine"
        assert (manifest["made"], manifest["version"]) == (NOW.isoformat(), "1.2.3")


def test_a_bad_backup_changes_nothing(
    home: Path, tmp_path: Path, database_server: DatabaseServer
) -> None:
    """A file that is cut off, or is something else, is refused while the old data stands."""
    with database_server.new_database() as url:
        write(url, "kept")
        good, cut, other = tmp_path / "good", tmp_path / "cut", tmp_path / "other"
        make_backup(home, url, good, NOW, "1", tmp_path / "none.toml")
        cut.write_bytes(good.read_bytes()[:2000])
        other.write_text("Dear diary")
        for bad in (cut, other):
            with pytest.raises(BackupFailed):
                restore_backup(home, url, bad, tmp_path / "none.toml")
        with pytest.raises(BackupFailed, match="there is no such file"):
            restore_backup(home, url, tmp_path / "missing", tmp_path / "none.toml")
        assert words(url) == ["kept"]


def test_a_backup_never_overwrites_another(home: Path, tmp_path: Path) -> None:
    """A name that is taken is refused before any work is done."""
    taken = tmp_path / "taken"
    taken.touch()
    with pytest.raises(Conflict, match="exists already"):
        make_backup(home, "postgresql+psycopg://unused", taken, NOW, "1", tmp_path / "none.toml")


def test_an_unreachable_database_leaves_no_half_backup(
    home: Path, tmp_path: Path, database_server: DatabaseServer
) -> None:
    """The reason is PostgreSQL's own, and nothing is left under the name."""
    url = make_url(database_server.administration).set(database="no_such_database")
    with pytest.raises(BackupFailed, match="no_such_database"):
        make_backup(
            home,
            url.render_as_string(hide_password=False),
            tmp_path / "b",
            NOW,
            "1",
            tmp_path / "none.toml",
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
