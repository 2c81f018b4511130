"""The audit trail: who did what to which thing, append-only."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.messages import JSON

_ACTORS = text("""
    SELECT DISTINCT actor FROM audit
    WHERE action = ANY(:actions) AND subject = :subject AND detail @> CAST(:detail AS jsonb)
""")
_WRITE = text("""
    INSERT INTO audit (actor, action, subject, detail)
    VALUES (:actor, :action, :subject, CAST(:detail AS jsonb))
""")


def write(
    conn: Connection, actor: str, action: str, subject: str, detail: JSON | None = None
) -> None:
    """Write one line, in the transaction of the act itself. No personal values in `detail`."""
    line = {"actor": actor, "action": action, "subject": subject}
    conn.execute(_WRITE, {**line, "detail": orjson.dumps(detail or {}).decode()})


def actors(conn: Connection, actions: Sequence[str], subject: str, detail: JSON) -> set[str]:
    """Give who did one of these things to something, in lines that say what `detail` says."""
    asked = {"actions": list(actions), "subject": subject, "detail": orjson.dumps(detail).decode()}
    return set(conn.execute(_ACTORS, asked).scalars())
