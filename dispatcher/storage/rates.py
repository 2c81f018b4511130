"""Rates and budgets that hold across workers: one row a throttle, dated ahead as it is used (GCRA).

Rows are always locked in the order of their keys: nobody waits for one who waits for him.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, text

from dispatcher.domain.throttles import Charge, Level
from dispatcher.storage.database import numbers, rows_of, words


def lock(conn: Connection, keys: Iterable[str]) -> dict[str, Level]:
    """Lock throttles for this transaction and say how each one stands."""
    rows = rows_of(conn, _LOCK, {"keys": words(sorted(set(keys)))})
    return {key: Level(*level) for key, *level in rows}


# The clock is read once all locks are there: who waited long must not reckon with the time before.
_LOCK = text("""
    WITH locked AS (
        INSERT INTO rate (key, tat)
        SELECT key, clock_timestamp() FROM unnest(CAST(:keys AS text[])) AS n (key) ORDER BY key
        ON CONFLICT (key) DO UPDATE SET tat = rate.tat
        RETURNING key, tat, day, used
    ), asked AS MATERIALIZED (
        SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM locked) AS all_of_them
    )
    SELECT key, extract(epoch FROM tat - at)::float8, day, used FROM locked, asked
""")


def charge(conn: Connection, charges: Sequence[Charge]) -> None:
    """Use up what was locked here before, or give back what was charged too much."""
    if charges:
        conn.execute(_CHARGE, _columns(charges))


def _columns(charges: Sequence[Charge]) -> dict[str, str]:
    return {
        "keys": words([each.key for each in charges]),
        "seconds": numbers([each.seconds for each in charges]),
        "parts": numbers([each.parts for each in charges]),
        "days": numbers([each.day for each in charges]),
        "saves": numbers([each.saves for each in charges]),
    }


# A budget that gets parts back, and has no rate, is open again. What comes back for a day that is
# over does not count for the next one; what is used while the clock stands before the day of the
# row counts for that.
_CHARGE = text("""
    WITH n AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:seconds AS float8[]),
                             CAST(:parts AS bigint[]), CAST(:days AS int[]),
                             CAST(:saves AS float8[])) AS n (key, seconds, parts, day, saves)
    ), locked AS MATERIALIZED (
        SELECT key FROM rate WHERE key = ANY(CAST(:keys AS text[])) ORDER BY key FOR UPDATE
    )
    UPDATE rate r
    SET tat = CASE WHEN n.seconds IS NOT NULL
                   THEN greatest(r.tat, clock_timestamp() - make_interval(secs => n.saves))
                        + make_interval(secs => n.seconds)
                   WHEN n.parts < 0 THEN clock_timestamp() ELSE r.tat END,
        used = CASE WHEN n.day > r.day THEN greatest(n.parts, 0)
                    WHEN n.day = r.day OR n.parts > 0 THEN greatest(r.used + n.parts, 0)
                    ELSE r.used END,
        day = greatest(r.day, n.day)
    FROM n JOIN locked USING (key) WHERE r.key = n.key
""")


def close(conn: Connection, waits: Mapping[str, float]) -> None:
    """Let nothing go through these throttles for so many seconds from now."""
    if waits:
        keys = sorted(waits)
        values = {"keys": words(keys), "seconds": numbers([waits[key] for key in keys])}
        conn.execute(_CLOSE, values)


_CLOSE = text("""
    INSERT INTO rate (key, tat)
    SELECT key, clock_timestamp() + make_interval(secs => seconds)
    FROM unnest(CAST(:keys AS text[]), CAST(:seconds AS float8[])) AS n (key, seconds)
    ORDER BY key
    ON CONFLICT (key) DO UPDATE SET tat = greatest(rate.tat, excluded.tat)
""")


def standing(conn: Connection, keys: Iterable[str]) -> dict[str, Level]:
    """Say how throttles stand, without locking them; what nobody ever used is not there."""
    rows = rows_of(conn, _STANDING, {"keys": words(list(keys))})
    return {key: Level(*level) for key, *level in rows}


_STANDING = text("""
    SELECT key, extract(epoch FROM tat - clock_timestamp())::float8, day, used
    FROM rate WHERE key = ANY(CAST(:keys AS text[]))
""")
