"""Context flags: what is going on with people, as told by systems, operators and themselves."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.context_flags import REST, ContextFlag
from dispatcher.domain.explanations import HoldLine
from dispatcher.storage.database import numbers, rows_of


class Standing(NamedTuple):
    """What holds offers to a person back for longest; `until` in Unix seconds, or inf."""

    flag: str
    until: float


def put(
    conn: Connection,
    customer_id: int,
    flag: ContextFlag,
    brand: str,
    since: datetime,
    until: datetime | None = None,
) -> bool:
    """Hold a brand's offers ("*": all) to a person, until it is closed or (`until`) for a time.

    Gives whether that is news. An open flag is opened once, whoever else reports it.
    """
    values = {"customer": customer_id, "flag": flag, "brand": brand, "since": since}
    return conn.execute(_PUT, {**values, "until": until}).rowcount == 1


def close(
    conn: Connection, customer_id: int, flag: ContextFlag | None, brand: str | None, at: datetime
) -> int:
    """Close what is open, of one flag and brand or (None) of any; offers rest a while longer.

    Only what the person asked for ends at once. Gives how many were closed.
    """
    values = {"customer": customer_id, "flag": flag, "brand": brand, "at": at, "rest": REST}
    return conn.execute(_CLOSE, values).rowcount


def standing(conn: Connection, ids: list[int], brand: str, now: float) -> dict[int, Standing]:
    """Give what holds back a brand's offers to these people now; most people have nothing."""
    values = {"ids": numbers(ids), "brand": brand, "now": now}
    rows = rows_of(conn, _STANDING, values)
    return {row[0]: Standing(row[1], row[2]) for row in rows}


def of_person(conn: Connection, customer_id: int) -> tuple[HoldLine, ...]:
    """Give every flag on record about a person, oldest first."""
    return tuple(HoldLine(*row) for row in conn.execute(_OF_PERSON, {"customer": customer_id}))


_PUT = text("""
    INSERT INTO context_flag AS f (customer_id, flag, brand, since, until)
    VALUES (:customer, :flag, :brand, :since, coalesce(:until, 'infinity'::timestamptz))
    ON CONFLICT (customer_id, flag, brand) DO UPDATE
    SET since = excluded.since, until = excluded.until, closed_at = NULL
    WHERE f.until <> excluded.until
""")

_CLOSE = text("""
    UPDATE context_flag
    SET closed_at = :at, until = CASE flag WHEN 'quiet' THEN :at ELSE :at + :rest END
    WHERE customer_id = :customer AND closed_at IS NULL AND until > :at
      AND flag = coalesce(:flag, flag) AND brand = coalesce(:brand, brand)
""")

# The last row of a person wins: that which holds for longest, and of open ones always the same.
_STANDING = text("""
    SELECT customer_id, flag, extract(epoch FROM until)::float8 FROM context_flag
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND brand IN ('*', :brand)
      AND until > to_timestamp(:now)
    ORDER BY until, flag
""")

# The same of everybody; `at` in Unix seconds.
STANDING = """
    SELECT DISTINCT ON (customer_id) customer_id, flag, until FROM context_flag
    WHERE brand IN ('*', :brand) AND until > to_timestamp(:at)
    ORDER BY customer_id, until DESC, flag DESC
"""

_OF_PERSON = text("""
    SELECT flag, brand, since, nullif(until, 'infinity') AS until, closed_at FROM context_flag
    WHERE customer_id = :customer ORDER BY since, flag
""")
