"""Rates that hold across workers: dated slots leased from one row a key (GCRA)."""

from __future__ import annotations

from sqlalchemy import Connection, text


def lease(
    conn: Connection, key: str, wanted: int, step: float, horizon: float, saved: float = 0.0
) -> tuple[int, float]:
    """Lease up to `wanted` slots of `step` seconds each that start within `horizon` seconds.

    Gives how many were granted (perhaps none) and in how many seconds the first one starts. Slots
    that would start later stay free for others; unused ones of the last `saved` seconds still do.
    """
    values = {"key": key, "wanted": wanted, "step": step, "horizon": horizon, "saved": saved}
    row = conn.execute(_LEASE, values).one_or_none()
    if row is None:  # nothing free within the horizon
        waiting = conn.execute(_WAITING, {"key": key}).scalar_one()
        return 0, float(waiting)
    return int(row.granted), float(row.starts_in)


# The row is locked first, so that a lease counts on what the last one left behind.
_LEASE = text("""
    WITH ensured AS (
        INSERT INTO rate (key, tat) VALUES (:key, clock_timestamp())
        ON CONFLICT (key) DO UPDATE
        SET tat = greatest(rate.tat, clock_timestamp() - make_interval(secs => :saved))
        RETURNING key, tat
    ), slots AS (
        SELECT key, tat, extract(epoch FROM tat - clock_timestamp()) AS wait,
               least(:wanted, floor((:horizon - extract(epoch FROM tat - clock_timestamp()))
                                    / :step))::int AS granted
        FROM ensured
    )
    SELECT granted, greatest(wait, 0) AS starts_in FROM slots WHERE granted > 0
""")

_WAITING = text("""
    SELECT greatest(extract(epoch FROM tat - clock_timestamp()), 0) FROM rate WHERE key = :key
""")


def take(conn: Connection, key: str, count: int, step: float) -> None:
    """Use leased slots up; in the transaction that leased them."""
    values = {"key": key, "seconds": count * step}
    conn.execute(
        text("UPDATE rate SET tat = tat + make_interval(secs => :seconds) WHERE key = :key"), values
    )
