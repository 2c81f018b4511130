"""One row of a file of customers: checked value by value, ready to be staged or named as bad."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import shake_256
from operator import itemgetter
from zoneinfo import available_timezones

import orjson

from dispatcher.domain.messages import Channel
from dispatcher.domain.promises import Shown, smaller
from dispatcher.services.customer_columns import Column, Columns
from dispatcher.services.customer_file import Line
from dispatcher.services.customer_values import (
    BadValue,
    read_attribute,
    read_channels,
    read_days,
    read_email,
    read_home,
    read_hours,
    read_instant,
    read_kind,
    read_language,
    read_max_per_month,
    read_most_a_month,
    read_phone,
    read_preferred,
    read_topics,
    read_zone,
)
from dispatcher.storage.chains import microseconds
from dispatcher.storage.consents import wording_digest
from dispatcher.storage.imports import Reject
from dispatcher.storage.imports_rows import StagedRow, StagedTold
from dispatcher.tokens import Digests

_MEMORY = 100_000  # values kept of what repeats in a file
NEIGHBOURS = 20_000  # rows that are neighbours: their ids share the bits above the lowest 53
_BITS = 53
_NO_MAIL = (None, None, None)
_EACH_ITS_OWN = frozenset({Column.EMAIL, Column.PHONE, Column.CONSENT_AT})


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
        except BadValue as bad:
            return Reject(line.number, bad.column, bad.value[:200], bad.reason)

    def _read(self, no: int, line: int, values: list[str]) -> StagedRow:
        told = self._what_it_tells(self._told_of(values))
        at = self._instant(values[self._instant_at].strip())
        email = read_email(values[self._email_at].strip())
        phone = read_phone(values[self._phone_at].strip(), told.country or self._country)
        mail, wide, bucket = self._mail(email) if email else _NO_MAIL
        number = phone.e164 if phone else None
        if not email and not phone:
            raise BadValue("email", "", "there is neither an e-mail address nor a phone number")
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
            raise BadValue("", values[width], problem)
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
        country, region = read_home(values, self._country)
        topics = read_topics(values, self._topic)
        wording = values.get(Column.CONSENT_WORDING, "")
        kind = read_kind(values)
        origin = values.get(Column.CONSENT_SOURCE, "")[:200]
        most = read_max_per_month(values)
        if wording:
            shown = self.wordings.get(wording, Shown(values.get(Column.LANGUAGE, "")))
            most = smaller(most, shown.max_per_month)
            self.wordings[wording] = shown._replace(max_per_month=most)
        staged = StagedTold(
            0,
            read_language(values),
            country,
            region,
            read_zone(values, self._zones),
            *read_hours(values),
            read_days(values),
            read_most_a_month(values),
            read_preferred(values),
            _array(sorted(topics)),
            "",
            kind,
            wording_digest(wording) if wording else "",
            origin,
            bool(kind and origin and wording),  # GDPR art. 7(1)
        )
        return _Told(country, _by_addresses(read_channels(values)), staged, {})

    def _attributes(self, values: list[str]) -> str:
        told: dict[str, str] = {}
        for name, at in self._attributes_at:
            value = values[at].strip()
            if value:
                told[name] = read_attribute(name, value)
        return orjson.dumps(told).decode()

    def _instant(self, text: str) -> int | None:
        if not text:
            return None
        if text not in self._instants:
            if len(self._instants) > _MEMORY:
                self._instants.clear()
            self._instants[text] = microseconds(read_instant(text))
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


def _array(values: Iterable[str]) -> str:
    """Write an array literal; none of these values holds a character that would need quotes."""
    return "{" + ",".join(values) + "}"


def _by_addresses(wanted: Sequence[str]) -> dict[tuple[bool, bool], str]:
    """Give those of the wanted channels that a row can be reached by, whatever addresses it has."""
    return {
        (email, phone): _array(
            name for name in wanted if (email if name == Channel.EMAIL else phone)
        )
        for email in (False, True)
        for phone in (False, True)
    }
