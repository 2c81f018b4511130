"""One row of a file of customers: checked value by value, ready to be staged or named as bad."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import shake_256
from operator import itemgetter
from zoneinfo import available_timezones

import orjson

from dispatcher.domain import weekdays
from dispatcher.domain.addresses import Dialled, Problem, dial, normalise_email
from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.homes import read_country, read_region
from dispatcher.domain.messages import Channel
from dispatcher.domain.names import is_topic, language_tag
from dispatcher.domain.promises import MOST_A_MONTH, Shown, smaller
from dispatcher.services.customer_columns import Column, Columns
from dispatcher.services.customer_file import Line
from dispatcher.storage.chains import microseconds
from dispatcher.storage.consents import wording_digest
from dispatcher.storage.imports import Reject
from dispatcher.storage.imports_rows import StagedRow, StagedTold
from dispatcher.tokens import Digests

_HOURS = re.compile(r"\s*(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)\s*\Z")
_BETWEEN = re.compile(r"[|;,]")
_MOST = 2000  # characters of one value
_DAY = 24 * 60
_KINDS = frozenset(ConsentKind)
_CHANNELS = frozenset(Channel)
_MEMORY = 100_000  # values kept of what repeats in a file
NEIGHBOURS = 20_000  # rows that are neighbours: their ids share the bits above the lowest 53
_BITS = 53
_NO_MAIL = (None, None, None)
_EACH_ITS_OWN = frozenset({Column.EMAIL, Column.PHONE, Column.CONSENT_AT})


class _Bad(Exception):
    """A value of a row is no good."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Told:
    """What many rows of a file say alike, checked once and kept.

    `staged` is all of it but its number and channels, which hang on the addresses a row has:
    `numbers` are those given, by whether there is an e-mail address, a phone number.
    """

    country: str
    channels: Mapping[tuple[bool, bool], str]
    staged: StagedTold
    numbers: dict[tuple[bool, bool], int]


class RowReader:
    """Reads rows; `wordings` collects the texts that were shown, to be kept once each.

    `told` collects what rows tell alike, numbered from `free`, which no other reader may use.
    `country` is for phone numbers written the national way, `topic` for rows that name none.
    Rows with one `seed` and number get one id: whoever reads a file takes a new seed.
    """

    def __init__(
        self,
        columns: Columns,
        digests: Digests,
        seed: bytes,
        free: Iterator[int],
        *,
        country: str = "",
        topic: str = "",
    ) -> None:
        self.wordings: dict[str, Shown] = {}
        self.told: list[StagedTold] = []
        self._width = columns.width
        self._email_at = columns.known.get(Column.EMAIL, -1)
        self._phone_at = columns.known.get(Column.PHONE, -1)
        self._instant_at = columns.known.get(Column.CONSENT_AT, -1)
        told = [pair for pair in columns.known.items() if pair[0] not in _EACH_ITS_OWN]
        self._told_columns = [column for column, _ in told]
        # Twice the empty value at the end: itemgetter makes no tuple of a single one.
        self._told_of = itemgetter(*[at for _, at in told], -1, -1)
        self._free = free
        self._attributes_at = list(columns.attributes.items())
        self._digests = digests
        self._seed = seed
        self._neighbours, self._ids = -1, list[int]()
        self._country = country
        self._topic = topic
        self._zones = available_timezones()
        self._told: dict[tuple[str, ...], _Told] = {}
        self._instants: dict[str, int] = {}

    def read(self, no: int, line: Line) -> StagedRow | Reject:
        """Check one row, the `no`-th; give it ready to be staged, or its first bad value."""
        try:
            return self._read(no, line.number, self._fitted(line.values))
        except _Bad as bad:
            return Reject(line.number, bad.column, bad.value[:200], bad.reason)

    def _read(self, no: int, line: int, values: list[str]) -> StagedRow:
        told = self._what_it_tells(self._told_of(values))
        at = self._instant(values[self._instant_at].strip())
        email = _email(values[self._email_at].strip())
        phone = self._phone(values[self._phone_at].strip(), told.country)
        mail, wide, bucket = self._mail(email) if email else _NO_MAIL
        number = phone.e164 if phone else None
        if not email and not phone:
            raise _Bad("email", "", "there is neither an e-mail address nor a phone number")
        return StagedRow(
            no,
            line,
            self._new_id(no),
            email,
            mail,
            wide,
            bucket,
            number,
            self._digests.digest(Channel.SMS, number) if number else None,
            self._digests.holdout_bucket(number) if number else None,
            _array(phone.zones) if phone else None,
            _array(phone.jurisdictions) if phone else None,
            self._attributes(values),
            at,
            self._number(told, (email is not None, number is not None)),
        )

    def _mail(self, email: str) -> tuple[bytes, bytes | None, int]:
        digest, *wide = self._digests.store(Channel.EMAIL, email)
        return digest, wide[0] if wide else None, self._digests.holdout_bucket(email)

    def _number(self, told: _Told, addresses: tuple[bool, bool]) -> int:
        """Give the number under which a row's common part is staged; a new one is noted."""
        number = told.numbers.get(addresses)
        if number is None:
            number = told.numbers[addresses] = next(self._free)
            channels = told.channels[addresses]
            self.told.append(told.staged._replace(told=number, channels=channels))
        return number

    def _new_id(self, no: int) -> int:
        """Give a random id, never 0, that fits a signed bigint."""
        neighbours, at = divmod(no - 1, NEIGHBOURS)
        if neighbours != self._neighbours:
            self._neighbours, self._ids = neighbours, _draw(self._seed, neighbours)
        return self._ids[at]

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
            pairs = zip(self._told_columns, key, strict=False)
            known = self._told[key] = self._check({column: text.strip() for column, text in pairs})
        return known

    def _check(self, values: Mapping[Column, str]) -> _Told:
        country, region = self._home(values)
        topics = self._topics(values)
        wording = values.get(Column.CONSENT_WORDING, "")
        kind = _kind(values)
        origin = values.get(Column.CONSENT_SOURCE, "")[:200]
        most = _max_per_month(values)
        if wording:
            shown = self.wordings.get(wording, Shown(values.get(Column.LANGUAGE, "")))
            most = smaller(most, shown.max_per_month)
            self.wordings[wording] = shown._replace(max_per_month=most)
        staged = StagedTold(
            0,
            _language(values),
            country,
            region,
            self._zone(values),
            *_hours(values),
            _days(values),
            _most_a_month(values),
            _preferred(values),
            _array(sorted(topics)),
            "",
            kind,
            wording_digest(wording) if wording else "",
            origin,
            bool(kind and origin and wording),  # GDPR art. 7(1)
        )
        return _Told(country, _channels(values), staged, {})

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

    def _home(self, values: Mapping[Column, str]) -> tuple[str, str]:
        """Read where somebody lives; a state without a country is one of the file's country."""
        text, part = values.get(Column.COUNTRY, ""), values.get(Column.REGION, "")
        found = read_country(text or (self._country if part else ""))
        if isinstance(found, Problem):
            raise _Bad(Column.COUNTRY, text, found.text)
        country, both = found
        region = read_region(part or both, country)
        if isinstance(region, Problem):
            raise _Bad(Column.REGION, part, region.text)
        if both and region != both:
            reason = f"the country says {country}-{both}; which of the two is it?"
            raise _Bad(Column.REGION, part, reason)
        return country, region

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

    def _instant(self, text: str) -> int | None:
        if not text:
            return None
        if text not in self._instants:
            if len(self._instants) > _MEMORY:
                self._instants.clear()
            self._instants[text] = microseconds(_parse_instant(text))
        return self._instants[text]


