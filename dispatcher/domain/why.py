"""Why somebody gets a message: the ground that its decision stood on, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from dispatcher.domain.consent_kinds import ConsentKind

_EPOCH, _DAY = date(1970, 1, 1).toordinal(), 24 * 3600


class Why(StrEnum):
    """What a message answers to; each has its sentence in every language of the house.

    `ASKED` and `REMINDED` stand for whoever asked for an offer themselves, or looked at what it
    reminds them of; the other two of these name the topic besides, where that was agreed to.
    """

    TOPIC = "topic"
    EVERYTHING = "everything"
    CUSTOMER = "customer"
    BOUGHT = "bought"
    INQUIRED = "inquired"
    PUBLISHED = "published"
    RECOMMENDED = "recommended"
    WORK = "work"
    NOTICE = "notice"
    ONCE = "once"
    ASKED = "asked"
    ASKED_TOPIC = "asked_topic"
    REMINDED = "reminded"
    REMINDED_TOPIC = "reminded_topic"

    __hash__ = str.__hash__  # that of an Enum runs in Python, and this is asked for each person


class Ground(NamedTuple):
    """Why one message came. `since` is the day (UTC) of the consent, None if nobody knows it."""

    why: Why
    since: date | None = None


# Kinds that say less than a yes of the person's own; every other is one.
_KINDS: Mapping[str, Why] = {
    ConsentKind.SOFT_OPT_IN: Why.CUSTOMER,
    ConsentKind.CASL_IMPLIED_PURCHASE: Why.BOUGHT,
    ConsentKind.CASL_IMPLIED_INQUIRY: Why.INQUIRED,
    ConsentKind.CASL_IMPLIED_PUBLISHED: Why.PUBLISHED,
    ConsentKind.CASL_REFERRAL: Why.RECOMMENDED,
    ConsentKind.LEGITIMATE_INTEREST_B2B: Why.WORK,
    ConsentKind.US_CANSPAM_NOTICE: Why.NOTICE,
    ConsentKind.ASK_ONCE: Why.ONCE,
}


@lru_cache(maxsize=1 << 12)
def ground_of(
    kind: str, day: int, *, in_all: bool = False, asked: bool = False, reminds: bool = False
) -> Ground:
    """Give the ground of a decision, from the consent it stood on and what led to it.

    `kind` is the consent's, `day` that of its giving (days since 1970, 0 if unknown). `in_all`: it
    is one to every topic. `asked`: it answers the person's request. `reminds`: of what they saw.
    """
    since = date.fromordinal(_EPOCH + day) if day else None
    why = _KINDS.get(kind, Why.EVERYTHING if in_all else Why.TOPIC)
    if asked:
        return Ground(Why.ASKED_TOPIC if why is Why.TOPIC else Why.ASKED, since)
    if reminds:
        return Ground(Why.REMINDED_TOPIC if why is Why.TOPIC else Why.REMINDED, since)
    return Ground(why, since)


def day_of(instant: float) -> int:
    """Give the day (UTC, days since 1970) of an instant in Unix seconds; 0 for none."""
    return int(instant // _DAY)
