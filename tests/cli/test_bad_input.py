"""Whatever is wrong with the input: a code, the place, a remedy; no traceback, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatcher.storage import migrate
from dispatcher.storage.database import Database
from tests.cli.bad_inputs import CASES, Case
from tests.cli.shell import Shell, add_anna, campaign_text, open_shell
from tests.support.servers import TEMPLATE, DatabaseServer


@pytest.fixture(scope="module")
def broken_world(
    database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """One database for all cases, as none of them may change it, and the home with its keys."""
    database_server.prepare_template(migrate.upgrade)
    with database_server.new_database(TEMPLATE) as url:
        yield url, tmp_path_factory.mktemp("home")


@pytest.fixture
def shell(
    broken_world: tuple[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """A folder of its own, and the database with Anna, a campaign, and one whose time is over."""
    url, home = broken_world
    shell = open_shell(tmp_path, monkeypatch, capsys, url, home)
    if not (home / "keys").exists():
        add_anna(shell)
        shell.done("customer", "add", "--phone", "+447700900999")
        shell.done("campaign", "approve", shell.write("known.toml", campaign_text("Known")))
        times = {"ends": "ends = 2020-01-08T00:00:00Z", "start": "start = 2020-01-01T00:00:00Z"}
        shell.done("clock", "--to", "2020-01-01T00:00:00Z")
        shell.done(
            "campaign", "approve", shell.write("stale.toml", campaign_text("Stale", **times))
        )
        shell.done("clock", "--reset")
    return shell


@pytest.mark.parametrize("broken", CASES, ids=lambda broken: broken.name)
def test_broken_input_is_told_in_a_sentence_and_changes_nothing(
    shell: Shell, broken: Case, broken_world: tuple[str, Path]
) -> None:
    """The exit code, the place and the remedy are told; no traceback; the database is as before."""
    before = fingerprint(broken_world[0])
    broken.prepare(shell)
    result = shell(*broken.words)
    assert result.code == broken.code, result
    for said in broken.says:
        assert said in " ".join(result.err.split()), f"{said!r} is not in: {result.err}"
    assert "Traceback" not in result.err + result.out
    assert "secret" not in result.err + result.out
    assert result.out == ""
    assert fingerprint(broken_world[0]) == before


def test_a_program_learns_of_a_failure_too(shell: Shell) -> None:
    """With --json standard output is still JSON, with the message and the code in it."""
    result = shell("customer", "show", "who@example.com", "--json")
    assert result.json()["exit"] == result.code == 1
    assert "no customer" in result.json()["error"]


def test_there_are_enough_cases() -> None:
    """At least forty broken inputs, each told apart by its name."""
    assert len({broken.name for broken in CASES}) == len(CASES) >= 40


def fingerprint(url: str) -> list[tuple[str, int, int]]:
    """Count and sum up every table but those that note down tries to import a file."""
    with closing(_Disposing(url)) as opened, opened.database.begin() as conn:
        tables = conn.execute(_TABLES).scalars().all()
        query = " UNION ALL ".join(
            f"SELECT '{name}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {name} t"
            for name in tables
        )
        return [(row[0], row[1], int(row[2])) for row in conn.execute(text(query))]


class _Disposing:
    def __init__(self, url: str) -> None:
        self.database = Database(url, pool_size=1)

    def close(self) -> None:
        self.database.dispose()


_TABLES = text("""
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname IN ('public', 'vault') AND tablename NOT LIKE 'import%' ORDER BY 1
""")
