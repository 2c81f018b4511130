"""PostgreSQL starts for root, with and without namespaces, and for a user who has no name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.isolation import run_as_nameless, run_as_root_without_namespaces
from tests.support.requirements import require

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import os, sys
from pathlib import Path
import psycopg
from dispatcher.embedded.stack import Stack
from dispatcher.errors import DispatcherError
try:
    with Stack.start(Path(sys.argv[1]), durable=False) as stack:
        with psycopg.connect(stack.database_url.replace("+psycopg", "")) as connection:
            print("works for", os.geteuid(), connection.execute("SELECT 1").fetchone())
except DispatcherError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(tmp_path / "home")]


@pytest.fixture
def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PATH": os.defpath}


@pytest.mark.usefixtures("namespaces")
def test_a_user_without_a_name_can_start_the_stack(
    command: list[str], environment: dict[str, str]
) -> None:
    """A uid that /etc/passwd does not know, as containers like to use."""
    done = run_as_nameless(command, environment, namespaces=True)
    assert done.stdout == "works for 12345 (1,)\n", done.stderr


@pytest.mark.usefixtures("namespaces")
def test_a_user_without_a_name_and_without_namespaces_is_told_what_to_do(
    command: list[str], environment: dict[str, str]
) -> None:
    """One sentence: why not, and the remedies."""
    done = run_as_nameless(command, environment, namespaces=False)
    assert done.returncode == 1
    assert done.stderr == (
        "DATABASE_URL: is not set, and PostgreSQL cannot be started by uid 12345, which has no "
        "name in /etc/passwd while user namespaces are not allowed here: run as a user with a "
        "name, or set DATABASE_URL to a server of yours.\n"
    )


@pytest.mark.usefixtures("namespaces")
def test_root_can_start_the_stack_without_namespaces(
    command: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    """The server then runs as nobody, with its data where nobody may go; twice, to reuse it."""
    require(os.geteuid() == 0, "root", "become nobody", "sudo ./dispatch test")
    for _ in range(2):
        done = run_as_root_without_namespaces(command, environment)
        assert done.stdout == "works for 0 (1,)\n", done.stderr
    home_of_nobody = (tmp_path / "home" / "postgres").resolve()
    assert home_of_nobody.owner() == "nobody"
    shutil.rmtree(home_of_nobody)
