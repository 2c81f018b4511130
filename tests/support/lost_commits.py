"""A connection that dies at one named commit, before or after the server has done it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from dispatcher.storage import batches, deliveries, settlements
from dispatcher.storage.database import driver, driver_url

# The last statements of the transactions that count, and at which call the line is to be lost.
LOST: dict[str, tuple[Any, str, int]] = {
    "connection lost at the commit of a claim": (batches, "claim", 1),
    "connection lost at the commit of reserve": (deliveries, "write_decisions", 1),
    "connection lost at the commit of a permit": (batches, "permit", 2),
    "connection lost at the commit of settle": (settlements, "settle", 1),
    "connection lost at the commit of handing back": (batches, "hand_back", 1),
}


class Line(StrEnum):
    """What became of the commit: the client sees the same of both."""

    CUT_BEFORE = "the commit is lost"
    CUT_AFTER = "its answer is lost"


class LostCommit:
    """Loses one connection, once. The product knows nothing of this: the points are wrapped."""

    def __init__(self, url: str, line: Line) -> None:
        self.happened = False
        self._url, self._line = driver_url(url), line

    def arm(self, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
        """Wrap what stands last before that commit."""
        owner, name, count = LOST[point]
        monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name), count))

    def _wrapped(self, real: Callable[..., Any], count: int) -> Callable[..., Any]:
        passed = 0

        def wrapped(conn: Connection, *args: Any, **named: Any) -> Any:
            nonlocal passed
            passed += 1
            result = real(conn, *args, **named)
            if passed == count:
                self._lose(driver(conn))
            return result

        return wrapped

    def _lose(self, connection: psycopg.Connection[Any]) -> None:
        commit = connection.commit

        def lost_commit() -> None:
            self.happened = True
            if self._line is Line.CUT_AFTER:
                commit()
            self._terminate(connection.info.backend_pid)
            commit() if self._line is Line.CUT_BEFORE else connection.execute("SELECT 1")

        connection.commit = lost_commit  # type: ignore[method-assign]

    def _terminate(self, pid: int) -> None:
        """End the server's side of a connection, and wait until it is gone."""
        with psycopg.connect(self._url, autocommit=True) as operator:
            operator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
