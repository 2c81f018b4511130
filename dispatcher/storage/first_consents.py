"""The first consents of people whom the ledger does not know: chained and folded in the database.

An import brings them by the million, so nothing is fetched: for somebody without any event the
chain begins here, and the present state of a place is its only event.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.consent_terms import implied_kinds
from dispatcher.storage.chains import BODY_SQL, GENESIS, microseconds
from dispatcher.storage.imports_sql import TOLD

# One row for each person, channel and topic: one that proves before one that does not, one that
# says yes before one that follows from a deal, the last before others. `seq` counts the person's
# events; an address that is not taken makes none.
_CREATE = text(f"""
    CREATE TEMPORARY TABLE import_first ON COMMIT DROP AS
    WITH k AS ({TOLD} WHERE NOT l.spoken), best AS (
        SELECT DISTINCT ON (person, channel COLLATE "C", topic COLLATE "C") *
        FROM k ORDER BY person, channel COLLATE "C", topic COLLATE "C", proven DESC,
            kind = ANY(:implied), no DESC
    ), told AS (
        SELECT *, CAST(count(*) FILTER (WHERE NOT blocked) OVER (PARTITION BY person
            ORDER BY no, channel COLLATE "C", topic COLLATE "C") AS int) AS seq
        FROM best ORDER BY no, seq
    )
    SELECT CASE WHEN NOT blocked THEN nextval((SELECT CAST(
               pg_get_serial_sequence('consent_event', 'id') AS regclass))) END AS id,
           person AS customer_id, seq, channel, topic, kind, wording, proven, blocked,
           CASE WHEN proven THEN 'opt_in' ELSE 'imported_unproven' END AS action,
           rtrim(CAST(:origin AS text) || origin, ': ') AS origin,
           least(coalesce(consent_at, :now), :now) AS occurred_at
    FROM told
""")

_COUNT = text("""
    SELECT count(*) FILTER (WHERE proven AND NOT blocked) AS proven,
           count(*) FILTER (WHERE NOT proven AND NOT blocked) AS unproven,
           count(*) FILTER (WHERE blocked) AS withheld,
           coalesce(max(seq), 0) AS longest
    FROM import_first
""")

# Run for seq 1, 2, ... in turn: each finds the hash before it in the ledger.
_APPEND = text(f"""
    INSERT INTO consent_event (id, customer_id, seq, channel, topic, action, source, kind, wording,
                               origin, occurred_at, received_at, prev_hash, hash)
    OVERRIDING SYSTEM VALUE
    SELECT id, customer_id, seq, channel, topic, action, source, kind, wording, origin,
           occurred_at, received_at, prev, sha256(prev || convert_to({BODY_SQL}, 'UTF8'))
    FROM (
        SELECT f.*, 'import' AS source,
               CAST(extract(epoch FROM f.occurred_at) * 1000000 AS bigint) AS occurred,
               CAST(:now AS timestamptz) AS received_at,
               CASE WHEN seq = 1 THEN CAST(:genesis AS bytea) ELSE (
                   SELECT before.hash FROM consent_event before
                   WHERE before.customer_id = f.customer_id AND before.seq = f.seq - 1) END AS prev
        FROM import_first f WHERE seq = :seq AND NOT blocked
        ORDER BY f.customer_id OFFSET 0
    ) e
""")

_KEEP = text("""
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, kind, since,
                         promised)
    SELECT customer_id, channel, topic, CASE WHEN proven THEN 'active' ELSE 'imported_unproven' END,
           id, false, kind, occurred_at, coalesce(w.max_per_month, 0)
    FROM import_first f LEFT JOIN wording w ON w.digest = f.wording
    WHERE NOT blocked ORDER BY customer_id
""")


class Kept(NamedTuple):
    """How many consents came in, with and without evidence, and how many were not taken."""

    proven: int
    unproven: int
    withheld: int


def append_first(conn: Connection, import_id: int, now: datetime) -> Kept:
    """Append what the chunk tells of people without any event, who are not visible yet."""
    conn.execute(
        _CREATE, {"origin": f"import {import_id}: ", "now": now, "implied": list(implied_kinds())}
    )
    count = conn.execute(_COUNT).one()
    received = {"now": now, "received": str(microseconds(now)), "genesis": GENESIS}
    for seq in range(1, count.longest + 1):
        conn.execute(_APPEND, received | {"seq": seq})
    conn.execute(_KEEP)
    return Kept(count.proven, count.unproven, count.withheld)
