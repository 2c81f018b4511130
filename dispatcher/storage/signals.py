"""Signals: what people did about products, kept as long as reminders ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from dispatcher.domain.customers import Interest
from dispatcher.domain.explanations import SignalLine
from dispatcher.domain.policies import Policy
from dispatcher.domain.signals import ENDS, Signal, SignalKind
from dispatcher.rules.reminder import END_LASTS, LOOK_BACK, MOST, VIEW_LASTS
from dispatcher.storage.database import numbers, rows_of, words

# A condition on `customer c`: looked at the product, and has not done with it.
VIEWED = f"""
    EXISTS (SELECT FROM signal v WHERE v.customer_id = c.id AND v.kind = '{SignalKind.VIEWED}'
              AND v.brand = :viewed_brand AND v.product = :viewed_product)
    AND NOT EXISTS (SELECT FROM signal v WHERE v.customer_id = c.id
              AND v.kind <> '{SignalKind.VIEWED}'
              AND v.brand = :viewed_brand AND v.product = :viewed_product)
"""


def lock_living(conn: Connection, ids: Iterable[int]) -> set[int]:
    """Lock customers who are not erased, in the order of their ids; give those found."""
    return {person for (person,) in rows_of(conn, _LOCK, {"ids": numbers(sorted(set(ids)))})}


def put(conn: Connection, signals: Sequence[Signal]) -> list[Signal]:
    """Keep the newest of each person, product and kind; give those that were news."""
    values = {
        "ids": numbers([signal.customer_id for signal in signals]),
        "brands": words([signal.brand for signal in signals]),
        "products": words([signal.product for signal in signals]),
        "kinds": words([signal.kind for signal in signals]),
        "ats": numbers([signal.at for signal in signals]),
    }
    return [
        Signal(person, brand, product, SignalKind(kind), at)
        for person, brand, product, kind, at in rows_of(conn, _PUT, values)
    ]


def lookers(conn: Connection, signals: Sequence[Signal]) -> list[int]:
    """Give those of these people who looked at the very product: they may be being reminded."""
    values = {
        "ids": numbers([signal.customer_id for signal in signals]),
        "brands": words([signal.brand for signal in signals]),
        "products": words([signal.product for signal in signals]),
        "viewed": SignalKind.VIEWED,
    }
    return [person for (person,) in rows_of(conn, _LOOKERS, values)]


def interests(
    conn: Connection, ids: list[int], policy: Policy, wave: int, now: float
) -> dict[int, Interest]:
    """Give what these people did about the product that a policy reminds of.

    Counted are reminders of other waves, sent and in flight, of all brands on all channels.
    """
    values = {"ids": numbers(ids), "brand": policy.brand, "product": policy.reminds_of, "now": now}
    found = dict.fromkeys(ids, Interest())
    for person, kind, at in rows_of(conn, _DONE, {**values, "end_lasts": END_LASTS}):
        known = found[person]
        if kind == SignalKind.VIEWED:
            found[person] = known._replace(seen_at=at)
        else:
            found[person] = known._replace(ended=kind)
    for person, at, of_it, counts in rows_of(
        conn, _REMINDED, {**values, "wave": wave, "look_back": LOOK_BACK}
    ):
        known = found[person]
        newest = (*known.reminders, at)[-MOST:] if counts else known.reminders
        of_it += known.reminded_of_it
        found[person] = known._replace(reminders=newest, reminded_of_it=of_it)
    return found


def of_person(conn: Connection, customer_id: int) -> tuple[SignalLine, ...]:
    """Give all that is kept of what a person did about products, oldest first."""
    return tuple(SignalLine(*row) for row in conn.execute(_OF_PERSON, {"person": customer_id}))


def sweep(conn: Connection, now: float, most: int = 5000) -> int:
    """Forget what no reminder asks for any more; count it."""
    values = {"viewed": SignalKind.VIEWED, "ends": words(ENDS), "most": most}
    spans = {"views_from": now - VIEW_LASTS, "ends_from": now - END_LASTS}
    return conn.execute(_SWEEP, {**values, **spans}).rowcount


_LOCK = text("""
    SELECT id FROM customer WHERE id = ANY(CAST(:ids AS bigint[])) AND erased_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
""")

_PUT = text("""
    INSERT INTO signal AS s (customer_id, brand, product, kind, at)
    SELECT n.id, n.brand, n.product, n.kind, max(to_timestamp(n.at))
    FROM unnest(CAST(:ids AS bigint[]), CAST(:brands AS text[]), CAST(:products AS text[]),
                CAST(:kinds AS text[]), CAST(:ats AS float8[])) AS n (id, brand, product, kind, at)
    GROUP BY n.id, n.brand, n.product, n.kind ORDER BY n.id, n.brand, n.product, n.kind
    ON CONFLICT (customer_id, brand, product, kind) DO UPDATE
    SET at = excluded.at WHERE s.at < excluded.at
    RETURNING customer_id, brand, product, kind, extract(epoch FROM at)::float8
""")

_LOOKERS = text("""
    SELECT DISTINCT s.customer_id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:brands AS text[]), CAST(:products AS text[]))
         AS n (id, brand, product)
    JOIN signal s ON (s.customer_id, s.brand, s.product, s.kind)
                   = (n.id, n.brand, n.product, :viewed)
""")

_DONE = text("""
    SELECT customer_id, kind, extract(epoch FROM at)::float8 FROM signal
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND brand = :brand AND product = :product
      AND at > to_timestamp(:now - :end_lasts)
    ORDER BY at, kind
""")

_REMINDED = text("""
    SELECT customer_id, extract(epoch FROM at)::float8,
           (brand = :brand AND reminds_of = :product)::int, at > to_timestamp(:now - :look_back)
    FROM contact
    WHERE customer_id = ANY(CAST(:ids AS bigint[])) AND reminds_of <> '' AND wave_id <> :wave
    ORDER BY at
""")

_OF_PERSON = text("""
    SELECT brand, product, kind, at FROM signal WHERE customer_id = :person
    ORDER BY at, brand, product, kind
""")

_SWEEP = text("""
    DELETE FROM signal WHERE ctid = ANY(ARRAY(
        (SELECT ctid FROM signal WHERE kind = :viewed AND at <= to_timestamp(:views_from)
         LIMIT :most)
        UNION ALL
        (SELECT ctid FROM signal WHERE kind = ANY(CAST(:ends AS text[]))
           AND at <= to_timestamp(:ends_from) LIMIT :most)))
""")
