"""Redemptions: codes of offers that people told us they have used."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text


class Redeemed(StrEnum):
    """What came of telling a code."""

    NOTED = "noted"
    BEFORE = "before"
    UNKNOWN = "unknown"


def redeem(conn: Connection, customer_id: int, code: str, now: datetime) -> Redeemed:
    """Note that somebody used a code that was sent to them; the newest campaign with it counts."""
    values = {"id": customer_id, "code": code, "now": now}
    if conn.execute(_REDEEM, values).rowcount:
        return Redeemed.NOTED
    known = conn.execute(_KNOWN, values).scalar_one()
    return Redeemed.BEFORE if known else Redeemed.UNKNOWN


_REDEEM = text("""
    INSERT INTO redemption (customer_id, offer_code, campaign_id, at)
    SELECT customer_id, upper(offer_code), campaign_id, :now FROM contact
    WHERE customer_id = :id AND upper(offer_code) = :code AND offer_code <> ''
    ORDER BY at DESC LIMIT 1
    ON CONFLICT (customer_id, offer_code) DO NOTHING
""")
_KNOWN = text(
    "SELECT EXISTS (SELECT FROM redemption WHERE customer_id = :id AND offer_code = :code)"
)
