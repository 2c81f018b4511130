"""What goes to the database as an array comes back as it was."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dispatcher.storage.database import Database, numbers, words

# PostgreSQL holds every text but one with a NUL, or with a lone surrogate.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
awkward = st.sampled_from(['"', "\\", "", "NULL", "null", "{}", ",", 'a","b', '\\"', " a "])
one_database = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@one_database
@given(st.lists(st.none() | awkward | texts, max_size=12))
def test_texts_come_back_as_they_were(database_url: str, sent: list[str | None]) -> None:
    """Whatever somebody wrote: quotes, backslashes, commas, nothing at all."""
    assert back(database_url, "text", words(sent)) == sent


@one_database
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=12))
def test_whole_numbers_come_back_as_they_were(database_url: str, sent: list[int | None]) -> None:
    """To the last digit."""
    assert back(database_url, "bigint", numbers(sent)) == sent


@one_database
@given(st.lists(st.none() | st.floats(allow_nan=False), max_size=12))
def test_other_numbers_come_back_as_they_were(database_url: str, sent: list[float | None]) -> None:
    """To the last bit; for ever is a number, too."""
    assert back(database_url, "float8", numbers(sent)) == sent


def back(url: str, kind: str, array: str) -> Sequence[object]:
    """Send an array to the database and have it sent back."""
    database = Database(url, pool_size=1)
    with database.begin() as conn:
        found: Sequence[object] = conn.execute(
            text(f"SELECT CAST(:array AS {kind}[])"), {"array": array}
        ).scalar_one()
    database.dispose()
    return found
