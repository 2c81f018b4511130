"""Spending: a campaign never costs more than its ceiling; it is paused there, and says why."""

from __future__ import annotations

from sqlalchemy import Connection, text

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.messages import Channel

_MOST_PARTS = {Channel.EMAIL: 1, Channel.SMS: 4}


def affordable(
    conn: Connection, batch: Batch, spec: CampaignSpec, price: float, wanted: int
) -> int:
    """Give to how many people a batch may be sent; pause the campaign when to none.

    Batches in flight count in full and at their dearest, so no race can overspend.
    """
    if not spec.ceiling or not price:
        return wanted
    unit = price * _MOST_PARTS[batch.channel]
    values = {"campaign": batch.campaign_id}
    spent, in_flight = conn.execute(_SPENT, values).one()
    others = in_flight - batch.size
    most = max(int((spec.ceiling - float(spent) - others * unit) / unit), 0)
    if most == 0 and others == 0:
        note = f"paused: the cost ceiling of {spec.ceiling:.2f} is reached"
        conn.execute(_PAUSE, {**values, "note": note})
    return min(wanted, most)


# The campaign's row is locked, so that two batches never reckon with the same money.
_SPENT = text("""
    SELECT (SELECT coalesce(sum(spent), 0) FROM wave WHERE campaign_id = c.id),
           (SELECT coalesce(sum(b.size), 0) FROM batch b JOIN wave w ON w.id = b.wave_id
            WHERE w.campaign_id = c.id AND b.state = 'leased')
    FROM campaign c WHERE c.id = :campaign FOR UPDATE
""")

_PAUSE = text("""
    WITH paused AS (
        UPDATE campaign SET state = 'paused', note = :note
        WHERE id = :campaign AND state = 'running' RETURNING id)
    INSERT INTO withdrawal (scope) SELECT 'campaign:' || id FROM paused
""")
