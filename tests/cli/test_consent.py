"""`dispatcher consent`: the ledger verified from the command line."""

from __future__ import annotations

from sqlalchemy import text

from dispatcher.storage import leaving
from dispatcher.storage.database import Database
from tests.cli.shell import Shell, add_anna
from tests.support.ledger import settled


def test_a_whole_ledger_ends_well(shell: Shell) -> None:
    """What was looked at is told, for people and for programs."""
    add_anna(shell)
    assert "all of it holds" in shell("consent", "verify").out
    told = shell.done("consent", "verify")
    assert (told["people"], told["events"], told["faults"]) == (1, 1, 0)


def test_a_broken_one_names_the_event_and_fails(shell: Shell, database_url: str) -> None:
    """The exit code is 1, with the checkpoints of before as without."""
    anna = add_anna(shell)
    database = Database(database_url, pool_size=1)
    settled(database)
    kept = shell.done("consent", "checkpoints", "--out", "kept.jsonl")
    assert (kept["last"], kept["lines"]) == (1, 2)
    shell.done("consent", "verify", "--against", "kept.jsonl")
    with database.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("UPDATE consent_event SET origin = 'another'"))
    database.dispose()
    result = shell("consent", "verify", "--against", "kept.jsonl")
    assert result.code == 1
    line = f"- customer {anna}, event 1 (#1, email coffee opt_in): it was changed"
    assert line in result.out.replace("\n  ", " ")


def test_what_cannot_be_compared_with_is_misuse(shell: Shell) -> None:
    """A file that is not there, or is something else."""
    assert shell("consent", "verify", "--against", "none").code == 2
    shell.write("wrong", "nonsense")
    assert shell("consent", "verify", "--against", "wrong").code == 2


def test_why_people_left_is_told_of_ten_or_more(shell: Shell, database_url: str) -> None:
    """A smaller count might be somebody, so it is not shown."""
    assert "by 10 people yet" in shell("consent", "reasons").out
    database = Database(database_url, pool_size=1)
    with database.begin() as conn:
        for _ in range(10):
            leaving.count(conn, "too_many")
        leaving.count(conn, "other")
    database.dispose()
    assert shell.done("consent", "reasons") == {"too_many": 10}
    assert "too many: 10" in shell("consent", "reasons").out
