"""The programme's clock: the database's, and in safe mode perhaps some hours ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text


def now(conn: Connection) -> float:
    """Give the programme's present instant in Unix seconds."""
    query = "SELECT extract(epoch FROM clock_timestamp() + ahead)::float8 FROM clock"
    return float(conn.execute(text(query)).scalar_one())


def server(conn: Connection) -> float:
    """Give the database's own instant in Unix seconds, whatever the programme's is."""
    query = "SELECT extract(epoch FROM clock_timestamp())::float8"
    return float(conn.execute(text(query)).scalar_one())


def set_ahead(conn: Connection, ahead: timedelta) -> None:
    """Set how far the programme's clock is ahead; the caller has made sure of safe mode."""
    conn.execute(text("UPDATE clock SET ahead = :ahead"), {"ahead": ahead})


def set_to(conn: Connection, to: datetime) -> None:
    """Set the programme's clock to an instant, from which it runs on; the same duty holds."""
    conn.execute(text("UPDATE clock SET ahead = :to - clock_timestamp()"), {"to": to})
