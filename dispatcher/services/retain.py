"""Retain: once a day, what has been kept long enough goes, in steps that hold nobody up."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatcher.errors import StorageDown
from dispatcher.storage import clock, retention
from dispatcher.storage.database import Database


def sweep(database: Database) -> dict[str, int]:
    """Delete one step of everything that is too old, if it is time; give rows by record."""
    with database.begin() as conn:
        if not retention.claim(conn):
            return {}
        now = datetime.fromtimestamp(clock.now(conn), UTC)
    gone: dict[str, int] = {}
    unfinished = False
    for each in retention.SWEEPS:
        with database.begin() as conn:
            rows, more = retention.run(conn, each, now)
        unfinished = unfinished or more
        if rows:
            gone[each.table] = rows
    gone |= dict.fromkeys(_drop_months(database, now), 0)
    if unfinished:
        with database.begin() as conn:
            retention.come_back(conn)
    return gone


def _drop_months(database: Database, now: datetime) -> list[str]:
    """Drop whole months; whoever sends goes first, so it may have to wait for another day."""
    try:
        with database.begin() as conn:
            return retention.drop_months(conn, now)
    except StorageDown:
        return []
