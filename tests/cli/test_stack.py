"""The commands for the laptop stack, as a person or a script meets them."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from dispatcher.cli.stack import NOT_RUNNING, app
from dispatcher.embedded.stack import Stack
from dispatcher.errors import Conflict, NotFound


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=answer, env=CLEAN)


CLEAN = dict.fromkeys(("DATABASE_URL", "BROKER_URL", "DISPATCHER_HOME"))


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher.toml of the developer's is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPATCHER_CONFIG", raising=False)


def test_status_says_when_nothing_runs(tmp_path: Path) -> None:
    """A script can tell by the exit code."""
    said = run("status", "--home", str(tmp_path))
    assert (said.exit_code, said.output) == (NOT_RUNNING, f"No stack runs in {tmp_path}.\n")
    assert json.loads(run("status", "--home", str(tmp_path), "--json").output) == {"running": False}


def test_status_shows_a_running_stack_without_passwords(tmp_path: Path) -> None:
    """Addresses are shown masked unless asked for."""
    with Stack.start(tmp_path, durable=False) as stack:
        shown = run("status", "--home", str(tmp_path)).output
        facts = json.loads(run("status", "--home", str(tmp_path), "--json", "--urls").output)
        password = (tmp_path / "postgres.password").read_text()
        assert password not in shown
        assert "dispatcher:***@" in shown
        assert facts["database_url"] == stack.database_url


def test_up_wants_a_port_that_exists_and_is_free(tmp_path: Path) -> None:
    """Another program's pages are not taken for ours; nothing is left running."""
    assert run("up", "--port", "99999").exit_code == 2
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = run("up", "--home", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert isinstance(said.exception, Conflict)
    assert "is taken by another program: choose another with --port" in str(said.exception)
    assert run("status", "--home", str(tmp_path)).exit_code == NOT_RUNNING


def test_down_without_a_stack_is_no_error(tmp_path: Path) -> None:
    """Stopping what is stopped succeeds and says so."""
    said = run("down", "--home", str(tmp_path))
    assert (said.exit_code, said.output) == (0, f"No stack runs in {tmp_path}.\n")


def test_logs_shows_the_last_lines_of_each(tmp_path: Path) -> None:
    """Each line bears the name of its process; an unknown name is met with the known ones."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_text("one\n\ntwo\nthree\n")
    (tmp_path / "logs" / "beat.log").write_text("tick\n")
    shown = run("logs", "--home", str(tmp_path), "--lines", "2").output
    assert shown == "      beat | tick\n       web | two\n       web | three\n"
    assert json.loads(run("logs", "web", "--home", str(tmp_path), "--json").output) == {
        "web": ["one", "two", "three"]
    }
    with pytest.raises(NotFound, match="no log of 'wbe'; there are: beat, web"):
        run_through("logs", "wbe", "--home", str(tmp_path))


def run_through(*words: str) -> None:
    CliRunner().invoke(app, list(words), catch_exceptions=False, env=CLEAN)


def test_reset_asks_and_keeps_settings(tmp_path: Path) -> None:
    """Without a yes nothing is removed; with it the data goes and the keys stay."""
    Stack.start(tmp_path, broker=False, durable=False).stop()
    (tmp_path / "dispatcher.toml").write_text("safe_mode = true\n")
    assert run("reset", "--home", str(tmp_path), answer="n\n").exit_code == 1
    assert (tmp_path / "postgres").exists()
    assert run("reset", "--home", str(tmp_path), "--yes").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["dispatcher.toml"]


def test_reset_refuses_while_the_stack_runs(tmp_path: Path) -> None:
    """A running database is never pulled from under its workers."""
    with (
        Stack.start(tmp_path, database_url="x://", broker=False, durable=False),
        pytest.raises(Conflict, match="'dispatcher down' first"),
    ):
        run_through("reset", "--home", str(tmp_path), "--yes")


def test_backup_and_restore_of_the_private_database(tmp_path: Path) -> None:
    """Both start the server if it does not run, and restore warns of lost opt-outs."""
    home, file = tmp_path / "home", tmp_path / "saved.backup"
    with (
        Stack.start(home, broker=False, durable=False) as stack,
        psycopg.connect(stack.database_url.replace("+psycopg", "")) as connection,
    ):
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert run("backup", str(file), "--home", str(home)).exit_code == 0
    run("reset", "--home", str(home), "--yes")
    said = run("restore", str(file), "--home", str(home), "--yes")
    assert said.exit_code == 0, said.output
    assert "Whoever opted out since then" in said.output
    assert "people.keys" not in said.output  # it was found beside the backup
    with (
        Stack.start(home, broker=False, durable=False) as stack,
        psycopg.connect(stack.database_url.replace("+psycopg", "")) as connection,
    ):
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
