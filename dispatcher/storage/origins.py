"""Origins: which files of customers brought the people of an audience who have a fact."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.reports import Origin
from dispatcher.storage.segments import membership

_ORIGINS = """
    SELECT n.name, coalesce(i.source, '') AS file, i.finished_at AS at, count(*) AS people
    FROM customer c CROSS JOIN unnest(CAST(:names AS text[])) AS n (name)
    LEFT JOIN import i ON i.id = c.import_id
    WHERE {condition} AND CASE n.name WHEN 'language' THEN c.language
        ELSE coalesce(c.attributes ->> n.name, '') END <> ''
    GROUP BY n.name, i.id, i.source, i.finished_at ORDER BY people DESC, file
"""


def origins(
    conn: Connection, audience: Audience, names: Sequence[str]
) -> dict[str, tuple[Origin, ...]]:
    """Give, for each attribute, the files with which people who have it first came.

    A later file may have changed the value; who it was that came is told, not every change.
    """
    condition, values = membership(audience)
    query = text(_ORIGINS.format(condition=condition))
    found: dict[str, tuple[Origin, ...]] = {}
    for row in conn.execute(query, values | {"names": list(names)}):
        found[row.name] = (*found.get(row.name, ()), Origin(row.file, row.at, row.people))
    return found
