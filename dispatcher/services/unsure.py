"""Unsure: what was on the wire when its worker died, listed, and settled by who knows its fate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import DeliveryKey, Outcome
from dispatcher.storage import audit, settlements
from dispatcher.storage.settlements import Settlement

_ALL = 1_000_000


class UnsureLine(NamedTuple):
    """One message whose fate nobody knows yet."""

    wave_id: int
    customer_id: int
    attempt: int
    campaign: str
    channel: str
    gateway: str
    settled_at: datetime | None
    detail: str


def unsure(conn: Connection, campaign: str = "", customer_id: int = 0) -> list[UnsureLine]:
    """List them, the newest first; of one campaign by its name, of one person, or all."""
    lines = [_line(row) for row in settlements.unsure(conn, _ALL)]
    return [
        line
        for line in lines
        if campaign in ("", line.campaign) and customer_id in (0, line.customer_id)
    ]


def resolve(conn: Connection, lines: Sequence[UnsureLine], *, accepted: bool, actor: str) -> int:
    """Settle these as accepted or refused, on somebody's word; give for how many it was news."""
    settled = settlements.settle(conn, [_settlement(line, accepted, actor) for line in lines])
    for wave in sorted({key.wave_id for key in settled}):
        detail = {
            "wave": wave,
            "as": str(Outcome.ACCEPTED if accepted else Outcome.REFUSED),
            "people": [key.customer_id for key in settled if key.wave_id == wave],
        }
        audit.write(conn, actor, "resolve_unsure", f"wave:{wave}", detail)
    return len(settled)


def _line(row: Any) -> UnsureLine:
    return UnsureLine(*(row[name] for name in UnsureLine._fields))


def _settlement(line: UnsureLine, accepted: bool, actor: str) -> Settlement:
    return Settlement(
        key=DeliveryKey(line.wave_id, line.customer_id, line.attempt),
        state=DeliveryState.ACCEPTED if accepted else DeliveryState.REFUSED,
        reason=Reason.OK if accepted else Reason.GATEWAY_REFUSED,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
        detail=f"settled by {actor}",
    )
