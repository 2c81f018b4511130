"""Clock: the programme's clock put forward, which only safe mode allows."""

from __future__ import annotations

from datetime import datetime

from dispatcher.errors import Conflict
from dispatcher.storage import audit, clock
from dispatcher.storage.database import Database


def jump(database: Database, to: datetime, *, safe_mode: bool, actor: str) -> None:
    """Set the programme's clock to an instant, for every process that asks this database.

    Conflict outside safe mode: real people live by the real clock.
    """
    if not safe_mode:
        raise Conflict("the clock can only be set in safe mode: people live by the real one")
    with database.begin() as conn:
        clock.set_to(conn, to)
        audit.write(conn, actor, "clock", "installation", {"to": to.isoformat()})
