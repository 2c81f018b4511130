"""Soft bounces: when a mailbox that was full or slow again and again counts as dead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

MOST = 5
APART = timedelta(hours=72)
SPAN = timedelta(days=14)
FORGOTTEN = timedelta(days=90)


def is_given_up(times: Iterable[datetime]) -> bool:
    """Tell whether there were five, each 72 hours after the one counted before, over 14 days."""
    counted: list[datetime] = []
    for at in sorted(times):
        if not counted or at - counted[-1] >= APART:
            counted.append(at)
    return len(counted) >= MOST and counted[-1] - counted[0] >= SPAN
