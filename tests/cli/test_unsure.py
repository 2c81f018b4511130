"""`dispatcher unsure`: what nobody knows the fate of, until somebody does."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from dispatcher.domain.reports import FEWER
from dispatcher.storage.database import Database
from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text


@pytest.fixture
def anna(shell: Shell, database_url: str) -> int:
    """Anna's copy was on the wire when its worker died."""
    number = add_anna(shell)
    lines = {"hours": 'hours = "00:00-24:00"', "channels": 'channels = ["email"]'}
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text(**lines)))
    shell.done("campaign", "enqueue", "Spring")
    work()
    database = Database(database_url, pool_size=1)
    with database.begin() as conn:
        conn.execute(text("UPDATE attempt SET outcome = 'unsure'"))
        conn.execute(text("UPDATE delivery SET state = 'unsure', detail = 'worker died'"))
    database.dispose()
    return number


def test_they_are_listed(shell: Shell, anna: int) -> None:
    """By campaign and by person, with what is known."""
    (line,) = shell.done("unsure", "list")["unsure"]
    assert (line["customer_id"], line["campaign"], line["detail"]) == (
        anna,
        "Spring",
        "worker died",
    )
    assert len(shell.done("unsure", "list", "--who", "anna@example.com")["unsure"]) == 1
    assert "Spring" in shell("unsure", "list", "--campaign", "Spring").out


@pytest.mark.parametrize("word", ["accepted", "refused"])
def test_somebody_who_knows_settles_them(shell: Shell, anna: int, word: str) -> None:
    """Once, and the report counts them as what they were."""
    settle = ("unsure", "resolve", f"--{word}", "--campaign", "Spring", "--yes")
    assert shell.done(*settle)["settled"] == 1
    assert shell.done(*settle)["settled"] == 0
    assert shell.done("campaign", "report", "Spring")["by_state"] == {word: FEWER}
    assert "Nothing is unsure" in shell("unsure", "list").out


def test_settling_is_audited(shell: Shell, anna: int, database_url: str) -> None:
    """Whose word it was stays on record."""
    shell.done("unsure", "resolve", "--accepted", "--who", anna, "--yes")
    database = Database(database_url, pool_size=1)
    with database.begin() as conn:
        query = text("SELECT detail FROM audit WHERE action = 'resolve_unsure'")
        detail = conn.execute(query).scalar_one()
    database.dispose()
    assert (detail["as"], detail["people"]) == ("accepted", [anna])


def test_settling_asks_first(shell: Shell, anna: int) -> None:
    """Without --yes and without an answer nothing is settled."""
    assert shell("unsure", "resolve", "--accepted").code == 1
    assert len(shell.done("unsure", "list")["unsure"]) == 1
