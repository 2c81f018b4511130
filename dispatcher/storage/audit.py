"""The audit trail: who did what to which thing, append-only."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.messages import JSON

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
