"""Retention: how long each record is kept, why, and the steps in which it goes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.consent_terms import LASTING, ONCE

_AT_ONCE = 5_000  # rows a step deletes: nobody at work waits for more
_REST = "1 day"  # once nothing is left to delete
_PATIENCE = "200ms"  # for a lock that whoever sends would have to wait behind


class Sweep(NamedTuple):
    """One kind of record. `statement` deletes at most `:limit` rows from before `:before`."""

    table: str
    months: int
    why: str
    statement: str


_CONTENT, _EVENTS, _EVIDENCE = 13, 25, 60
_ONCE = ", ".join(f"'{kind}'" for kind in sorted(ONCE))
SWEEPS = (
    Sweep(
        "reply",
        _CONTENT,
        "what people wrote, unless it ended a consent",
        """DELETE FROM reply WHERE id IN (SELECT id FROM reply
           WHERE received_at < :before AND label NOT IN ('opt_out', 'wrong_number')
           LIMIT :limit)""",
    ),
    Sweep(
        "service_message",
        _CONTENT,
        "what people were answered",
        """DELETE FROM service_message WHERE key IN (SELECT key FROM service_message
           WHERE created_at < :before AND expires_at < :before LIMIT :limit)""",
    ),
    Sweep(
        "kept_mail",
        _CONTENT,
        "mail that waited for a person to read it",
        """DELETE FROM kept_mail WHERE id IN (SELECT id FROM kept_mail
           WHERE received_at < :before LIMIT :limit)""",
    ),
    Sweep(
        "sandbox_message",
        _CONTENT,
        "messages that never left the machine",
        """DELETE FROM sandbox_message WHERE id IN (SELECT id FROM sandbox_message
           WHERE at < :before LIMIT :limit)""",
    ),
    Sweep(
        "event",
        _EVENTS,
        "deliveries, bounces and clicks",
        """DELETE FROM event WHERE dedup_key IN (SELECT dedup_key FROM event
           WHERE received_at < :before LIMIT :limit)""",
    ),
    Sweep(
        "contact",
        _EVENTS,
        "offers that no limit counts any more, and that neither used up a consent nor told of one",
        f"""DELETE FROM contact WHERE (customer_id, wave_id) IN (SELECT customer_id, wave_id
           FROM contact o WHERE at < :before AND NOT EXISTS (
               SELECT FROM consent c WHERE c.customer_id = o.customer_id
                 AND c.channel = o.channel AND c.state = 'active'
                 AND (c.kind IN ({_ONCE}) OR c.event_id = o.reconfirms))
           LIMIT :limit)""",
    ),
    Sweep(
        "reply that opted out",
        _EVIDENCE,
        "the words of an opt-out, as long as evidence",
        """DELETE FROM reply WHERE id IN (SELECT id FROM reply
           WHERE received_at < :before LIMIT :limit)""",
    ),
    Sweep(
        "consent_evidence",
        _EVIDENCE,
        "personal proof of a consent, from the day the last consent ended",
        """DELETE FROM consent_evidence WHERE event_id IN (SELECT v.event_id
           FROM consent_evidence v JOIN consent_event e ON e.id = v.event_id
           WHERE e.received_at < :before AND (NOT EXISTS (
               SELECT FROM consent c WHERE c.customer_id = v.customer_id
                 AND (c.state <> 'opted_out' OR c.since >= :before))
             OR EXISTS (SELECT FROM customer k
                WHERE k.id = v.customer_id AND k.erased_at < :before)) LIMIT :limit)""",
    ),
    Sweep(
        "vault.person_key",
        _EVIDENCE,
        "what opens the proof of people who are forgotten",
        """DELETE FROM vault.person_key WHERE customer_id IN (SELECT p.customer_id
           FROM vault.person_key p JOIN customer k ON k.id = p.customer_id
           WHERE k.erased_at < :before AND NOT EXISTS (
               SELECT FROM consent_evidence v WHERE v.customer_id = p.customer_id)
           LIMIT :limit)""",
    ),
)


class Quiet(NamedTuple):
    """Customers to forget: `months` without a word, or as long as they were to choose a topic.

    `whose` is a condition on `customer c`, who has given no sign since `:before`.
    """

    name: str
    months: int
    why: str
    whose: str


_PEOPLE = 200  # a step erases: each of them takes some transactions
# A consent that silence keeps is none of somebody who has nothing to do with us.
_LASTING = ", ".join(f"'{kind}'" for kind in sorted(LASTING))
FORGOTTEN = (
    Quiet(
        "prospects",
        36,
        "people who gave no sign for three years and whose consents have long ended",
        f"""NOT EXISTS (SELECT FROM consent k WHERE k.customer_id = c.id
                AND k.state = 'active' AND k.kind IN ({_LASTING}))""",
    ),
    Quiet(
        "joined without a topic",
        1,
        "people who said yes by text and never chose what to hear about",
        """c.import_id IS NULL
           AND EXISTS (SELECT FROM conversation q WHERE q.customer_id = c.id)
           AND NOT EXISTS (SELECT FROM conversation q
                WHERE q.customer_id = c.id AND q.asked_at >= :before)
           AND NOT EXISTS (SELECT FROM consent_event e WHERE e.customer_id = c.id)""",
    ),
)
# Verdicts and hand-overs, dropped month by month. South Africa wants the log for three years.
MONTHS_OF_WAVES = 37
_PARENTS = ["audience", "delivery", "attempt", "decision"]


def claim(conn: Connection) -> bool:
    """Take the turn, if it is time: of all who tidy, one sweeps."""
    return conn.execute(_CLAIM, {"rest": _REST}).rowcount == 1


def come_back(conn: Connection) -> None:
    """There is more to delete: do not rest."""
    conn.execute(_COME_BACK)


def run(conn: Connection, sweep: Sweep, now: datetime) -> tuple[int, bool]:
    """Delete one step of a record's oldest rows; give how many, and whether there may be more."""
    before = conn.execute(_BEFORE, {"now": now, "months": sweep.months}).scalar_one()
    rows = conn.execute(text(sweep.statement), {"before": before, "limit": _AT_ONCE}).rowcount
    return rows, rows == _AT_ONCE


