"""The values of a file of customers: each read and checked, or named as bad with what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches

from dispatcher.domain import weekdays
from dispatcher.domain.addresses import Dialled, Problem, dial, normalise_email
from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.homes import read_country, read_region
from dispatcher.domain.messages import Channel
from dispatcher.domain.names import is_topic, language_tag
from dispatcher.domain.promises import MOST_A_MONTH
from dispatcher.services.customer_columns import Column

_HOURS = re.compile(r"\s*(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)\s*\Z")
_BETWEEN = re.compile(r"[|;,]")
_MOST = 2000  # characters of one value
_DAY = 24 * 60
_KINDS = frozenset(ConsentKind)
_CHANNELS = frozenset(Channel)


class BadValue(Exception):
    """A value of a row is no good."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


def read_email(text: str) -> str | None:
    """Read an e-mail address; None where there is none."""
    if not text:
        return None
    found = normalise_email(text)
    if isinstance(found, Problem):
        raise BadValue(Column.EMAIL, text, found.text)
    return found


def read_phone(text: str, country: str) -> Dialled | None:
    """Read a phone number, which may be written the way of this country; None: there is none."""
    if not text:
        return None
    found = dial(text, country)
    if isinstance(found, Problem):
        raise BadValue(Column.PHONE, text, found.text)
    return found


def read_instant(text: str) -> datetime:
    """Read ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        instant = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        reason = "write the instant like 2026-05-03 or 2026-05-03T10:15:00+02:00"
        raise BadValue(Column.CONSENT_AT, text, reason) from None
    if instant.year < 1970:
        raise BadValue(Column.CONSENT_AT, text, "nobody has consented before 1970")
    return instant


def read_attribute(name: str, text: str) -> str:
    """Read what only this programme knows the meaning of."""
    if len(text) > _MOST:
        raise BadValue(name, text, f"the value is longer than {_MOST} characters")
    return text


def read_language(values: Mapping[Column, str]) -> str:
    """Read the language as a tag; empty where nothing is told."""
    text = values.get(Column.LANGUAGE, "")
    tag = language_tag(text)
    if text and not tag:
        raise BadValue(Column.LANGUAGE, text, "write the language as a code, such as en or fr-CA")
    return tag


def read_home(values: Mapping[Column, str], country: str) -> tuple[str, str]:
    """Read where somebody lives; a state without a country is one of the file's country."""
    text, part = values.get(Column.COUNTRY, ""), values.get(Column.REGION, "")
    found = read_country(text or (country if part else ""))
    if isinstance(found, Problem):
        raise BadValue(Column.COUNTRY, text, found.text)
    home, both = found
    region = read_region(part or both, home)
    if isinstance(region, Problem):
        raise BadValue(Column.REGION, part, region.text)
    if both and region != both:
        reason = f"the country says {home}-{both}; which of the two is it?"
        raise BadValue(Column.REGION, part, reason)
    return home, region


def read_zone(values: Mapping[Column, str], zones: Iterable[str]) -> str:
    """Read the time zone, one of these; empty where nothing is told."""
    text = values.get(Column.ZONE, "")
    if text and text not in zones:
        close = get_close_matches(text, zones, 1)
        hint = close[0] if close else "Europe/Paris"
        raise BadValue(Column.ZONE, text, f"there is no such time zone; write it like {hint}")
    return text


def read_hours(values: Mapping[Column, str]) -> tuple[int, int]:
    """Read from when until when somebody may be written to, in minutes of the day."""
    text = values.get(Column.HOURS, "")
    if not text:
        return 0, 0
    found = _HOURS.match(text)
    hours = tuple(int(part) for part in found.groups()) if found else (99, 0, 99, 0)
    opens, closes = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(opens, closes) > _DAY or hours[1] > 59 or hours[3] > 59 or opens == closes:
        raise BadValue(Column.HOURS, text, "write the hours like 09:00-20:00")
    return opens % _DAY, closes


def read_days(values: Mapping[Column, str]) -> str:
    """Read on which weekdays somebody may be written to; empty where nothing is told."""
    text = values.get(Column.DAYS, "")
    days = weekdays.read(text) if text else ""
    if days is None:
        raise BadValue(Column.DAYS, text, "write the weekdays like mon-fri or tue, sat")
    return days


def read_most_a_month(values: Mapping[Column, str]) -> int:
    """Read how many offers a month somebody wants at most; 0 where nothing is told."""
    return _a_month(Column.MOST_A_MONTH, values, "write the most offers a month")


def read_max_per_month(values: Mapping[Column, str]) -> int:
    """Read how many offers a month were promised; 0 where nothing is told."""
    return _a_month(Column.CONSENT_MAX_PER_MONTH, values, "write the promised offers a month")


def _a_month(column: Column, values: Mapping[Column, str], ask: str) -> int:
    text = values.get(column, "")
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_A_MONTH):
        raise BadValue(column, text, f"{ask} as a number from 1 to {MOST_A_MONTH}, such as 4")
    return int(text or 0)


def read_preferred(values: Mapping[Column, str]) -> str:
    """Read the channel to try first; empty where nothing is told."""
    text = values.get(Column.PREFERS, "").lower()
    if text and text not in _CHANNELS:
        raise BadValue(Column.PREFERS, text, "write the channel to try first, email or sms")
    return text


def read_topics(values: Mapping[Column, str], topic: str) -> tuple[str, ...]:
    """Read what the consent is about; `topic` where nothing is told, else anything."""
    found = _listed(values.get(Column.TOPICS) or topic)
    for each in found:
        if each != ANY_TOPIC and not is_topic(each):
            reason = "a topic is made of letters a-z, digits and -; write coffee|theatre"
            raise BadValue(Column.TOPICS, each, reason)
    return tuple(dict.fromkeys(found)) or (ANY_TOPIC,)


def read_channels(values: Mapping[Column, str]) -> list[str]:
    """Read the channels the consent is for; all of them where none is named."""
    text = values.get(Column.CONSENT_CHANNELS, "")
    named = _listed(text)
    if any(name not in _CHANNELS for name in named):
        raise BadValue(Column.CONSENT_CHANNELS, text, "write email, sms or email|sms")
    return sorted(set(named)) if text else [Channel.EMAIL, Channel.SMS]


def read_kind(values: Mapping[Column, str]) -> str:
    """Read how the consent was given; empty where nothing is told."""
    text = values.get(Column.CONSENT_KIND, "").lower()
    if text and text not in _KINDS:
        close = get_close_matches(text, list(ConsentKind), 1)
        hint = f"did you mean {close[0]}?" if close else f"write one of {', '.join(ConsentKind)}"
        raise BadValue(Column.CONSENT_KIND, text, f"there is no such kind of consent; {hint}")
    return text


def _listed(text: str) -> list[str]:
    return [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
