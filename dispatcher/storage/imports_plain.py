"""Plain rows of an import: new people, each told of by one row, put in without a second look.

Nothing is fetched and nothing is kept between statements: each goes through the same staged rows.
They lie in the order of their people's ids, so neighbours in an index are put in one after another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from dispatcher.storage.chains import BODY_SQL, GENESIS, microseconds
from dispatcher.storage.imports import Span

_ROWS = "FROM import_rows_{id} s"
_TOLD = f"{_ROWS} JOIN import_told_{{id}} t USING (told)"
_PLAIN = """
    WHERE s.no > :after AND s.no <= :upto
      AND NOT EXISTS (SELECT FROM import_tangled_{id} x
                      WHERE x.no = s.no AND x.no > :after AND x.no <= :upto)
"""

_CUSTOMERS = f"""
    INSERT INTO customer (id, import_id, language, country, region, zone, hours_from, hours_until,
                          days, most_a_month, prefers, attributes)
    SELECT s.customer_id, {{id}}, t.language, t.country, t.region, t.zone, t.hours_from,
           t.hours_until, t.days, t.most_a_month, t.prefers, s.attributes
    {_TOLD} {_PLAIN}
"""

_ADDRESSES = (
    f"""
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT s.customer_id, 'email', s.email, s.email_digest,
           coalesce(s.email_wide, s.email_digest), s.email_bucket
    {_ROWS} {_PLAIN} AND s.email IS NOT NULL
    """,
    f"""
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket, zones,
                         jurisdictions)
    SELECT s.customer_id, 'sms', s.phone, s.phone_digest, s.phone_digest, s.phone_bucket, s.zones,
           s.jurisdictions
    {_ROWS} {_PLAIN} AND s.phone IS NOT NULL
    """,
)

_PRESSURE = f"INSERT INTO person_pressure (customer_id) SELECT s.customer_id {_ROWS} {_PLAIN}"

# Hashing what rows tell alike keeps the rows in their order; merging them with it would not.
_IN_ORDER = text("SET LOCAL enable_mergejoin = off")

_SEQUENCE = "(SELECT CAST(pg_get_serial_sequence('consent_event', 'id') AS regclass))"

# The consents of a row are its channels times its topics. Run for seq 1, 2, ... in turn: each finds
# the hash before it in the ledger, and what is true of a place is its only event. First events are
# numbered as their rows stand in the file, though they go in by the ids of their people.
_NUMBER = {
    True: f"""(ARRAY(SELECT nextval({_SEQUENCE})
                     FROM generate_series(:after + 1, :upto)))[s.no - :after]""",
    False: f"nextval({_SEQUENCE})",
}
_PREV = {
    True: "CAST(:genesis AS bytea)",
    False: """(SELECT before.hash FROM consent_event before
               WHERE before.customer_id = s.customer_id AND before.seq = :seq - 1)""",
}
_MOST_CONSENTS = """
    SELECT coalesce(max(cardinality(channels) * cardinality(topics)), 0) FROM import_told_{id}
"""
_CONSENTS = {
    first: f"""
    WITH told AS (
        INSERT INTO consent_event (id, customer_id, seq, channel, topic, action, source, kind,
                                   wording, origin, occurred_at, received_at, prev_hash, hash)
        OVERRIDING SYSTEM VALUE
        SELECT id, customer_id, seq, channel, topic, action, source, kind, wording, origin,
               CAST('1970-01-01Z' AS timestamptz) + occurred * interval '1 microsecond',
               CAST(:now AS timestamptz), prev, sha256(prev || convert_to({BODY_SQL}, 'UTF8'))
        FROM (
            SELECT {_NUMBER[first]} AS id, s.customer_id, CAST(:seq AS int) AS seq,
                   t.channels[1 + (:seq - 1) / cardinality(t.topics)] AS channel,
                   t.topics[1 + (:seq - 1) % cardinality(t.topics)] AS topic,
                   CASE WHEN t.proves AND s.consent_at IS NOT NULL THEN 'opt_in'
                        ELSE 'imported_unproven' END AS action,
                   'import' AS source, t.kind, t.wording,
                   rtrim('import {{id}}: ' || t.origin, ': ') AS origin,
                   least(coalesce(s.consent_at, :now_us), :now_us) AS occurred, {prev} AS prev
            {_TOLD} {_PLAIN} AND cardinality(t.channels) * cardinality(t.topics) >= :seq
            OFFSET 0
        ) e
        RETURNING id, customer_id, channel, topic, action, kind, wording, occurred_at
    ), kept AS (
        INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, kind, since,
                             promised)
        SELECT customer_id, channel, topic,
               CASE action WHEN 'opt_in' THEN 'active' ELSE action END, id, false, kind,
               occurred_at, coalesce(w.max_per_month, 0)
        FROM told LEFT JOIN wording w ON w.digest = told.wording
    )
    SELECT count(*) FILTER (WHERE action = 'opt_in') AS proven,
           count(*) FILTER (WHERE action <> 'opt_in') AS unproven
    FROM told
    """
    for first, prev in _PREV.items()
}


def add_plain(conn: Connection, import_id: int, span: Span, now: datetime) -> Counter[str]:
    """Add the people of some plain rows with their consents; give how many came in of which."""
    values = span._asdict()
    conn.execute(_IN_ORDER)
    counts = Counter(people=conn.execute(_for(_CUSTOMERS, import_id), values).rowcount)
    _add_addresses(conn, import_id, values)
    conn.execute(_for(_PRESSURE, import_id), values)
    at = microseconds(now)
    values |= {"now": now, "now_us": at, "received": str(at), "genesis": GENESIS}
    most = conn.execute(_for(_MOST_CONSENTS, import_id)).scalar_one()
    for seq in range(1, most + 1):
        counts += _add_consents(conn, import_id, values, seq)
    return counts


def _add_addresses(conn: Connection, import_id: int, values: Mapping[str, Any]) -> None:
    try:
        with conn.begin_nested():
            for statement in _ADDRESSES:
                conn.execute(_for(statement, import_id), values)
    except IntegrityError:  # somebody has signed up with one of them while the import was at work
        for statement in _ADDRESSES:
            conn.execute(_for(f"{statement} ON CONFLICT DO NOTHING", import_id), values)


def _add_consents(
    conn: Connection, import_id: int, values: Mapping[str, Any], seq: int
) -> Counter[str]:
    statement = _for(_CONSENTS[seq == 1], import_id)
    return Counter(conn.execute(statement, {**values, "seq": seq}).one()._asdict())


def _for(statement: str, import_id: int) -> Any:
    return text(statement.format(id=import_id))
