"""Erasures: what is deleted of a person, table by table, what stays and why, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

ENDED = "('opt_out', 'wrong_number')"  # replies that ended a consent, and prove it

# Run at once, in the transaction that makes a person unreachable; `:at` is when that is.
PROFILE: Mapping[str, str] = {
    # Also what they wrote, and were answered, when we did not know yet whose address it was.
    "reply": """
        DELETE FROM reply WHERE customer_id = :id
            OR digest IN (SELECT digest FROM address WHERE customer_id = :id)""",
    "service_message": """
        DELETE FROM service_message WHERE customer_id = :id OR (customer_id = 0
            AND address IN (SELECT address FROM address WHERE customer_id = :id))""",
    "consent_evidence": "DELETE FROM consent_evidence WHERE customer_id = :id",
    "vault.person_key": "DELETE FROM vault.person_key WHERE customer_id = :id",
    "customer": """
        UPDATE customer SET language = '', country = '', region = '', zone = '', hours_from = 0,
            hours_until = 0, days = '', most_a_month = 0, prefers = '', attributes = '{}',
            import_id = NULL,
            erased_at = coalesce(erased_at, :at)
        WHERE id = :id AND (erased_at IS NULL OR attributes <> '{}' OR country || zone <> '')""",
    "sandbox_message": """
        DELETE FROM sandbox_message WHERE customer_id = :id
            OR recipient IN (SELECT address FROM address WHERE customer_id = :id)""",
    "context_flag": "DELETE FROM context_flag WHERE customer_id = :id",
    "sign_of_life": "DELETE FROM sign_of_life WHERE customer_id = :id",
    "signal": "DELETE FROM signal WHERE customer_id = :id",
    "asked": "DELETE FROM asked WHERE customer_id = :id",
    "conversation": "DELETE FROM conversation WHERE customer_id = :id",
    "redemption": "DELETE FROM redemption WHERE customer_id = :id",
    "pending": """
        DELETE FROM pending p USING address a
        WHERE a.customer_id = :id AND (p.channel, p.digest) = (a.channel, a.digest)""",
    "kept_mail": """
        DELETE FROM kept_mail
        WHERE lower(sender) IN (SELECT address FROM address WHERE customer_id = :id)""",
    # Last: others above are found by it.
    "address": "DELETE FROM address WHERE customer_id = :id",
}

# The same where nobody asked for it, but time was over: what proves a consent, or its end, is then
# kept for as long as for anybody else (docs/how-to/run-in-production.md#how-long-records-are-kept).
PROFILE_BUT_PROOF: Mapping[str, str] = {
    table: f"{statement.replace('WHERE', 'WHERE (', 1)}) AND label NOT IN {ENDED}"
    if table == "reply"
    else statement
    for table, statement in PROFILE.items()
    if table not in ("consent_evidence", "vault.person_key")
}

# Run one by one afterwards, each in a transaction of its own. Whoever died among them goes on.
TRACES: Mapping[str, str] = {
    "contact": "DELETE FROM contact WHERE customer_id = :id",
    "setback": """
        DELETE FROM setback s USING wave w
        WHERE s.wave_id = w.id AND s.channel IN ('email', 'sms')
          AND s.kind IN ('opt_out', 'complaint', 'bounce') AND s.customer_id = :id""",
    "sandbox_message": "DELETE FROM sandbox_message WHERE customer_id = :id",
    # The keys stay, or a gateway that reports once more would tell us of the person anew.
    "event": """
        UPDATE event SET customer_id = NULL, reference = '', code = '', detail = ''
        WHERE customer_id = :id""",
    # A gateway may repeat an address in what it says, and knows it by its own number.
    "delivery": """
        UPDATE delivery d SET reference = '', detail = '', rendered = '' FROM wave w
        WHERE d.wave_id = w.id AND d.customer_id = :id
          AND (d.reference || d.detail <> '' OR d.rendered <> '')""",
    "attempt": """
        UPDATE attempt a SET reference = '', detail = '' FROM wave w
        WHERE a.wave_id = w.id AND a.customer_id = :id AND a.reference || a.detail <> ''""",
}

# What still holds a person's number afterwards. The number is random: without the rows above it
# says nothing of anybody. Tables that are named nowhere here hold none; a test sees to it.
KEPT: Mapping[str, str] = {
    "consent_event": "the bare chain, which proves what was allowed; its values cannot be opened",
    "consent": "the present state, which follows from the chain",
    "person_pressure": "a lock, without which jobs in flight could not be ended",
    "withdrawal": "what told running workers to stop",
    "audience": "who was to get a verdict, until the waves of that month are dropped",
    "due": "an offer that waits; it ends with the reason erased when its time comes",
    "decision": "verdicts on facts without address or field, append-only",
    "erasure": "the receipt",
}

_SEARCHED_LATER = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))


class Receipt(NamedTuple):
    """What was erased of whom, and when; nothing in it is personal.

    `finished_at` is None while something is left to do. `erased` counts rows by table.
    """

    customer_id: int
    asked_at: datetime
    finished_at: datetime | None
    erased: Mapping[str, int]


def open_receipt(
    conn: Connection, customer_id: int, at: datetime, *, keeps_proof: bool = False
) -> bool:
    """Begin the erasure of somebody; once begun it is brought to its end by whoever tidies.

    Gives whether proofs of consents stay for their time: as long as nobody asked for the erasure.
    """
    values = {"id": customer_id, "at": at, "keeps_proof": keeps_proof}
    return bool(conn.execute(_OPEN, values).scalar_one())


def receipt_of(conn: Connection, customer_id: int) -> Receipt | None:
    """Give the receipt of somebody who was erased."""
    row = conn.execute(_RECEIPT, {"id": customer_id}).one_or_none()
    return Receipt(*row) if row else None


def wait_for_reservations(conn: Connection, customer_id: int) -> None:
    """Wait until nothing is being reserved for somebody, and let nothing be, in this transaction.

    A statement of its own: one that waited would not see what was written meanwhile.
    """
    conn.execute(_LOCK, {"id": customer_id})


def wipe(conn: Connection, statements: Mapping[str, str], customer_id: int, at: datetime) -> None:
    """Erase a person from some tables, and count the rows on the receipt."""
    for table, statement in statements.items():
        rows = conn.execute(text(statement), {"id": customer_id, "at": at}).rowcount
        if rows:
            conn.execute(_COUNT, {"id": customer_id, "table": table, "rows": rows})


def finish(conn: Connection, customer_id: int, at: datetime) -> Receipt:
    """Note that all is erased; what arrives late is looked for a few times more."""
    conn.execute(_FINISH, {"id": customer_id, "at": at, "later": list(_SEARCHED_LATER)})
    return Receipt(*conn.execute(_RECEIPT, {"id": customer_id}).one())


def unfinished(conn: Connection, limit: int) -> list[int]:
    """Name people whose erasure is to be taken up: it was interrupted, or is due once more."""
    return list(conn.execute(_UNFINISHED, {"limit": limit}).scalars())


_LOCK = text("SELECT FROM person_pressure WHERE customer_id = :id FOR UPDATE")
_OPEN = text("""
    INSERT INTO erasure (customer_id, asked_at, keeps_proof) VALUES (:id, :at, :keeps_proof)
    ON CONFLICT (customer_id) DO UPDATE
    SET keeps_proof = erasure.keeps_proof AND excluded.keeps_proof
    RETURNING keeps_proof
""")
_RECEIPT = text("""
    SELECT customer_id, asked_at, finished_at, erased FROM erasure WHERE customer_id = :id
""")
_COUNT = text("""
    UPDATE erasure SET erased = erased || jsonb_build_object(CAST(:table AS text),
        coalesce(CAST(erased ->> :table AS bigint), 0) + :rows)
    WHERE customer_id = :id
""")
_FINISH = text("""
    UPDATE erasure SET finished_at = coalesce(finished_at, :at), searched = searched + 1,
        again_at = clock_timestamp() + (CAST(:later AS interval[]))[searched + 1]
    WHERE customer_id = :id AND again_at IS NOT NULL
""")
_UNFINISHED = text("""
    SELECT customer_id FROM erasure WHERE again_at <= clock_timestamp()
    ORDER BY again_at LIMIT :limit
""")
