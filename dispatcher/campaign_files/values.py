"""Turns one TOML value into one of ours, or says in a sentence why it cannot be."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from dispatcher.campaign_files.words import Unreadable, share
from dispatcher.domain.addresses import Problem, normalise_email
from dispatcher.domain.names import is_topic, language_tag
from dispatcher.domain.signals import product_name

T = TypeVar("T")

# Line and paragraph separators break headers and texts as surely as CR and LF do.
_BREAKING = frozenset({"Cc", "Zl", "Zp", "Cs"})
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_URL = re.compile(r"https://[^\s/?#@<>\"]+\.[^\s/?#@<>\"]+(?:[/?#][^\s<>\"]*)?")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+._-]{1,11}|\d{3,8}|\+[1-9]\d{6,14}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_COUNTRY_SLIPS = {"UK": "GB", "EN": "GB", "EL": "GR", "SP": "ES", "JA": "JP", "DA": "DK"}
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def text(most: int = 200) -> Callable[[Any], str]:
    """Read one line of text of at most so many characters, not empty, with nothing hidden."""

    def read(value: Any) -> str:
        words = _string(value).strip()
        if not words:
            raise Unreadable("this is empty; write something or leave the key out")
        if len(words) > most:
            raise Unreadable(f"this is {len(words)} characters long; at most {most} fit")
        for letter in words:
            if unicodedata.category(letter) in _BREAKING:
                name = f"U+{ord(letter):04X}"
                raise Unreadable(
                    f"this holds a line break or control character ({name}); take it out"
                )
        return words

    return read


def paragraph(most: int = 300) -> Callable[[Any], str]:
    """Read text that may span lines, such as a postal address, as one line."""
    read = text(most)

    def joined(value: Any) -> str:
        lines = [line.strip().rstrip(",") for line in _string(value).split("\n")]
        return read(", ".join(line for line in lines if line))

    return joined


def words(read: Callable[[str], T]) -> Callable[[Any], T]:
    """Read an amount written in words."""
    return lambda value: read(_string(value))


def holdout(value: Any) -> int:
    """Read how many are kept back, of 10,000: a share in words, or a plain 0."""
    return 0 if _is_number(value) and not value else share(_string(value))


def slug(value: Any) -> str:
    """Read a short name that may stand in addresses and file names."""
    return _fitting(_SLUG, value, 'use small letters, digits and hyphens, such as "northwind"')


def topic(value: Any) -> str:
    """Read a topic people may ask for; "*" is none, for nobody asked for everything."""
    if not isinstance(value, str) or not is_topic(value):
        raise Unreadable('name one topic in small letters, such as "coffee"')
    return value


def product(value: Any) -> str:
    """Read a product by the name that signals of it bear."""
    name = product_name(_string(value))
    if not name:
        raise Unreadable('name one product as your shop does, such as "espresso-machine"')
    return name


def email(value: Any) -> str:
    """Read the sender's e-mail address, without a display name, in normal form."""
    address = normalise_email(_string(value))
    if isinstance(address, Problem):
        raise Unreadable('write a bare address such as "hello@northwind.example"')
    return address


def url(value: Any) -> str:
    """Read a web address people can trust: https, with a host name, without spaces."""
    return _fitting(_URL, value, 'write a whole address such as "https://northwind.example/week"')


def sms_sender(value: Any) -> str:
    """Read what an SMS shows as its sender."""
    remedy = 'write up to 11 letters and digits, a short code, or a number such as "+447700900123"'
    return _fitting(_SENDER, value, remedy)


def language(value: Any) -> str:
    """Read a language tag such as "fr" or "fr-CA"."""
    if not isinstance(value, str) or not value or language_tag(value) != value:
        raise Unreadable('write a language as "en", "fr" or "fr-CA"')
    return value


def country(value: Any) -> str:
    """Read an ISO 3166 country code."""
    code = _fitting(_COUNTRY, value, 'write a country as two capital letters, such as "GB"')
    if code in _COUNTRY_SLIPS:
        raise Unreadable(f'{code} is no country code; did you mean "{_COUNTRY_SLIPS[code]}"?')
    return code


def field_name(value: str) -> str:
    """Check the name of a field that templates use."""
    return _fitting(_FIELD, value, "name it with small letters, digits and _, such as last_day")


def plain(value: Any) -> str:
    """Read a value for a template: a line of text, or a number as people write it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unreadable("write a text in quotation marks, or a number")
    return text(500)(value if isinstance(value, str) else str(value))


def whole(least: int, most: int) -> Callable[[Any], int]:
    """Read a whole number in a range."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unreadable(f"write a whole number from {least} to {most}")
        return value

    return read


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Unreadable("write true or false, without quotation marks")
    return value


def money(value: Any) -> float:
    """Read an amount of money: a number, or a text such as "120.00"."""
    try:
        amount = Decimal(str(value)) if _is_number(value) else Decimal(_string(value).strip())
    except InvalidOperation:
        raise Unreadable('write an amount such as "120.00", without a currency') from None
    if not math.isfinite(amount) or not 0 <= amount < 1_000_000_000:
        raise Unreadable("write an amount from 0 to 999999999")
    return abs(float(amount))


def instant(value: Any) -> float:
    """Read a date and time with its offset from UTC, as Unix seconds."""
    if isinstance(value, datetime) and value.tzinfo is None:
        example = value.isoformat(timespec="seconds")
        raise Unreadable(
            f"this time does not say where: add Z for UTC or an offset, such as {example}+01:00"
        )
    if isinstance(value, datetime):
        if not _EARLIEST <= value < _LATEST:
            raise Unreadable("this is not in this century; check the year")
        return value.timestamp()
    if isinstance(value, date):
        raise Unreadable(f"add a time and an offset, such as {value.isoformat()}T09:00:00+01:00")
    if isinstance(value, time):
        raise Unreadable("add a date and an offset, such as 2026-12-01T09:00:00+01:00")
    raise Unreadable(
        "write date, time and offset without quotation marks, such as 2026-12-01T09:00:00+01:00"
    )


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable("write a text in quotation marks")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fitting(pattern: re.Pattern[str], value: Any, remedy: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Unreadable(remedy)
    return value