def quiet(conn: Connection, kind: Quiet, now: datetime) -> tuple[list[int], bool]:
    """Name some customers to forget, and whether there may be more."""
    before = conn.execute(_BEFORE, {"now": now, "months": kind.months}).scalar_one()
    query = text(_QUIET.format(whose=kind.whose))
    people = list(conn.execute(query, {"before": before, "limit": _PEOPLE, "id": 0}).scalars())
    return people, len(people) == _PEOPLE


def is_quiet(conn: Connection, kind: Quiet, customer_id: int, now: datetime) -> bool:
    """Say whether somebody is still one of them."""
    before = conn.execute(_BEFORE, {"now": now, "months": kind.months}).scalar_one()
    query = text(_QUIET.format(whose=kind.whose))
    found = conn.execute(query, {"before": before, "limit": 1, "id": customer_id})
    return found.scalar_one_or_none() is not None


_QUIET = """
    SELECT c.id FROM customer c
    WHERE (:id = 0 OR c.id = :id) AND c.erased_at IS NULL AND c.created_at < :before AND {whose}
      AND NOT EXISTS (SELECT FROM sign_of_life s WHERE s.customer_id = c.id AND s.at >= :before)
      AND NOT EXISTS (SELECT FROM consent_event n
                      WHERE n.customer_id = c.id AND n.received_at >= :before)
    ORDER BY c.id LIMIT :limit
"""


def drop_months(conn: Connection, now: datetime) -> list[str]:
    """Drop the parts of months all of whose waves are over and old; name what is gone."""
    months = {"parents": _PARENTS, "now": now, "months": MONTHS_OF_WAVES}
    gone = list(conn.execute(_OLD_MONTHS, months).scalars())
    if gone:
        conn.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        for name in gone:
            conn.execute(text(f'DROP TABLE "{name}"'))
    return gone


_CLAIM = text("""
    UPDATE retention SET next_at = clock_timestamp() + CAST(:rest AS interval)
    WHERE next_at <= clock_timestamp()
""")
_COME_BACK = text("UPDATE retention SET next_at = clock_timestamp()")
_BEFORE = text("SELECT CAST(:now AS timestamptz) - make_interval(months => :months)")
# Waves are numbered by time: all of a month's lie below the first of the next.
_OLD_MONTHS = text("""
    SELECT p.name FROM (
        SELECT c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = ANY(CAST(:parents AS regclass[]))) AS p
    WHERE p.month + interval '1 month' < CAST(:now AS timestamptz)
                                         - make_interval(months => :months)
      AND NOT EXISTS (
        SELECT FROM wave w WHERE w.state IN ('planning', 'running')
          AND w.id < extract(epoch FROM CAST(p.month + interval '1 month' AS timestamp))::bigint
                     * 1000 * 1024)
    ORDER BY p.name
""")
