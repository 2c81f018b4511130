"""Watches for withdrawals: one thread per process that polls the primary every 50 ms.

Polling by sequence would lose rows whose transaction commits late, and LISTEN fails open, so each
poll re-reads all rows not older than the oldest transaction the last poll saw running
(docs/how-it-works.md#why-nobody-gets-what-they-did-not-ask-for).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from time import monotonic
from typing import Any

import psycopg

from dispatcher.storage.database import driver_url

_POLL = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text, w.xid::text, w.person_id, w.scope
    FROM (VALUES (1)) AS always (one) LEFT JOIN withdrawal w ON w.xid >= %s::xid8
"""
_EVERY = 0.05
_FRESH = 0.15
_REMEMBER = 900.0  # seconds; far longer than any batch is held


class Watch:
    """Knows who withdrew, from moments after it was committed. Times are monotonic seconds."""

    def __init__(self, url: str, *, every: float = _EVERY, fresh: float = _FRESH) -> None:
        self._url = driver_url(url)
        self._every, self._fresh = every, fresh
        self._seen: dict[int | str, float] = {}
        self._transactions: dict[str, float] = {}
        self._floor = "0"
        self._began = float("-inf")
        self._newest = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="withdrawals", daemon=True)

    def start(self) -> None:
        """Start polling."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling; from then on nothing may be written."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._began = float("-inf")

    def fresh(self) -> bool:
        """Tell whether the newest completed poll began recently enough to rely on."""
        return monotonic() - self._began < self._fresh

    def quiet(self, since: float) -> bool:
        """Tell whether nobody at all withdrew at or after `since`: the usual case, told at once."""
        return self._newest < since

    def withdrawn(self, subject: int | str, since: float) -> bool:
        """Tell whether a person or scope withdrew at or after `since`, or not surely before it."""
        return self._seen.get(subject, float("-inf")) >= since

    def any_withdrawn(self, subjects: Iterable[int | str], since: float) -> bool:
        """Tell whether any of the subjects withdrew."""
        return any(self.withdrawn(subject, since) for subject in subjects)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._poll_until_stopped()
            except psycopg.Error:
                self._stop.wait(0.2)  # not fresh meanwhile: all senders stall, none sends blindly

    def _poll_until_stopped(self) -> None:
        with psycopg.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="withdrawals"
        ) as connection:
            if self._floor == "0":
                self._floor = _present(connection)
            while not self._stop.is_set():
                began = monotonic()
                self._take(connection.execute(_POLL, [self._floor], prepare=True).fetchall())
                self._began = began
                self._stop.wait(self._every)

    def _take(self, rows: list[tuple[Any, ...]]) -> None:
        now = monotonic()
        for _, xid, person_id, scope in rows:
            if xid is not None and f"{xid} {person_id} {scope}" not in self._transactions:
                self._transactions[f"{xid} {person_id} {scope}"] = now
                self._seen[person_id or scope] = now
                self._newest = now
        self._floor = rows[0][0]
        if len(self._transactions) > 10_000:
            self._prune(now - _REMEMBER)

    def _prune(self, before: float) -> None:
        floor = int(self._floor)
        self._transactions = {
            key: at
            for key, at in self._transactions.items()
            if int(key.split(" ", 1)[0]) >= floor or at >= before
        }
        self._seen = {subject: at for subject, at in self._seen.items() if at >= before}


def _present(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    return str(row[0])
