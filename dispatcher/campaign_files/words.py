"""Reads amounts as people write them: "4 hours", "600 per minute", "5 %", "09:00-20:00"."""

from __future__ import annotations

import re

from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, CapScope, Window

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_UNIT = r"(second|minute|hour|day|week)s?"
_DURATION = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,3}})?)\s*{_UNIT}")
_RATE = re.compile(rf"(\d{{1,9}})\s*(?:per|/)\s*{_UNIT}")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*(?:%|percent|per cent)")
_HOURS = re.compile(r"(\S+?)\s*(?:-|–|to)\s*(\S+)")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_LOCAL = re.compile(r"(\S+)\s+recipient[- ]local")
_CAP = re.compile(
    r"(?P<max>\d{1,4})"
    r"(?:\s+(?P<what>sms|e-?mails?|messages?|offers?))?"
    r"\s+(?:per|in|every)\s+(?:(?P<count>\d{1,3})\s+)?(?P<unit>hour|day|week|month)s?"
    r"(?:\s+per\s+(?P<scope>brand|person))?"
)
_CAP_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
_LONGEST_CAP = 31 * 24
_CAP_SCOPES = {"brand": CapScope.BRAND, "person": CapScope.PERSON, None: CapScope.PERSON}


class Unreadable(ValueError):
    """The words say nothing this module knows; the text is a remedy in plain words."""


def duration(text: str) -> float:
    """Read "4 hours" or "1.5 days" as seconds."""
    amount, unit = _match(_DURATION, text, 'write a duration such as "4 hours" or "30 minutes"')
    return float(amount) * _SECONDS[unit]


def per_minute(text: str) -> int:
    """Read "600 per minute" or "10 per second" as messages a minute; never less than one."""
    amount, unit = _match(_RATE, text, 'write a rate such as "600 per minute"')
    rate = int(amount) * 60 // _SECONDS[unit]
    if rate < 1:
        raise Unreadable("this is less than one message a minute; write at least that")
    return rate


def share(text: str) -> int:
    """Read "5 %" as 500 of 10,000."""
    (amount,) = _match(_SHARE, text, 'write a share such as "5 %"')
    parts = round(float(amount) * 100)
    if parts > 10_000:
        raise Unreadable("a share is at most 100 %")
    return parts


def window(text: str) -> Window:
    """Read "09:00-20:00" as hours on a person's clock; 24:00 is the end of the day."""
    example = 'write hours such as "09:00-20:00"'
    opens, closes = (clock(part, example) for part in _match(_HOURS, text, example))
    if opens == closes:
        raise Unreadable("these hours never open: they close the minute they open")
    if opens > closes:
        raise Unreadable("these hours close before they open; offers do not go out overnight")
    return Window(opens, closes)


def recipient_local(text: str) -> int:
    """Read "10:00 recipient-local" as minutes after midnight on the person's clock."""
    example = 'write a time such as "10:00 recipient-local"'
    (time,) = _match(_LOCAL, text, example)
    minutes = clock(time, example)
    if minutes == 24 * 60:
        raise Unreadable("24:00 is the end of a day, no time in it")
    return minutes


def clock(text: str, example: str = 'write a time such as "09:00"') -> int:
    """Read "09:30" as minutes after midnight."""
    hours, minutes = _match(_CLOCK, text, example)
    total = int(hours) * 60 + int(minutes)
    if total > 24 * 60:
        raise Unreadable(f"{text} is no time of day; {example}")
    return total


def cap(text: str) -> Cap:
    """Read "1 per day per brand", "2 sms per day" or "10 per 30 days"."""
    match = _CAP.fullmatch(text.strip().lower())
    if match is None:
        raise Unreadable(
            'write a limit such as "1 per day per brand", "2 sms per day", "4 per week"'
        )
    most = int(match["max"])
    hours = int(match["count"] or 1) * _CAP_HOURS[match["unit"]]
    if most < 1 or hours < 1:
        raise Unreadable("a limit of none would send nothing; to send nothing, do not enqueue")
    if hours > _LONGEST_CAP:
        raise Unreadable("a limit looks back at most 31 days")
    return Cap(most, hours, _CAP_SCOPES[match["scope"]], _channel(match["what"] or ""))


def _channel(what: str) -> Channel | None:
    if what == "sms":
        return Channel.SMS
    return Channel.EMAIL if what.startswith("e") else None


def _match(pattern: re.Pattern[str], text: str, remedy: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text.strip().lower())
    if match is None:
        raise Unreadable(remedy)
    return match.groups()
