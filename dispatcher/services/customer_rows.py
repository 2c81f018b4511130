"""One row of a file of customers: checked value by value, ready to be staged or named as bad."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import available_timezones

import orjson
import phonenumbers

from dispatcher.domain.addresses import Problem, normalise_email, normalise_phone, zones_of_phone
from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.messages import Channel
from dispatcher.services.customer_columns import Column, Columns
from dispatcher.services.customer_file import Line
from dispatcher.storage.consents import wording_digest
from dispatcher.storage.imports import Reject, StagedRow
from dispatcher.tokens import Digests

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*\Z", re.IGNORECASE)
_HOURS = re.compile(r"\s*(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)\s*\Z")
_TOPIC = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_BETWEEN = re.compile(r"[|;,]")
_MOST = 2000  # characters of one value
_DAY = 24 * 60
_KINDS = frozenset(ConsentKind)
_CHANNELS = frozenset(Channel)
_MEMORY = 100_000  # values kept of what repeats in a file


class _Bad(Exception):
    """A value of a row is no good."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


class Consented(NamedTuple):
    """What a row says of consent; without full evidence it proves nothing."""

    topics: tuple[str, ...]
    channels: tuple[Channel, ...]
    at: datetime | None
    kind: str
    wording: str
    origin: str

    @property
    def proven(self) -> bool:
        """Say whether kind, instant, source and wording are all there (RULEBOOK CE-03)."""
        return bool(self.kind and self.at and self.origin and self.wording)


