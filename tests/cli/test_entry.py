"""How a command begins and ends, whichever it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher import __version__
from dispatcher.cli.entry import load
from dispatcher.cli.table import COMMANDS
from tests.cli.shell import Shell
from tests.support.patience import eventually

PROGRAM = (sys.executable, "-P", "-m", "dispatcher")
ROOT = Path(__file__).parents[2]
HEAVY = ("sqlalchemy", "celery", "psycopg", "dispatcher.wiring", "dispatcher.settings")


def every_command() -> Iterator[tuple[str, Any]]:
    """All commands as they are typed."""
    for name, entry in COMMANDS.items():
        command = load(name)
        if entry.group:
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


def environment(**values: str) -> dict[str, str]:
    """What a process of its own is given."""
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **values}


def test_the_version_is_told(bare_shell: Shell) -> None:
    """`--version` says which one it is."""
    assert bare_shell("--version").out == f"dispatcher {__version__}\n"


def test_the_help_lists_every_command_that_is_not_hidden(bare_shell: Shell) -> None:
    """`--help`, and no word at all, name each command with what it does."""
    result = bare_shell("--help")
    assert result.code == 0
    for name, entry in COMMANDS.items():
        assert bool(re.search(rf"^│ {name} ", result.out, re.MULTILINE)) is not entry.hidden
    assert bare_shell().out == result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    """The one-line help in the list is the first sentence of the command's own."""
    assert " ".join(load(name).help.split()) == COMMANDS[name].help


def test_every_command_can_answer_programs_and_explains_itself() -> None:
    """Each one has `--json`, a sentence of help, and help for each of its parameters."""
    for name, command in every_command():
        options = {option for each in command.params for option in each.opts}
        assert "--json" in options, name
        assert command.help.strip().endswith("."), name
        for each in command.params:
            assert each.help, f"{name}: {each.name} has no help"


def test_help_loads_nothing_heavy() -> None:
    """Neither help nor version waits for the database driver, Celery or the settings."""
    probe = f"""
import sys
from dispatcher.cli import run
run(["--version"]), run(["--help"])
sys.exit(",".join(name for name in {HEAVY!r} if name in sys.modules) or None)
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """A closed pipe ends the command without a word."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "status", "--json"],
        env=environment(DISPATCHER_HOME=str(tmp_path)),
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_streams_that_the_caller_closed_are_no_obstacle(tmp_path: Path) -> None:
    """Schedulers may start a command without any of the three; it runs, and says nothing."""
    closed = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    done = subprocess.run(
        [*closed, *PROGRAM, "init", "shop"], env=environment(), cwd=tmp_path, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "shop" / "dispatcher.toml").exists()


def test_a_full_disk_behind_standard_output_is_told(tmp_path: Path) -> None:
    """What cannot be written is told on standard error, with a code that says so."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "campaign", "new", "Spring"],
            env=environment(),
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "error: no space left on device; make room, or write elsewhere\n"


def test_interrupting_is_quiet(tmp_path: Path, database_url: str) -> None:
    """Ctrl-C ends a command with 130 and without a traceback."""
    values = environment(DATABASE_URL=database_url, DISPATCHER_HOME=str(tmp_path / "home"))
    made = subprocess.run([*PROGRAM, "init"], env=values, cwd=tmp_path, capture_output=True)
    assert made.returncode == 0
    file = "campaigns/first-offer.toml"
    approved = subprocess.run(
        [*PROGRAM, "campaign", "approve", file], env=values, cwd=tmp_path, capture_output=True
    )
    assert approved.returncode == 0, approved.stderr
    said = tmp_path / "said"
    with said.open("wb") as out:
        watching = subprocess.Popen(
            [*PROGRAM, "campaign", "watch", "1", "--json"],
            env=values,
            stdout=out,
            stderr=subprocess.PIPE,
        )
        assert eventually(lambda: said.stat().st_size > 0 or watching.poll() is not None)
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=20)
    assert (watching.returncode, errors) == (130, b"")
