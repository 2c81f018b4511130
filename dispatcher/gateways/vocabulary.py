"""The house vocabulary that the code tables of all adapters translate into."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.messages import EventKind, Outcome
from dispatcher.gateways.classify import Trouble


class Meaning(StrEnum):
    """What a gateway's code says at hand-over; the last two concern everybody, not one message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    STOPPED = "stopped"  # refused: this person has opted out there
    DEAD = "dead"  # refused: there is no such number or mailbox
    DEFERRED = "deferred"
    UNSURE = "unsure"
    THROTTLED = "throttled"
    DOWN = "down"


class News(StrEnum):
    """What a gateway's status says later."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    STOPPED = "stopped"  # bounced: this person has opted out there
    DEAD = "dead"  # bounced: there is no such number or mailbox
    SOFT = "soft"  # bounced: it takes nothing for now
    BLOCKED = "blocked"  # bounced: the message or its sender was not wanted, by a machine
    DELAYED = "delayed"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CLICKED = "clicked"
    IGNORED = "ignored"  # known, and of no use to anybody
    UNKNOWN = "unknown"


Codes = Mapping[str, tuple[Meaning, str]]  # code, its meaning, the provider's own words
Statuses = Mapping[str, tuple[News, str]]


class Weight(NamedTuple):
    """What a meaning is for the journeys."""

    outcome: Outcome
    trouble: Trouble = Trouble.MESSAGE


MEANINGS: Mapping[Meaning, Weight] = {
    Meaning.ACCEPTED: Weight(Outcome.ACCEPTED),
    Meaning.REFUSED: Weight(Outcome.REFUSED),
    Meaning.STOPPED: Weight(Outcome.REFUSED),
    Meaning.DEAD: Weight(Outcome.REFUSED),
    Meaning.DEFERRED: Weight(Outcome.DEFERRED),
    Meaning.UNSURE: Weight(Outcome.UNSURE),
    Meaning.THROTTLED: Weight(Outcome.DEFERRED, Trouble.PASSING),
    Meaning.DOWN: Weight(Outcome.DEFERRED, Trouble.LASTING),
}

KINDS_OF_NEWS: Mapping[News, EventKind] = {
    News.DELIVERED: EventKind.DELIVERED,
    News.BOUNCED: EventKind.BOUNCED,
    News.STOPPED: EventKind.BOUNCED,
    News.DEAD: EventKind.BOUNCED,
    News.SOFT: EventKind.BOUNCED,
    News.BLOCKED: EventKind.BOUNCED,
    News.DELAYED: EventKind.DELAYED,
    News.COMPLAINED: EventKind.COMPLAINED,
    News.UNSUBSCRIBED: EventKind.UNSUBSCRIBED,
    News.CLICKED: EventKind.CLICKED,
    News.UNKNOWN: EventKind.UNKNOWN,
}
