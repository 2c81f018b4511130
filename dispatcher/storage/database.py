"""The connection to PostgreSQL: one engine per process, transactions, bulk COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dispatcher.errors import StorageDown

# A wave's tables are empty when its first batch is planned for and full at its last: a plan kept
# from the beginning would read them from end to end for every batch.
_OPTIONS = "-c timezone=UTC -c plan_cache_mode=force_custom_plan"


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
            connect_args={"connect_timeout": 5, "options": _OPTIONS},
        )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction, committed at the end of the block (READ COMMITTED)."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OperationalError, PoolTimeoutError, psycopg.OperationalError) as error:
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


def by_key(connection: Connection) -> None:
    """Let this transaction find rows by their keys only.

    A batch is a few hundred rows of tables that grow while their statistics are from before; left
    to itself the planner reads whole tables for each batch, and a wave costs its size squared.
    """
    connection.execute(_BY_KEY)


_BY_KEY = text("""
    SELECT set_config(name, 'off', true)
    FROM (VALUES ('enable_seqscan'), ('enable_hashjoin'), ('enable_mergejoin'),
                 ('enable_material'), ('enable_bitmapscan')) AS walks (name)
""")


def copy_rows(connection: Connection, into: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into `table (columns)`, the fastest way in."""
    with driver(connection).cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def numbers(values: Iterable[float | None]) -> str:
    """Write an array of numbers as PostgreSQL reads it; many times faster than the driver does."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def words(values: Iterable[str | None]) -> str:
    """Write an array of texts as PostgreSQL reads it."""
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if value.isidentifier() and value.lower() != "null":
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Give psycopg's own connection, for what SQLAlchemy has no word for."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw
