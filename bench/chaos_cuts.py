"""Connections lost at a commit, before or after the database has done it: nobody can tell which."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection

from dispatcher.storage import batches, deliveries, settlements
from dispatcher.storage.database import driver, driver_url

# The last function of the transactions that count.
_COMMITS: dict[str, tuple[Any, str]] = {
    "claim": (batches, "claim"),
    "reserve": (deliveries, "write_decisions"),
    "permit": (batches, "permit"),
    "settle": (settlements, "settle"),
    "hand-back": (batches, "hand_back"),
}


class Line(StrEnum):
    """What became of the commit; the worker sees the same of both."""

    CUT_BEFORE = "lost with it"
    CUT_AFTER = "done, its answer lost"


class Cut(NamedTuple):
    """Which transaction's connection is lost, named by its last function or functions, and how."""

    owner: Any
    names: str
    line: Line


CUTS: dict[str, Cut] = {
    f"connection cut at the commit of {name}: {line}": Cut(*place, line)
    for name, place in _COMMITS.items()
    for line in Line
}


class Scissors:
    """Cuts one connection of this process, once, at the `count`-th passing of its place."""

    def __init__(self, url: str, label: str, count: int, say: Callable[[str], None]) -> None:
        self._url = driver_url(url)
        self._label, self._left, self._say = label, count, say

    def wrap(self) -> None:
        """Put itself at its place; the product knows nothing of it."""
        cut = CUTS[self._label]
        for name in cut.names.split():
            setattr(cut.owner, name, self._wrapped(getattr(cut.owner, name)))

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(conn: Connection, *args: Any, **kwargs: Any) -> Any:
            result = real(conn, *args, **kwargs)
            self._left -= 1
            if self._left == 0:
                self._arm(driver(conn))
            return result

        return wrapped

    def _arm(self, connection: psycopg.Connection[Any]) -> None:
        commit, line = connection.commit, CUTS[self._label].line

        def cut_commit() -> None:
            self._say(self._label)
            if line is Line.CUT_AFTER:
                commit()
            self._terminate(connection.info.backend_pid)
            commit() if line is Line.CUT_BEFORE else connection.execute("SELECT 1")

        setattr(connection, "commit", cut_commit)  # noqa: B010 - a plain assignment mypy forbids

    def _terminate(self, pid: int) -> None:
        """End the server's side of a connection, and wait until it is gone."""
        with psycopg.connect(self._url, autocommit=True) as operator:
            operator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
