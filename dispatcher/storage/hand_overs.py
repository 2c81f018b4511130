"""Hand-overs: what went to a gateway, with the decision that let it go, read for an audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

_AT_ONCE = 5_000


class HandOver(NamedTuple):
    """One message that a gateway took, or may have taken.

    `facts` and `rule_book` are those of the decision; "" if it is not on record.
    """

    wave_id: int
    customer_id: int
    campaign: str
    state: str
    decided_at: datetime
    settled_at: datetime | None
    send_before: datetime | None
    rule_book: str
    facts: str


def waves(conn: Connection, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """Give the waves with decisions in [since, until), each with its campaign's version."""
    return [(row.id, row.version_id) for row in conn.execute(_WAVES, _span(since, until))]


def hand_overs(
    conn: Connection, wave: int, since: datetime, until: datetime
) -> Iterator[Sequence[HandOver]]:
    """Give what one wave handed over on decisions of [since, until), some thousands at a time."""
    found = conn.execution_options(yield_per=_AT_ONCE).execute(
        _HAND_OVERS, {"wave": wave, **_span(since, until)}
    )
    for rows in found.partitions():
        yield [HandOver(*row) for row in rows]


def _span(since: datetime, until: datetime) -> dict[str, datetime]:
    return {"since": since, "until": until}


_WAVES = text("""
    SELECT w.id, w.version_id FROM wave w
    WHERE EXISTS (SELECT FROM decision x
                  WHERE x.wave_id = w.id AND x.at >= :since AND x.at < :until)
    ORDER BY w.id
""")
# A person of a wave may be decided on several times; the delivery tells of the last.
_HAND_OVERS = text("""
    SELECT d.wave_id, d.customer_id, c.name, d.state, d.decided_at, d.settled_at,
           nullif(d.send_before, 'infinity'), coalesce(n.rule_book, ''), coalesce(n.facts, '')
    FROM delivery d
    JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
    LEFT JOIN (
        SELECT x.at, x.rule_book, u.customer_id, u.facts
        FROM decision x
        CROSS JOIN unnest(x.customer_ids, x.verdicts, x.facts) AS u (customer_id, verdict, facts)
        WHERE x.wave_id = :wave AND x.at >= :since AND x.at < :until AND u.verdict = 'send'
    ) AS n ON n.customer_id = d.customer_id AND n.at = d.decided_at
    WHERE d.wave_id = :wave AND d.state IN ('accepted', 'unsure')
      AND d.decided_at >= :since AND d.decided_at < :until
""")
