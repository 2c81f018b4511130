"""Signs of life: when people last took notice of us, and how many offers they ignored since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.storage.database import numbers, rows_of


def note(conn: Connection, people: Iterable[int], at: datetime) -> None:
    """Note that these people answered, clicked, joined or bought; the newest counts."""
    ids = sorted(set(people))
    if ids:
        conn.execute(_NOTE, {"ids": numbers(ids), "at": at})


def note_each(conn: Connection, newest: Mapping[int, float]) -> None:
    """Note the like of people at an instant of their own (Unix seconds); the newest counts."""
    people = sorted(newest)
    if people:
        ats = numbers([newest[person] for person in people])
        conn.execute(_NOTE_EACH, {"ids": numbers(people), "ats": ats})


def ignored(conn: Connection, ids: list[int], wave: int, now: float) -> dict[int, int]:
    """Count the offers that asked for an answer and had none within three days, since the last."""
    values = {"ids": numbers(ids), "wave": wave, "now": now}
    return dict(rows_of(conn, _IGNORED, values))


_NOTE = text("""
    INSERT INTO sign_of_life AS s (customer_id, at)
    SELECT unnest(CAST(:ids AS bigint[])), :at
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at WHERE s.at < excluded.at
""")

_NOTE_EACH = text("""
    INSERT INTO sign_of_life AS s (customer_id, at)
    SELECT n.id, to_timestamp(n.at)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:ats AS float8[])) AS n (id, at)
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at WHERE s.at < excluded.at
""")

IGNORED = """
    SELECT c.customer_id, count(*) AS offers FROM contact c
    JOIN wave w ON w.id = c.wave_id AND w.asks
    LEFT JOIN sign_of_life s ON s.customer_id = c.customer_id
    WHERE {whose}
      AND c.at < to_timestamp(:now) - interval '3 days'
      AND (s.at IS NULL OR c.at > s.at)
    GROUP BY c.customer_id
"""
_IGNORED = text(
    IGNORED.format(whose="c.customer_id = ANY(CAST(:ids AS bigint[])) AND c.wave_id <> :wave")
)
