"""The laptop stack as other parts of the product meet it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from dispatcher.embedded import runfile
from dispatcher.embedded.processes import without_proxy
from dispatcher.embedded.runfile import RunFile
from dispatcher.embedded.stack import Stack, open_database, without_password
from dispatcher.errors import Conflict
from tests.support.patience import eventually


def test_a_stack_answers_and_remembers(tmp_path: Path) -> None:
    """Both servers work, and what was written is there after a restart."""
    with Stack.start(tmp_path, durable=False) as stack:
        assert redis.Redis.from_url(stack.broker_url).ping()
        with psycopg.connect(plain(stack.database_url)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'ÅÄÖ €' AS word")
    with (
        Stack.start(tmp_path, broker=False, durable=False) as stack,
        psycopg.connect(plain(stack.database_url)) as connection,
    ):
        assert connection.execute("SELECT word FROM kept").fetchone() == ("ÅÄÖ €",)


def test_a_second_stack_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two terminals never start two servers on the same data; the second is told where to look."""
    with Stack.start(tmp_path, database_url="postgresql://elsewhere", broker=False):
        with pytest.raises(Conflict, match="'dispatcher status' shows it"):
            Stack.start(tmp_path)
        assert runfile.find_running(tmp_path) is not None


def test_given_addresses_win(tmp_path: Path) -> None:
    """With DATABASE_URL and BROKER_URL of one's own nothing is started."""
    with Stack.start(tmp_path, database_url="postgresql://mine", broker_url="amqp://mine") as stack:
        assert (stack.database_url, stack.broker_url) == ("postgresql://mine", "amqp://mine")
        assert stack.servers == {}


def test_commands_share_a_running_database(tmp_path: Path) -> None:
    """A command in a second terminal uses the stack that runs, else starts the server itself."""
    with Stack.start(tmp_path, broker=False, durable=False) as stack:
        stack.record(ready=True)
        with open_database(tmp_path) as url:
            assert url == stack.database_url
    with open_database(tmp_path) as url, psycopg.connect(plain(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not runfile.is_alive(tmp_path)


def test_a_run_file_without_a_living_stack_is_not_believed(tmp_path: Path) -> None:
    """A file left by a machine that lost power is recognised and removed."""
    RunFile(launcher=os.getpid(), database_url="postgresql://gone", ready=True).write(tmp_path)
    assert runfile.find_running(tmp_path) is None
    assert not (tmp_path / "run.json").exists()


def test_files_with_passwords_are_private(tmp_path: Path) -> None:
    """Who may not read the data folder may not enter the database."""
    with Stack.start(tmp_path, durable=False):
        for name in ("run.json", "postgres.password", "valkey/valkey.conf"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        running = runfile.find_running(tmp_path)
    assert running is not None
    password = (tmp_path / "postgres.password").read_text()
    assert password in running.database_url
    assert password not in repr(without_password(running))


def test_strangers_on_the_machine_cannot_enter(tmp_path: Path) -> None:
    """Loopback alone is no permission: both servers ask for a password."""
    with Stack.start(tmp_path, durable=False) as stack:
        url = psycopg.conninfo.conninfo_to_dict(plain(stack.database_url))
        for host in (url["host"], "127.0.0.1"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(
                    host=str(host), port=url["port"], user="dispatcher", password="guess"
                )
        stranger = redis.Redis.from_url(stack.broker_url, password=None)
        stranger.connection_pool.connection_kwargs["password"] = None
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_a_worker_gets_its_environment_and_nothing_else(tmp_path: Path) -> None:
    """What a process is given is what it has, and its words go to its log."""
    with Stack.start(tmp_path, database_url="x://", broker=False) as stack:
        code = "import os; print(sorted(name for name in os.environ if name != 'LC_CTYPE'))"
        stack.launch("one", [sys.executable, "-c", code], {"ONLY": "this"})
        log = tmp_path / "logs" / "one.log"
        assert eventually(lambda: "ONLY" in log.read_text())
        assert log.read_text() == "['ONLY']\n"
        assert eventually(lambda: stack.ended() == ["one"])


def test_loopback_never_goes_through_a_proxy() -> None:
    """What the machine exempts already stays exempt."""
    environment = without_proxy({"NO_PROXY": "intranet", "HTTP_PROXY": "http://proxy:3128"})
    assert environment["no_proxy"] == "intranet,localhost,127.0.0.1,::1"
    assert environment["NO_PROXY"] == environment["no_proxy"]
    assert environment["HTTP_PROXY"] == "http://proxy:3128"


def plain(url: str) -> str:
    return url.replace("+psycopg", "")
