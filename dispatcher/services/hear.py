"""Hear: what gateways deliver over a line of their own, obeyed before it is acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from dispatcher.domain.messages import Event
from dispatcher.services.receive import Received, receive
from dispatcher.services.subscribe import Desk
from dispatcher.storage import events

_LOOKS, _NAP = 8, 0.25  # a worker settles what it sent within less than a second


def hear(
    desk: Desk,
    told: Sequence[Event],
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> Received:
    """Record events and obey them; when this returns, it is committed.

    A receipt may be here before its message is settled. One that says more than "arrived" waits
    for that a moment, else nobody would know whose number is dead. StorageDown: nothing was kept.
    """
    grave = [one for one in told if one.reference and (one.contact_stopped or one.dead_address)]
    for _ in range(_LOOKS if grave else 0):
        with desk.database.begin() as conn:
            if all(events.subject_of(conn, one) for one in grave):
                break
        sleep(_NAP)
    return receive(desk, told, now())
