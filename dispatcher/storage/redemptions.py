"""Redemptions: codes of offers that people told us they have used."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text


class Redeemed(StrEnum):
    """What came of telling a code."""

    NOTED = "noted"
    BEFORE = "before"
    UNKNOWN = "unknown"


class Redemption(NamedTuple):
    """How a code was taken, and what was bought with it, where the campaign says so."""

    outcome: Redeemed
    brand: str = ""
    product: str = ""


def redeem(conn: Connection, customer_id: int, code: str, now: datetime) -> Redemption:
    """Note that somebody used a code that was sent to them; the newest campaign with it counts."""
    values = {"id": customer_id, "code": code, "now": now}
    row = conn.execute(_REDEEM, values).one_or_none()
    if row is not None:
        return Redemption(Redeemed.NOTED, row.brand, row.product)
    known = conn.execute(_KNOWN, values).scalar_one()
    return Redemption(Redeemed.BEFORE if known else Redeemed.UNKNOWN)


_REDEEM = text("""
    WITH sent AS (
        SELECT c.customer_id, upper(c.offer_code) AS code, c.campaign_id, c.brand,
               coalesce(nullif(v.spec #>> '{offer,sells}', ''), c.reminds_of) AS product
        FROM contact c
        LEFT JOIN wave w ON w.id = c.wave_id LEFT JOIN campaign_version v ON v.id = w.version_id
        WHERE c.customer_id = :id AND upper(c.offer_code) = :code AND c.offer_code <> ''
        ORDER BY c.at DESC LIMIT 1
    ), noted AS (
        INSERT INTO redemption (customer_id, offer_code, campaign_id, at)
        SELECT customer_id, code, campaign_id, :now FROM sent
        ON CONFLICT (customer_id, offer_code) DO NOTHING
        RETURNING campaign_id
    )
    SELECT brand, product FROM sent JOIN noted USING (campaign_id)
""")
_KNOWN = text(
    "SELECT EXISTS (SELECT FROM redemption WHERE customer_id = :id AND offer_code = :code)"
)