class RowReader:
    """Reads rows; `wordings` collects the texts that were shown, to be kept once each.

    `country` is for phone numbers written the national way, `topic` for rows that name none.
    """

    def __init__(
        self,
        columns: Columns,
        digests: Digests,
        new_id: Callable[[], int],
        *,
        country: str = "",
        topic: str = "",
    ) -> None:
        self.wordings: dict[str, str] = {}
        self._columns = columns
        self._digests = digests
        self._new_id = new_id
        self._country = country
        self._topic = topic
        self._zones = available_timezones()
        self._instants: dict[str, datetime] = {}
        self._digests_of: dict[str, str] = {}

    def read(self, no: int, line: Line) -> StagedRow | Reject:
        """Check one row, the `no`-th; give it ready to be staged, or its first bad value."""
        try:
            return self._read(no, line)
        except _Bad as bad:
            return Reject(line.number, bad.column, bad.value[:200], bad.reason)

    def _read(self, no: int, line: Line) -> StagedRow:
        values = self._values(line)
        country = self._country_of(values)
        email = self._email(values)
        phone = self._phone(values, country)
        if not (email or phone):
            raise _Bad("email", "", "there is neither an e-mail address nor a phone number")
        consent = self._consent(values, email, phone)
        hours = self._hours(values)
        mail = self._digests.store(Channel.EMAIL, email) if email else (None,)
        call = self._digests.store(Channel.SMS, phone) if phone else (None,)
        bucket = self._digests.holdout_bucket
        return StagedRow(
            no=no,
            line=line.number,
            customer_id=self._new_id(),
            email=email,
            email_digest=mail[0],
            email_wide=mail[-1],
            email_bucket=bucket(email) if email else None,
            phone=phone,
            phone_digest=call[0],
            phone_bucket=bucket(phone) if phone else None,
            zones=_array(zones_of_phone(phone) if phone else ()),
            language=self._language(values),
            country=country,
            zone=self._zone(values),
            hours_from=hours[0],
            hours_until=hours[1],
            attributes=self._attributes(line),
            topics=_array(consent.topics),
            channels=_array(consent.channels),
            consent_at=consent.at,
            kind=consent.kind,
            wording=consent.wording,
            origin=consent.origin,
            proven=consent.proven,
        )

    def _values(self, line: Line) -> dict[Column, str]:
        if len(line.values) > self._columns.width and any(line.values[self._columns.width :]):
            extra = line.values[self._columns.width]
            raise _Bad(
                "",
                extra,
                f"there are {len(line.values)} values for "
                f"{self._columns.width} columns; a comma may need quotes around it",
            )
        there = len(line.values)
        return {
            column: line.values[at].strip()
            for column, at in self._columns.known.items()
            if at < there and line.values[at]
        }

    def _attributes(self, line: Line) -> str:
        there = len(line.values)
        told: dict[str, str] = {}
        for name, at in self._columns.attributes.items():
            value = line.values[at].strip() if at < there else ""
            if len(value) > _MOST:
                raise _Bad(name, value, f"the value is longer than {_MOST} characters")
            if value:
                told[name] = value
        return orjson.dumps(told).decode()

    def _email(self, values: Mapping[Column, str]) -> str | None:
        text = values.get(Column.EMAIL)
        if not text:
            return None
        found = normalise_email(text)
        if isinstance(found, Problem):
            raise _Bad(Column.EMAIL, text, found.text)
        return found

    def _phone(self, values: Mapping[Column, str], country: str) -> str | None:
        text = values.get(Column.PHONE)
        if not text:
            return None
        found = normalise_phone(text, country or self._country)
        if isinstance(found, Problem):
            raise _Bad(Column.PHONE, text, found.text)
        return found

    def _country_of(self, values: Mapping[Column, str]) -> str:
        text = values.get(Column.COUNTRY, "").upper()
        code = "GB" if text == "UK" else text
        if code and code not in phonenumbers.SUPPORTED_REGIONS:
            raise _Bad(Column.COUNTRY, text, "write the country as two letters, such as GB or FR")
        return code

    def _language(self, values: Mapping[Column, str]) -> str:
        text = values.get(Column.LANGUAGE, "")
        if text and not _LANGUAGE.match(text):
            raise _Bad(Column.LANGUAGE, text, "write the language as a code, such as en or fr-CA")
        return text.replace("_", "-")

    def _zone(self, values: Mapping[Column, str]) -> str:
        text = values.get(Column.ZONE, "")
        if text and text not in self._zones:
            close = get_close_matches(text, self._zones, 1)
            hint = close[0] if close else "Europe/Paris"
            raise _Bad(Column.ZONE, text, f"there is no such time zone; write it like {hint}")
        return text

    def _hours(self, values: Mapping[Column, str]) -> tuple[int, int]:
        text = values.get(Column.HOURS, "")
        if not text:
            return 0, 0
        found = _HOURS.match(text)
        hours = tuple(int(part) for part in found.groups()) if found else (99, 0, 99, 0)
        opens, closes = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if max(opens, closes) > _DAY or hours[1] > 59 or hours[3] > 59 or opens == closes:
            raise _Bad(Column.HOURS, text, "write the hours like 09:00-20:00")
        return opens % _DAY, closes

    def _consent(
        self, values: Mapping[Column, str], email: str | None, phone: str | None
    ) -> Consented:
        wording = values.get(Column.CONSENT_WORDING, "")
        if wording:
            self.wordings.setdefault(wording, values.get(Column.LANGUAGE, ""))
        return Consented(
            topics=self._topics(values),
            channels=_channels(values, email, phone),
            at=self._instant(values),
            kind=_kind(values),
            wording=self._wording_digest(wording) if wording else "",
            origin=values.get(Column.CONSENT_SOURCE, "")[:200],
        )

    def _wording_digest(self, wording: str) -> str:
        if wording not in self._digests_of:
            if len(self._digests_of) > _MEMORY:
                self._digests_of.clear()
            self._digests_of[wording] = wording_digest(wording)
        return self._digests_of[wording]

    def _topics(self, values: Mapping[Column, str]) -> tuple[str, ...]:
        text = values.get(Column.TOPICS) or self._topic
        found = [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
        for topic in found:
            if topic != ANY_TOPIC and not _TOPIC.match(topic):
                reason = "a topic is made of letters a-z, digits and -; write coffee|theatre"
                raise _Bad(Column.TOPICS, topic, reason)
        return tuple(dict.fromkeys(found)) or (ANY_TOPIC,)

    def _instant(self, values: Mapping[Column, str]) -> datetime | None:
        text = values.get(Column.CONSENT_AT, "")
        if not text:
            return None
        known = self._instants.get(text)
        if known is None:
            if len(self._instants) > _MEMORY:
                self._instants.clear()
            known = self._instants[text] = _parse_instant(text)
        return known


def _array(values: Iterable[str]) -> str:
    """Write an array literal; none of these values holds a character that would need quotes."""
    return "{" + ",".join(values) + "}"


def _channels(
    values: Mapping[Column, str], email: str | None, phone: str | None
) -> tuple[Channel, ...]:
    """Give the channels the consent is for: those named, else all the row has an address for."""
    reachable = {Channel.EMAIL: bool(email), Channel.SMS: bool(phone)}
    text = values.get(Column.CONSENT_CHANNELS, "")
    if not text:
        return tuple(channel for channel, there in reachable.items() if there)
    named = [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
    if any(name not in _CHANNELS for name in named):
        raise _Bad(Column.CONSENT_CHANNELS, text, "write email, sms or email|sms")
    return tuple(Channel(name) for name in dict.fromkeys(named) if reachable[Channel(name)])


def _kind(values: Mapping[Column, str]) -> str:
    text = values.get(Column.CONSENT_KIND, "").lower()
    if text and text not in _KINDS:
        close = get_close_matches(text, list(ConsentKind), 1)
        hint = f"did you mean {close[0]}?" if close else f"write one of {', '.join(ConsentKind)}"
        raise _Bad(Column.CONSENT_KIND, text, f"there is no such kind of consent; {hint}")
    return text


def _parse_instant(text: str) -> datetime:
    """Read ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        instant = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        reason = "write the instant like 2026-05-03 or 2026-05-03T10:15:00+02:00"
        raise _Bad(Column.CONSENT_AT, text, reason) from None
    if instant.year < 1970:
        raise _Bad(Column.CONSENT_AT, text, "nobody has consented before 1970")
    return instant
