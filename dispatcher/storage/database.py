"""The connection to PostgreSQL: one engine per process, transactions, bulk COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from dispatcher.errors import StorageDown


class Database:
    """Where everything is kept. `url` is any PostgreSQL URL; the driver is psycopg."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = with_driver(url)
        self._engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_recycle=1800,
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
        )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction, committed at the end of the block (READ COMMITTED)."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise StorageDown(f"the database does not answer: {first_line(error)}") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StorageDown(f"the database hung up: {first_line(error)}") from error
            raise

    def dispose(self, *, close: bool = True) -> None:
        """Drop all connections; `close=False` in a fork, whose parent still uses them."""
        self._engine.dispose(close=close)


def with_driver(url: str) -> str:
    """Name psycopg as the driver in a URL such as postgres://... or postgresql://..."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def driver_url(url: str) -> str:
    """Give the URL as libpq wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def first_line(error: BaseException) -> str:
    """Give the first line of what the database said."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def copy_rows(connection: Connection, into: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into `table (columns)`, the fastest way in."""
    with driver(connection).cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Give psycopg's own connection, for what SQLAlchemy has no word for."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw
