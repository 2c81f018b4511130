"""Withdrawals: every narrowing of permission, told to running workers.

See docs/how-it-works.md#why-nobody-gets-what-they-did-not-ask-for.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

_PEOPLE = text(
    "INSERT INTO withdrawal (person_id) SELECT DISTINCT unnest(CAST(:people AS bigint[]))"
)
_SCOPE = text("INSERT INTO withdrawal (scope) VALUES (:scope)")


def withdraw(conn: Connection, person_ids: Iterable[int]) -> None:
    """Stop what is under way to these people; part of the transaction that narrows."""
    people = list(person_ids)
    if people:
        conn.execute(_PEOPLE, {"people": people})


def withdraw_scope(conn: Connection, scope: str) -> None:
    """Stop a whole scope: `all`, `brand:x`, `campaign:7` or `gateway:y`."""
    conn.execute(_SCOPE, {"scope": scope})
