"""An old backup brings nobody back: the erased stay erased, the silent stay silent."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from dispatcher import settings
from dispatcher.storage import evidence
from dispatcher.storage.database import Database
from tests.cli.shell import Shell, add_anna


@pytest.fixture
def saved(shell: Shell) -> Path:
    """A backup of a programme that knows Anna, who agreed, and Bob, who did, too."""
    add_anna(shell)
    bob = ("--email", "bob@example.com", "--zone", "Europe/London", "--language", "en")
    shell.done("customer", "add", *bob)
    told = ("--topic", "coffee", "--channel", "email", "--wording", "Yes", "--source", "x")
    shell.done("customer", "opt-in", "bob@example.com", *told)
    _evidence()
    file = shell.folder / "monday.backup"
    shell.done("backup", file)
    return file


def _evidence() -> None:
    """Seal what proves each consent, as a web form would have told it."""
    database = Database(settings.load().database, pool_size=1)
    with database.begin() as conn:
        lines = conn.execute(text("SELECT id, customer_id FROM consent_event")).all()
        proof = evidence.salt({"ip": "198.51.100.7"}, os.urandom)
        evidence.store(conn, [(line.id, line.customer_id, proof) for line in lines], os.urandom)
    database.dispose()


def rows(query: str) -> list[Any]:
    url = settings.load().database.replace("+psycopg", "")
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchall()


def restore(shell: Shell, file: Path, *words: object) -> Any:
    return shell.done("restore", file, "--yes", *words)


def proven() -> int:
    """Count the consents whose evidence can still be opened."""
    database = Database(settings.load().database, pool_size=1)
    with database.begin() as conn:
        people = list(conn.execute(text("SELECT DISTINCT customer_id FROM consent")).scalars())
        opened = evidence.reveal(conn, people)
    database.dispose()
    return len(opened)


def test_whoever_was_erased_since_the_backup_is_erased_in_it(shell: Shell, saved: Path) -> None:
    """With a receipt; the address stays silent, should it ever be imported again."""
    shell.done("customer", "forget", "anna@example.com", "--yes")
    assert restore(shell, saved)["erased_again"] == 1
    assert proven() == 1
    assert rows("SELECT count(*) FROM erasure WHERE finished_at IS NOT NULL") == [(1,)]
    assert rows("SELECT address FROM address") == [("bob@example.com",)]
    assert rows("SELECT DISTINCT reason FROM suppression") == [("erased",)]
    bob = rows("SELECT customer_id FROM address")
    assert rows("SELECT customer_id FROM vault.person_key") == bob
    assert rows("SELECT DISTINCT customer_id FROM consent_evidence") == bob


def test_they_stay_erased_though_the_disk_was_lost(shell: Shell, saved: Path) -> None:
    """The newest file of keys knows of them, whichever backup is restored."""
    shell.done("customer", "forget", "anna@example.com", "--yes")
    shell.done("backup", shell.folder / "tuesday.backup")  # replaces the keys of Monday
    url = settings.load().database.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA vault CASCADE")
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
    assert restore(shell, saved)["erased_again"] == 1
    assert rows("SELECT address FROM address") == [("bob@example.com",)]
    assert len(rows("SELECT 1 FROM vault.person_key")) == 1
    assert proven() == 1


def test_whoever_left_for_good_since_the_backup_stays_silent(shell: Shell, saved: Path) -> None:
    """Their address is known by its digest, which comes back with the keys."""
    shell.done("customer", "opt-out", "bob@example.com", "--channel", "email")
    silent = rows("SELECT digest, reason FROM suppression ORDER BY 1")
    assert silent != []
    restore(shell, saved)
    assert rows("SELECT digest, reason FROM suppression ORDER BY 1") == silent


def test_no_backup_holds_a_key_of_a_person(shell: Shell, saved: Path) -> None:
    """Without the file of keys everything is there but what the keys open; the file is private."""
    keys = saved.with_name("people.keys")
    assert keys.stat().st_mode & 0o077 == 0
    (kept,) = rows("SELECT encode(key, 'hex') FROM vault.person_key ORDER BY 1 LIMIT 1")
    with tarfile.open(saved) as archive, tarfile.open(keys) as apart:
        dump = archive.extractfile("database.dump")
        opened = apart.extractfile("vault.person_key")
        assert dump is not None
        assert opened is not None
        assert kept[0] in opened.read().decode()
        assert bytes.fromhex(kept[0]) not in dump.read()
    elsewhere = keys.rename(shell.folder / "vault.keys")
    with psycopg.connect(settings.load().database.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute("DELETE FROM vault.person_key")
    assert restore(shell, saved)["keys"] is False
    assert proven() == 0
    assert rows("SELECT count(*) FROM vault.person_key") == [(0,)]
    assert restore(shell, saved, "--keys", elsewhere)["keys"] is True
    assert proven() == 2
    assert rows("SELECT count(*) FROM vault.person_key") == [(2,)]


@pytest.mark.parametrize("content", [b"Dear diary", b""])
def test_a_damaged_file_of_keys_changes_nothing(shell: Shell, saved: Path, content: bytes) -> None:
    """The present database stays, and what is wrong is said."""
    bad = shell.write("bad.keys", content)
    shell.done("customer", "opt-out", "bob@example.com", "--channel", "email")
    before = rows("SELECT count(*) FROM consent_event")
    result = shell("restore", saved, "--yes", "--keys", bad)
    assert (result.code, "holds no keys of people" in result.err) == (1, True)
    assert "there is no such file" in shell("restore", saved, "--yes", "--keys", "nowhere").err
    assert rows("SELECT count(*) FROM consent_event") == before
