"""Retain: once a day, what has been kept long enough goes, in steps that hold nobody up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from dispatcher.errors import StorageDown
from dispatcher.services.erase import forget
from dispatcher.services.subscribe import Desk
from dispatcher.storage import clock, retention
from dispatcher.storage.database import Database


def sweep(desk: Desk) -> dict[str, int]:
    """Delete one step of everything that is too old, if it is time; give rows by record."""
    database = desk.database
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
    for kind in retention.FORGOTTEN:
        people, more = _forget(desk, kind, now)
        unfinished = unfinished or more
        if people:
            gone[kind.name] = people
    gone |= dict.fromkeys(_drop_months(database, now), 0)
    if unfinished:
        with database.begin() as conn:
            retention.come_back(conn)
    return gone


def _forget(desk: Desk, kind: retention.Quiet, now: datetime) -> tuple[int, bool]:
    """Erase some people we have nothing to do with any more; whoever stirred meanwhile stays."""
    with desk.database.begin() as conn:
        people, more = retention.quiet(conn, kind, now)
    gone = 0
    for customer_id in people:
        still = partial(retention.is_quiet, kind=kind, customer_id=customer_id, now=now)
        gone += forget(desk, customer_id, now, still)
    return gone, more


def _drop_months(database: Database, now: datetime) -> list[str]:
    """Drop whole months; whoever sends goes first, so it may have to wait for another day."""
    try:
        with database.begin() as conn:
            return retention.drop_months(conn, now)
    except StorageDown:
        return []
