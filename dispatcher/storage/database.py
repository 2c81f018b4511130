"""The connection to PostgreSQL: one engine per process, transactions, bulk COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import Connection, Engine, TextClause, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from dispatcher.errors import StorageDown

Row = tuple[Any, ...]

_OPTIONS = "-c timezone=UTC"
# A wave's tables are empty when its first batch is planned for and full at its last: a plan kept
# from the beginning would read them from end to end for every batch.
_AT_WILL = " -c plan_cache_mode=force_custom_plan"
# By key there is but one way, whatever the tables hold: its plan is kept.
_WALKS = ("seqscan", "hashjoin", "mergejoin", "material", "bitmapscan")
_BY_KEY = "".join(f" -c enable_{walk}=off" for walk in _WALKS) + (
    " -c plan_cache_mode=force_generic_plan"
)
_TRUSTED_FOR = 1.0  # seconds a connection may rest and still be used without asking


class Database:
    """Where everything is kept. `url` is any PostgreSQL URL; the driver is psycopg."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = with_driver(url)
        self._engine = _engine(self.url, pool_size, _OPTIONS + _AT_WILL)
        self._by_key = _engine(self.url, pool_size, _OPTIONS + _BY_KEY)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction, committed at the end of the block (READ COMMITTED)."""
        with _transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def begin_by_key(self) -> Iterator[Connection]:
        """Open a transaction that finds rows by their keys only.

        A batch is a few hundred rows of tables that grow while their statistics are from before;
        left to itself the planner reads whole tables for each batch, and a wave costs its size
        squared.
        """
        with _transaction(self._by_key) as connection:
            yield connection

    def dispose(self, *, close: bool = True) -> None:
        """Drop all connections; `close=False` in a fork, whose parent still uses them."""
        self._engine.dispose(close=close)
        self._by_key.dispose(close=close)


def _engine(url: str, pool_size: int, options: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_recycle=1800,
        hide_parameters=True,  # an error in a log must not repeat whom it was about
        json_deserializer=orjson.loads,
        connect_args={"connect_timeout": 5, "options": options},
    )
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _ask_rested)
    return engine


def _note_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = monotonic()


def _ask_rested(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Ask a connection that rested whether it still stands; one used just now is believed."""
    if monotonic() - record.info.get("rests_since", inf) > _TRUSTED_FOR:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.OperationalError as error:
            raise InvalidatePoolError from error


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, PoolTimeoutError, psycopg.OperationalError) as error:
        raise StorageDown(f"the database does not answer: {first_line(error)}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageDown(f"the database hung up: {first_line(error)}") from error
        raise


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


def rows_of(connection: Connection, query: TextClause, values: Mapping[str, Any]) -> Sequence[Row]:
    """Run a query and give its rows as the driver made them; for batches, where rows cost."""
    cursor = connection.execute(query, values).cursor
    assert cursor is not None
    return cursor.fetchall()


def copy_rows(connection: Connection, into: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into `table (columns)`, the fastest way in."""
    with driver(connection).cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def numbers(values: Sequence[float | None]) -> str:
    """Write an array of numbers as PostgreSQL reads it; many times faster than the driver does."""
    if None in values:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
    return "{" + str(list(values))[1:-1] + "}"


def words(values: Sequence[str | None]) -> str:
    """Write an array of texts as PostgreSQL reads it."""
    if values and None not in values:
        # Most texts hold nothing that would have to be escaped, which is found out of all at once.
        joined = '","'.join(cast("Sequence[str]", values))
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return '{"' + joined + '"}'
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Give psycopg's own connection, for what SQLAlchemy has no word for."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw
