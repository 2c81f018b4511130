"""Bounces that give nobody up at once, counted from the events told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.domain.soft_bounces import FORGOTTEN, is_given_up

# What the code of such an event begins with.
SOFT = "soft "
BLOCKED = "policy "
_COUNT_BLOCKED = text(
    "SELECT count(*) FROM event WHERE kind = 'bounced' AND starts_with(code, :mark)"
    " AND received_at > clock_timestamp() - interval '1 day'"
)
_TIMES = text(
    "SELECT at FROM event WHERE customer_id = :id AND kind = 'bounced'"
    " AND starts_with(code, :mark) AND at > :since"
)


def gave_up(conn: Connection, customer_id: int, now: datetime) -> bool:
    """Tell whether a person's mailbox has been out of order for too long."""
    values = {"id": customer_id, "mark": SOFT, "since": now - FORGOTTEN}
    return is_given_up(conn.execute(_TIMES, values).scalars())


def blocked_in_a_day(conn: Connection) -> int:
    """Count the mails of the last day that were refused as spam or for their sender."""
    return int(conn.execute(_COUNT_BLOCKED, {"mark": BLOCKED}).scalar_one())
