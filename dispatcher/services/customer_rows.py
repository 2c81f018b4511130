"""One row of a file of customers: checked value by value, ready to be staged or named as bad."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import available_timezones

import orjson
import phonenumbers

from dispatcher.domain.addresses import Dialled, Problem, dial, normalise_email
from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.messages import Channel
from dispatcher.domain.names import is_topic, language_tag
from dispatcher.services.customer_columns import Column, Columns
from dispatcher.services.customer_file import Line
from dispatcher.storage.consents import wording_digest
from dispatcher.storage.imports import Reject, StagedRow
from dispatcher.tokens import Digests

_HOURS = re.compile(r"\s*(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)\s*\Z")
_BETWEEN = re.compile(r"[|;,]")
_MOST = 2000  # characters of one value
_DAY = 24 * 60
_KINDS = frozenset(ConsentKind)
_CHANNELS = frozenset(Channel)
_MEMORY = 100_000  # values kept of what repeats in a file
_EACH_ITS_OWN = frozenset({Column.EMAIL, Column.PHONE, Column.CONSENT_AT})


class _Bad(Exception):
    """A value of a row is no good."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


class _Told(NamedTuple):
    """What many rows of a file say alike, checked once and kept."""

    country: str
    language: str
    zone: str
    hours: tuple[int, int]
    topics: str
    channels: Mapping[tuple[bool, bool], str]  # by whether there is an e-mail address, a number
    kind: str
    wording: str
    origin: str
    proves: bool  # with an instant, which hardly two rows share


