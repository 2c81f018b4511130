"""Consequences: what a refusal teaches about a person beyond this one message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dispatcher.domain.consents import ConsentSource
from dispatcher.domain.messages import Channel, Receipt
from dispatcher.services.subscribe import Act, Desk, leave
from dispatcher.storage import customers


def draw_consequences(
    desk: Desk, receipts: Sequence[Receipt], channel: Channel, now: float
) -> None:
    """Opt out whom the gateway says has left, and stop writing to addresses that do not exist."""
    heard_at = datetime.fromtimestamp(now, UTC)
    left = [
        Act(
            receipt.key.customer_id,
            channel,
            heard_at,
            source=ConsentSource.GATEWAY,
            evidence={"gateway_code": receipt.code, "gateway_said": receipt.detail[:200]},
        )
        for receipt in receipts
        if receipt.contact_stopped
    ]
    with desk.database.begin() as conn:
        if left:
            leave(conn, desk, left)
        for receipt in receipts:
            if receipt.dead_address:
                customers.mark_undeliverable(conn, receipt.key.customer_id, channel)
