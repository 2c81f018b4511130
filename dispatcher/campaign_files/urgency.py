"""True urgency only: words such as "last day" must fit the end of the offer.

Untrue ones mislead (UCPD 2005/29/EC, annex I no. 7; RCW 19.190.020 for subjects of mails).
"""

from __future__ import annotations

import re
from typing import NamedTuple

DAY = 86400.0


class Claim(NamedTuple):
    """What a text claims: at most `seconds` of sending fit it. 0: nothing does."""

    words: str
    seconds: float


_TODAY = re.compile(
    r"\b(?:last day|today only|only today|ends today|ends tonight|final hours|last chance today"
    r"|dernier jour|aujourd['’]hui seulement|plus qu['’]aujourd['’]hui|jusqu['’]à ce soir"
    r"|letzter tag|nur heute|nur noch heute|endet heute)\b",
    re.IGNORECASE,
)
_DAYS = re.compile(
    r"\b(?:(?P<en>\d{1,3}) days? (?:only|left)|only (?P<en2>\d{1,3}) days?"
    r"|plus que (?P<fr>\d{1,3}) jours?|nur noch (?P<de>\d{1,3}) tage?)\b",
    re.IGNORECASE,
)
_FALSE_REPLY = re.compile(r"^\s*(?:re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE)


def claims(text: str) -> list[Claim]:
    """Find what a subject or headline claims about time, and a pretended reply."""
    found = [Claim(match[0], DAY) for match in _TODAY.finditer(text)]
    for match in _DAYS.finditer(text):
        days = next(group for group in match.groups() if group)
        found.append(Claim(match[0], int(days) * DAY))
    pretended = _FALSE_REPLY.match(text)
    if pretended:
        found.append(Claim(pretended[0].strip(), 0.0))
    return found


def untrue(text: str, starts_at: float, ends_at: float) -> str:
    """Say why a text is not true of an offer sent from `starts_at` to `ends_at`; "" if it is.

    `starts_at` 0 means unknown: then a claim about time cannot be checked, and is refused.
    """
    for words, seconds in claims(text):
        if not seconds:
            return f'"{words}" pretends to be an answer; take it out'
        if not starts_at:
            return f'"{words}" must be true: write schedule.start, so that it can be checked'
        if ends_at - starts_at > seconds:
            days = (ends_at - starts_at) / DAY
            return f'"{words}" is not true: from start to end the offer runs {days:.1f} days'
    return ""