def _draw(seed: bytes, neighbours: int) -> list[int]:
    """Draw the ids of neighbours in a file: random, but with the same highest bits.

    So people who come in together lie together in every index, however many there are already; the
    lowest bits, which say in what shard somebody is, are anybody's.
    """
    wanted = 8 * (NEIGHBOURS + 1)
    drawn = shake_256(seed + neighbours.to_bytes(8, "big")).digest(wanted)
    head, *numbers = array("Q", drawn)
    high = head >> (_BITS + 1) << _BITS
    return [high | number >> (64 - _BITS) or 1 for number in numbers]


def _email(text: str) -> str | None:
    if not text:
        return None
    found = normalise_email(text)
    if isinstance(found, Problem):
        raise _Bad(Column.EMAIL, text, found.text)
    return found


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


def _days(values: Mapping[Column, str]) -> str:
    text = values.get(Column.DAYS, "")
    days = weekdays.read(text) if text else ""
    if days is None:
        raise _Bad(Column.DAYS, text, "write the weekdays like mon-fri or tue, sat")
    return days


def _most_a_month(values: Mapping[Column, str]) -> int:
    """Read how many offers a month somebody wants at most; 0 where nothing is told."""
    return _a_month(Column.MOST_A_MONTH, values, "write the most offers a month")


def _preferred(values: Mapping[Column, str]) -> str:
    text = values.get(Column.PREFERS, "").lower()
    if text and text not in _CHANNELS:
        raise _Bad(Column.PREFERS, text, "write the channel to try first, email or sms")
    return text


def _array(values: Iterable[str]) -> str:
    """Write an array literal; none of these values holds a character that would need quotes."""
    return "{" + ",".join(values) + "}"


def _channels(values: Mapping[Column, str]) -> dict[tuple[bool, bool], str]:
    """Give the channels the consent is for: those named, else all the row has an address for."""
    text = values.get(Column.CONSENT_CHANNELS, "")
    named = [part.strip().lower() for part in _BETWEEN.split(text) if part.strip()]
    if any(name not in _CHANNELS for name in named):
        raise _Bad(Column.CONSENT_CHANNELS, text, "write email, sms or email|sms")
    wanted = sorted(set(named)) if text else [Channel.EMAIL, Channel.SMS]
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


def _max_per_month(values: Mapping[Column, str]) -> int:
    """Read how many offers a month were promised; 0 where nothing is told."""
    return _a_month(Column.CONSENT_MAX_PER_MONTH, values, "write the promised offers a month")


def _a_month(column: Column, values: Mapping[Column, str], ask: str) -> int:
    text = values.get(column, "")
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_A_MONTH):
        raise _Bad(column, text, f"{ask} as a number from 1 to {MOST_A_MONTH}, such as 4")
    return int(text or 0)


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