class RowReader:
    """Reads rows; `wordings` collects the texts that were shown, to be kept once each.

    `country` is for phone numbers written the national way, `topic` for rows that name none.
    Rows with one `seed` and number get one id: whoever reads a file takes a new seed.
    """

    def __init__(
        self,
        columns: Columns,
        digests: Digests,
        seed: bytes,
        *,
        country: str = "",
        topic: str = "",
    ) -> None:
        self.wordings: dict[str, str] = {}
        self._width = columns.width
        self._email_at = columns.known.get(Column.EMAIL, -1)
        self._phone_at = columns.known.get(Column.PHONE, -1)
        self._instant_at = columns.known.get(Column.CONSENT_AT, -1)
        told = [pair for pair in columns.known.items() if pair[0] not in _EACH_ITS_OWN]
        self._told_columns = [column for column, _ in told]
        self._told_at = [at for _, at in told]
        self._attributes_at = list(columns.attributes.items())
        self._digests = digests
        self._seed = seed
        self._country = country
        self._topic = topic
        self._zones = available_timezones()
        self._told: dict[tuple[str, ...], _Told] = {}
        self._instants: dict[str, str] = {}

    def read(self, no: int, line: Line) -> StagedRow | Reject:
        """Check one row, the `no`-th; give it ready to be staged, or its first bad value."""
        try:
            return self._read(no, line.number, self._fitted(line.values))
        except _Bad as bad:
            return Reject(line.number, bad.column, bad.value[:200], bad.reason)

    def _read(self, no: int, line: int, values: list[str]) -> StagedRow:
        told = self._what_it_tells(tuple([values[at] for at in self._told_at]))
        at = self._instant(values[self._instant_at].strip())
        email = _email(values[self._email_at].strip())
        phone = self._phone(values[self._phone_at].strip(), told.country)
        if email:
            mail: tuple[bytes | None, ...] = self._digests.store(Channel.EMAIL, email)
        elif phone:
            mail = (None,)
        else:
            raise _Bad("email", "", "there is neither an e-mail address nor a phone number")
        return StagedRow(
            no,
            line,
            self._new_id(no),
            email,
            mail[0],
            mail[-1],
            self._digests.holdout_bucket(email) if email else None,
            phone.e164 if phone else None,
            self._digests.digest(Channel.SMS, phone.e164) if phone else None,
            self._digests.holdout_bucket(phone.e164) if phone else None,
            _array(phone.zones) if phone else "{}",
            told.language,
            told.country,
            told.zone,
            *told.hours,
            self._attributes(values),
            told.topics,
            told.channels[email is not None, phone is not None],
            at,
            told.kind,
            told.wording,
            told.origin,
            told.proves and at is not None,
        )

    def _new_id(self, no: int) -> int:
        """Give a random id, never 0, that fits a signed bigint."""
        drawn = blake2b(no.to_bytes(8, "big"), digest_size=8, key=self._seed).digest()
        return int.from_bytes(drawn, "big") >> 1 | 1

    def _fitted(self, values: list[str]) -> list[str]:
        """Give a value for each column, and an empty last one for columns that are not there."""
        width = self._width
        if len(values) == width:
            return [*values, ""]
        if any(values[width:]):
            problem = (
                f"there are {len(values)} values for {width} columns; a comma may need quotes"
                " around it"
            )
            raise _Bad("", values[width], problem)
        return [*values[:width], *[""] * (width - len(values)), ""]

    def _what_it_tells(self, key: tuple[str, ...]) -> _Told:
        known = self._told.get(key)
        if known is None:
            if len(self._told) > _MEMORY:
                self._told.clear()
            pairs = zip(self._told_columns, key, strict=True)
            known = self._told[key] = self._check({column: text.strip() for column, text in pairs})
        return known

    def _check(self, values: Mapping[Column, str]) -> _Told:
        country = _country_of(values)
        topics = self._topics(values)
        wording = values.get(Column.CONSENT_WORDING, "")
        kind = _kind(values)
        origin = values.get(Column.CONSENT_SOURCE, "")[:200]
        told = _Told(
            country=country,
            language=_language(values),
            zone=self._zone(values),
            hours=_hours(values),
            topics=_array(topics),
            channels=_channels(values),
            kind=kind,
            wording=wording_digest(wording) if wording else "",
            origin=origin,
            proves=bool(kind and origin and wording),  # GDPR art. 7(1)
        )
        if wording:
            self.wordings.setdefault(wording, values.get(Column.LANGUAGE, ""))
        return told

    def _attributes(self, values: list[str]) -> str:
        told: dict[str, str] = {}
        for name, at in self._attributes_at:
            value = values[at].strip()
            if value:
                if len(value) > _MOST:
                    raise _Bad(name, value, f"the value is longer than {_MOST} characters")
                told[name] = value
        return orjson.dumps(told).decode()

    def _phone(self, text: str, country: str) -> Dialled | None:
        if not text:
            return None
        found = dial(text, country or self._country)
        if isinstance(found, Problem):
            raise _Bad(Column.PHONE, text, found.text)
        return found

    def _zone(self, values: Mapping[Column, str]) -> str:
        text = values.get(Column.ZONE, "")
        if text and text not in self._zones:
            close = get_close_matches(text, self._zones, 1)
            hint = close[0] if close else "Europe/Paris"
            raise _Bad(Column.ZONE, text, f"there is no such time zone; write it like {hint}")
        return text

    def _topics(self, values: Mapping[Column, str]) -> tuple[str, ...]:
        text = values.get(Column.TOPICS) or self._topic
        found = [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
        for topic in found:
            if topic != ANY_TOPIC and not is_topic(topic):
                reason = "a topic is made of letters a-z, digits and -; write coffee|theatre"
                raise _Bad(Column.TOPICS, topic, reason)
        return tuple(dict.fromkeys(found)) or (ANY_TOPIC,)

    def _instant(self, text: str) -> str | None:
        if not text:
            return None
        if text not in self._instants:
            if len(self._instants) > _MEMORY:
                self._instants.clear()
            self._instants[text] = _parse_instant(text).isoformat()
        return self._instants[text]


def _email(text: str) -> str | None:
    if not text:
        return None
    found = normalise_email(text)
    if isinstance(found, Problem):
        raise _Bad(Column.EMAIL, text, found.text)
    return found


def _country_of(values: Mapping[Column, str]) -> str:
    text = values.get(Column.COUNTRY, "").upper()
    code = "GB" if text == "UK" else text
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        raise _Bad(Column.COUNTRY, text, "write the country as two letters, such as GB or FR")
    return code


def _language(values: Mapping[Column, str]) -> str:
    text = values.get(Column.LANGUAGE, "")
    tag = language_tag(text)
    if text and not tag:
        raise _Bad(Column.LANGUAGE, text, "write the language as a code, such as en or fr-CA")
    return tag


def _hours(values: Mapping[Column, str]) -> tuple[int, int]:
    text = values.get(Column.HOURS, "")
    if not text:
        return 0, 0
    found = _HOURS.match(text)
    hours = tuple(int(part) for part in found.groups()) if found else (99, 0, 99, 0)
    opens, closes = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(opens, closes) > _DAY or hours[1] > 59 or hours[3] > 59 or opens == closes:
        raise _Bad(Column.HOURS, text, "write the hours like 09:00-20:00")
    return opens % _DAY, closes


def _array(values: Iterable[str]) -> str:
    """Write an array literal; none of these values holds a character that would need quotes."""
    return "{" + ",".join(values) + "}"


def _channels(values: Mapping[Column, str]) -> dict[tuple[bool, bool], str]:
    """Give the channels the consent is for: those named, else all the row has an address for."""
    text = values.get(Column.CONSENT_CHANNELS, "")
    named = [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
    if any(name not in _CHANNELS for name in named):
        raise _Bad(Column.CONSENT_CHANNELS, text, "write email, sms or email|sms")
    wanted = list(dict.fromkeys(named)) if text else [Channel.EMAIL, Channel.SMS]
    return {
        (email, phone): _array(
            name for name in wanted if (email if name == Channel.EMAIL else phone)
        )
        for email in (False, True)
        for phone in (False, True)
    }


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
