"""The programme's clock, which may be put forward only where nobody lives by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.errors import Conflict
from dispatcher.services.clock import jump
from dispatcher.storage import clock
from dispatcher.storage.database import Database

THEN = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)


def _now(database: Database) -> datetime:
    with database.begin() as conn:
        return datetime.fromtimestamp(clock.now(conn), UTC)


def test_in_safe_mode_it_runs_on_from_where_it_was_set(database_url: str) -> None:
    """Every process that asks the database sees the same instant."""
    database = Database(database_url)
    jump(database, THEN, safe_mode=True, actor="tests")
    assert THEN <= _now(database) < THEN + timedelta(minutes=1)
    database.dispose()


def test_outside_safe_mode_nobody_sets_it(database_url: str) -> None:
    """Real people live by the real clock."""
    database = Database(database_url)
    with pytest.raises(Conflict, match="only be set in safe mode"):
        jump(database, THEN, safe_mode=False, actor="tests")
    assert _now(database) < THEN
    database.dispose()
