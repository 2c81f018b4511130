"""Agreements on hours: how the consent ledger writes them down, beside the topics of offers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dispatcher.domain.consent_kinds import HoursKind

# No topic of offers can be written so, and consent to every topic does not include it.
PREFIX = "hours:"
_KIND = re.compile(rf"({'|'.join(HoursKind)}) (\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY = 24 * 60


class AgreedHours(NamedTuple):
    """Hours `[opens, closes)` in minutes after local midnight, overnight if opens > closes.

    Topic and kind of a ledger's event say it all, so its hash covers the hours themselves.
    """

    jurisdiction: str
    ground: HoursKind
    opens: int
    closes: int

    @property
    def topic(self) -> str:
        """The topic it stands under: of one jurisdiction the newest agreement counts."""
        return topic_of(self.jurisdiction)

    @property
    def kind(self) -> str:
        """The kind of the event."""
        return f"{self.ground} {self.words}"

    @property
    def words(self) -> str:
        """The hours as people write them."""
        return f"{_clock(self.opens)}-{_clock(self.closes)}"


def topic_of(jurisdiction: str) -> str:
    """Give the reserved topic of a jurisdiction."""
    return PREFIX + jurisdiction


def is_agreement(topic: str) -> bool:
    """Tell whether a topic of the ledger is an agreement on hours and none of offers."""
    return topic.startswith(PREFIX)


@lru_cache(maxsize=1 << 10)
def read_agreement(topic: str, kind: str) -> AgreedHours | None:
    """Read an event; None for one that is no agreement, or is of hours that no clock shows."""
    read = _KIND.fullmatch(kind)
    if read is None or not is_agreement(topic):
        return None
    ground, *clock = read.groups()
    hour, minute, until, past = map(int, clock)
    opens, closes = hour * 60 + minute, until * 60 + past
    if max(minute, past) >= 60 or opens == closes or opens >= _DAY or closes > _DAY:
        return None
    return AgreedHours(topic.removeprefix(PREFIX), HoursKind(ground), opens, closes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
