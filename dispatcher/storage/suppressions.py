"""Suppressions: addresses that get nothing, known by keyed digests that survive erasure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel


class SuppressionReason(StrEnum):
    """Why an address gets nothing."""

    OPTED_OUT = "opted_out"
    GATEWAY = "gateway"  # a complaint, or the gateway blocks the address for us
    ERASED = "erased"
    OPERATOR = "operator"
    WRONG_NUMBER = "wrong_number"  # whoever has the number now is not whom we took it for


# What the person's own hand may undo by opting in again; erasure and the operator stand.
LIFTABLE = (
    SuppressionReason.OPTED_OUT,
    SuppressionReason.GATEWAY,
    SuppressionReason.WRONG_NUMBER,
)

# Joins the suppression of an address row that weighs most (an opt-out alone still lets answers
# through), then the oldest, named in {address}; its reason is
# `suppressed.reason`, NULL when there is none. Reads `:brand`.
SUPPRESSION_JOIN = """
    LEFT JOIN LATERAL (
        SELECT s.reason FROM suppression s
        WHERE s.channel = {address}.channel
          AND s.digest IN ({address}.digest, {address}.digest_wide)
          AND s.brand IN ('*', :brand)
        ORDER BY s.reason = 'opted_out', s.at LIMIT 1
    ) suppressed ON true
"""

_SUPPRESS = text("""
    WITH suppressed AS (
        INSERT INTO suppression (channel, digest, brand, reason, source, at)
        SELECT :channel, unnest(CAST(:digests AS bytea[])), :brand, :reason, :source, :at
        ON CONFLICT DO NOTHING RETURNING digest
    ), withdrawn AS (
        INSERT INTO withdrawal (person_id)
        SELECT customer_id FROM address WHERE channel = :channel AND digest = ANY(:digests) UNION
        SELECT customer_id FROM address WHERE channel = :channel AND digest_wide = ANY(:digests)
            AND digest_wide <> digest
    )
    SELECT digest FROM suppressed
""")
_DELETE = text(
    "DELETE FROM suppression"
    " WHERE channel = :channel AND digest = ANY(:digests) AND reason = ANY(:reasons)"
)
_REASONS = text(
    "SELECT DISTINCT reason FROM suppression WHERE channel = :channel AND digest = ANY(:digests)"
)


def suppress(
    conn: Connection,
    channel: Channel,
    digests: Sequence[bytes],
    *,
    reason: SuppressionReason,
    source: str,
    at: datetime,
    brand: str = "*",
) -> set[bytes]:
    """Suppress addresses by their digests, stop what is under way to them; give what is news."""
    row = {
        "channel": channel,
        "digests": sorted(set(digests)),  # the same order in every transaction: no deadlock
        "brand": brand,
        "reason": reason,
        "source": source,
        "at": at,
    }
    return {bytes(digest) for digest in conn.execute(_SUPPRESS, row).scalars()}


def lift(conn: Connection, channel: Channel, digests: Iterable[bytes]) -> bool:
    """Take back what the person's own hand may take back; give whether there was any."""
    row = {"channel": channel, "digests": list(digests), "reasons": list(LIFTABLE)}
    return conn.execute(_DELETE, row).rowcount > 0


def reasons(conn: Connection, channel: Channel, digests: Iterable[bytes]) -> set[SuppressionReason]:
    """Give why an address with one of these digests gets nothing, from some brand or from all."""
    row = {"channel": channel, "digests": list(digests)}
    return {SuppressionReason(reason) for reason in conn.execute(_REASONS, row).scalars()}


def is_suppressed(conn: Connection, channel: Channel, digests: Iterable[bytes]) -> bool:
    """Say whether any of these digests is suppressed, for any brand."""
    return bool(reasons(conn, channel, digests))
