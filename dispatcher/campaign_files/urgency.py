"""True urgency only: words such as "last day" must fit the end of the offer.

Untrue ones mislead (UCPD 2005/29/EC, annex I no. 7; RCW 19.190.020 for subjects of mails).
"""

from __future__ import annotations

import re
from typing import NamedTuple

HOUR, DAY = 3600.0, 86400.0


class Claim(NamedTuple):
    """What a text claims: at most `seconds` of sending fit it. 0: nothing does."""

    words: str
    seconds: float
    place: int = 0


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
_TOMORROW = re.compile(
    r"\b(?:ends tomorrow|until tomorrow only|jusqu['’]à demain|endet morgen|nur bis morgen)\b",
    re.IGNORECASE,
)
_WEEK = re.compile(
    r"\b(?:this week only|only this week|cette semaine seulement|nur diese woche)\b", re.IGNORECASE
)
_HOURS = re.compile(
    r"\b(?:(?P<en>\d{1,3}) hours? (?:only|left)|only (?P<en2>\d{1,3}) hours?"
    r"|plus que (?P<fr>\d{1,3}) heures?|nur noch (?P<de>\d{1,3}) stunden?)\b",
    re.IGNORECASE,
)
_FALSE_REPLY = re.compile(r"^\s*(?:re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE)

_WORDS = ((_TODAY, DAY), (_TOMORROW, 2 * DAY), (_WEEK, 7 * DAY))


def claims(text: str) -> list[Claim]:
    """Find what a subject or headline claims about time, and a pretended reply."""
    found = [
        Claim(match[0], seconds, match.start())
        for pattern, seconds in _WORDS
        for match in pattern.finditer(text)
    ]
    for pattern, unit in ((_DAYS, DAY), (_HOURS, HOUR)):
        for match in pattern.finditer(text):
            amount = next(group for group in match.groups() if group)
            found.append(Claim(match[0], int(amount) * unit, match.start()))
    pretended = _FALSE_REPLY.match(text)
    if pretended:
        found.append(Claim(pretended[0].strip(), 0.0))
    return found


def untrue(text: str, starts_at: float, ends_at: float) -> str:
    """Say why a text is not true of an offer sent from `starts_at` to `ends_at`; "" if it is.

    `starts_at` 0 means unknown: then a claim about time cannot be checked, and is refused.
    """
    for words, seconds, _ in claims(text):
        if not seconds:
            return f'"{words}" pretends to be an answer; take it out'
        if not starts_at:
            return f'"{words}" must be true: write schedule.start, so that it can be checked'
        if ends_at - starts_at > seconds:
            days = (ends_at - starts_at) / DAY
            return f'"{words}" is not true: from start to end the offer runs {days:.1f} days'
    return ""
