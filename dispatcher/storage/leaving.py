"""Why people left, as far as they said: a number for each reason, and nothing of anybody."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

_COUNT = text(
    "INSERT INTO leaving_reason (reason, people) VALUES (:reason, 1)"
    " ON CONFLICT (reason) DO UPDATE SET people = leaving_reason.people + 1"
)
_COUNTS = text(
    "SELECT reason, people FROM leaving_reason WHERE people >= :least ORDER BY 2 DESC, 1"
)


def count(conn: Connection, reason: str) -> None:
    """Count one more person who left for this reason."""
    conn.execute(_COUNT, {"reason": reason})


def counts(conn: Connection, least: int) -> Mapping[str, int]:
    """Give how many left for which reason, where there are enough of them to be nobody."""
    return {row.reason: row.people for row in conn.execute(_COUNTS, {"least": least})}
