"""Signs of life: when people last took notice of us, and how many offers they ignored since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from dispatcher.domain.consent_terms import ANSWER_WITHIN, TWO_YEARS
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


def last(conn: Connection, customer_id: int) -> tuple[datetime | None, datetime | None]:
    """Give the last sign of somebody, and before when consents have been ended by a silence."""
    row = conn.execute(_LAST, {"id": customer_id}).one_or_none()
    return (row.at, row.ended_before) if row else (None, None)


def ignored(conn: Connection, ids: list[int], wave: int, now: float) -> dict[int, int]:
    """Count the offers that asked for an answer and had none within three days, since the last."""
    values = {"ids": numbers(ids), "wave": wave, "now": now}
    return dict(rows_of(conn, _IGNORED, values))


_LAST = text("SELECT at, ended_before FROM sign_of_life WHERE customer_id = :id")

# A sign that comes too late wakes nothing: consents from before such a silence have ended for good.
_TOO_LONG = f"interval '{TWO_YEARS + ANSWER_WITHIN:.0f} seconds'"
_KEEP = f"""
    INSERT INTO sign_of_life AS s (customer_id, at, ended_before)
    SELECT n.id, n.at, n.at - {_TOO_LONG} FROM {{told}}
    ON CONFLICT (customer_id) DO UPDATE SET at = excluded.at,
        ended_before = CASE WHEN s.at <= excluded.ended_before THEN excluded.ended_before
                            ELSE s.ended_before END
    WHERE s.at < excluded.at
"""
_NOTE = text(
    _KEEP.format(
        told="(SELECT unnest(CAST(:ids AS bigint[])), CAST(:at AS timestamptz)) n (id, at)"
    )
)
_NOTE_EACH = text(
    _KEEP.format(
        told="(SELECT id, to_timestamp(at) FROM unnest(CAST(:ids AS bigint[]),"
        " CAST(:ats AS float8[])) AS t (id, at)) n (id, at)"
    )
)

# `{consent}` is a row of the present state, `life` that of the person here: the last sign that
# counts for the consent, or when it was given.
LIFE_JOIN = "LEFT JOIN sign_of_life life ON life.customer_id = {person}"
HEARD_AT = """
    CASE WHEN {consent}.since <= life.ended_before THEN {consent}.since
         ELSE greatest({consent}.since, life.at) END
"""

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
