"""The rule data's file: read from its bytes, every value checked, each fault named by its place."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from dispatcher.errors import FileError
from dispatcher.rules.hours import MINUTES, Hours, readable
from dispatcher.rules.jurisdictions import (
    Calendar,
    Cap,
    Confidence,
    Counts,
    Day,
    Deadline,
    EmailHours,
    Jurisdiction,
    Jurisdictions,
    Lifts,
    Source,
    Territory,
    Tier,
    Week,
    is_code,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NEEDED = (
    *("name", "timezones", "tier", "basis", "confidence", "as_of", "sources", "windows"),
    "email",
)
_MORE: Mapping[str, type] = {
    "alphanumeric_sender": str,
    "label": str,
    "optout_reask_days": int,
    "optout_retain_years": int,
    "optout_words": list,
    "reconfirm_months": int,
    "registry": str,
    "sender_prefix": str,
    "sender_suffix": str,
    "separate_night_consent": bool,
    "text_prefix": str,
}
_OPTIONAL = (
    *("parent", "strict_windows", "outer_windows", "holiday_calendar", "consent", "own_hand"),
    *("consent_lifts_hours", "caps", "email_caps", "optout_deadline", "notes"),
)
_CLOCK = re.compile(r"(\d\d):([0-5]\d)\Z")
_UNITS = ("hours", "business_days", "calendar_days")
_GRADES = ("P", "L", "V", "K")

Kind = TypeVar("Kind")
Word = TypeVar("Word", bound=StrEnum)


def parse(data: bytes, path: str) -> Jurisdictions:
    """Read the rule data; FileError names path, line, jurisdiction, field, value and remedy."""
    try:
        text = data.decode()
        tables = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError(path, 0, f"is no TOML in UTF-8: {error}") from None
    return _Reader(path, text).book(tables, hashlib.sha256(data).hexdigest()[:16])


class _Table:
    """One table of the file, whose values are asked for by name and kind."""

    def __init__(self, reader: _Reader, heading: str, values: Any) -> None:
        self.reader, self.heading = reader, heading
        if not isinstance(values, dict):
            reader.refuse(heading, "", "must be a table")
        self.values: dict[str, Any] = values

    def refuse(self, field: str, problem: str) -> NoReturn:
        self.reader.refuse(self.heading, field, problem)

    def get(self, field: str, kind: type[Kind], default: Kind | None = None) -> Kind:
        """Give a value of this kind; without a default it must be there."""
        if field not in self.values and default is not None:
            return default
        if field not in self.values:
            self.refuse(field, "is missing; add it")
        value = self.values[field]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.refuse(field, f"{value!r:.60} must be a {_KIND_NAMES[kind]}")
        return value

    def word(self, field: str, words: type[Word], default: str | None = None) -> Word:
        said = self.get(field, str, default)
        try:
            return words(said)
        except ValueError:
            there = ", ".join(filter(None, words))
            self.refuse(field, f'"{said:.40}" is not known; write one of: {there}')

    def names(self, field: str) -> tuple[str, ...]:
        values = self.get(field, list)
        for value in values:
            if not isinstance(value, str) or not value:
                self.refuse(field, f"{value!r:.60} must be a text")
        return tuple(values)

    def count(self, field: str, least: int = 0) -> int:
        value = self.get(field, int)
        if value < least:
            self.refuse(field, f"{value} must be {least} or more")
        return value

    def day(self, field: str) -> date:
        said = self.get(field, str)
        try:
            return date.fromisoformat(said)
        except ValueError:
            self.refuse(field, f'"{said:.40}" is no date; write 2026-11-21')

    def only(self, known: tuple[str, ...]) -> None:
        """Refuse fields that mean nothing: a slip of the pen must not lift a restriction."""
        for field in self.values:
            if field not in known:
                near = get_close_matches(field, known, 1)
                remedy = f'did you mean "{near[0]}"?' if near else "take it out"
                self.refuse(field, f"is not known; {remedy}")

    def inner(self, field: str) -> _Table | None:
        """Give the table in a field, if it is there."""
        if field not in self.values:
            return None
        return _Table(self.reader, f"{self.heading}|{field}", self.values[field])


_KIND_NAMES: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    list: "list",
    dict: "table",
    bool: "true or false",
}


class _Reader:
    """Turns tables into rules, and knows at which line each stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def refuse(self, heading: str, field: str, problem: str) -> NoReturn:
        """Raise the fault with its place; `heading` is `table` or `table|field` inside it."""
        table, _, outer = heading.partition("|")
        where = ".".join(part for part in (outer, field) if part)
        said = f"{table}{', ' if where else ''}{where}: {problem}"
        raise FileError(self.path, self._line(table, outer or field), said, field or outer)

    def _line(self, table: str, field: str) -> int:
        head = f"[{table}]"
        at = next((n for n, line in enumerate(self.lines) if line.strip().startswith(head)), -1)
        for number in range(at + 1, len(self.lines)):
            line = self.lines[number].lstrip()
            if line.startswith("["):
                break
            if field and re.match(rf'"?{re.escape(field)}"?\s*=', line):
                return number + 1
        return at + 1

    def book(self, tables: dict[str, Any], fingerprint: str) -> Jurisdictions:
        root = _Table(self, "", tables)
        root.only(("meta", "product_defaults", "territory", "jurisdiction", "source"))
        meta = _Table(self, "meta", root.get("meta", dict))
        defaults = _Table(self, "product_defaults", root.get("product_defaults", dict, {}))
        sources = self._each(root, "source", self._source)
        entries = self._each(root, "jurisdiction", self._jurisdiction)
        territories = self._each(root, "territory", self._territory)
        book = Jurisdictions(
            version=meta.get("version", str),
            as_of=meta.day("as_of"),
            fingerprint=fingerprint,
            unknown_country=meta.get("unknown_country", str),
            close_margin_minutes=meta.count("close_margin_minutes"),
            max_hold_hours=meta.count("max_hold_hours", 1),
            defaults=defaults.values,
            us_promotional_cap=self._default_cap(defaults, "us_promotional_cap"),
            sources=sources,
            territories=territories,
            entries=entries,
        )
        self._check_links(book)
        return book

    def _each(
        self, root: _Table, kind: str, read: Callable[[str, _Table], Kind]
    ) -> Mapping[str, Kind]:
        found = root.get(kind, dict)
        return {name: read(name, _Table(self, f"{kind}.{name}", found[name])) for name in found}

    def _check_links(self, book: Jurisdictions) -> None:
        """Refuse names of things that are not there."""
        if book.unknown_country not in book.entries:
            self.refuse("meta", "unknown_country", f'"{book.unknown_country}" is no jurisdiction')
        for code, entry in book.entries.items():
            heading = f"jurisdiction.{code}"
            parent = code.partition("-")[0] if "-" in code else ""
            if entry.parent != parent:
                wanted = f'must be "{parent}"' if parent else "must not be here: this is no part"
                self.refuse(heading, "parent", wanted)
            if parent and parent not in book.entries:
                self.refuse(heading, "parent", f'there is no jurisdiction "{parent}"; add it')
            if not entry.sources:
                self.refuse(heading, "sources", "is empty; say where the rule was read")
            for source in entry.sources:
                if source not in book.sources:
                    self.refuse(heading, "sources", f'there is no source "{source}"; add its table')
        for code, place in book.territories.items():
            if place.of not in book.entries:
                self.refuse(f"territory.{code}", "of", f'"{place.of}" is no jurisdiction')

    def _source(self, _name: str, table: _Table) -> Source:
        table.only(("url", "grade"))
        grade = table.get("grade", str)
        if grade not in _GRADES:
            table.refuse("grade", f'"{grade:.40}" is not known; write one of: {", ".join(_GRADES)}')
        return Source(table.get("url", str), grade)

    def _territory(self, code: str, table: _Table) -> Territory:
        self._check_code(code, table)
        table.only(("of", "timezones", "holiday_calendar"))
        return Territory(table.get("of", str), self._zones(table), self._calendar(table))

    def _jurisdiction(self, code: str, table: _Table) -> Jurisdiction:
        self._check_code(code, table)
        table.only((*_NEEDED, *_OPTIONAL, *_MORE))
        return Jurisdiction(
            code=code,
            name=table.get("name", str),
            parent=table.get("parent", str, ""),
            zones=self._zones(table),
            tier=table.word("tier", Tier),
            basis=table.get("basis", str),
            confidence=table.word("confidence", Confidence),
            as_of=table.day("as_of"),
            sources=table.names("sources"),
            week=self._week(table, "windows"),
            strict_week=self._other_week(table, "strict_windows"),
            outer_week=self._other_week(table, "outer_windows"),
            calendar=self._calendar(table),
            email=table.word("email", EmailHours),
            consent=table.get("consent", str, ""),
            consent_lifts_hours=table.word("consent_lifts_hours", Lifts, ""),
            own_hand=table.get("own_hand", str, ""),
            caps=self._caps(table, "caps"),
            email_caps=self._caps(table, "email_caps"),
            optout_deadline=self._deadline(table),
            notes=table.get("notes", str, ""),
            more={name: table.get(name, _MORE[name]) for name in _MORE if name in table.values},
        )

    def _check_code(self, code: str, table: _Table) -> None:
        if not is_code(code):
            table.refuse("", "is no code; write a country as FR and a part of one as US-FL")

    def _zones(self, table: _Table) -> tuple[str, ...]:
        zones = table.names("timezones")
        for zone in zones:
            if not readable(zone):
                table.refuse("timezones", f'"{zone:.40}" is no zone; write one as Europe/Paris')
        return zones

    def _calendar(self, table: _Table) -> Calendar | None:
        inner = table.inner("holiday_calendar")
        if inner is None:
            return None
        inner.only(("library", "country", "subdiv"))
        if inner.get("library", str) != "holidays":
            inner.refuse("library", 'must be "holidays"')
        return Calendar(inner.get("country", str), inner.get("subdiv", str, ""))

    def _deadline(self, table: _Table) -> Deadline | None:
        inner = table.inner("optout_deadline")
        if inner is None:
            return None
        inner.only(("value", "unit"))
        unit = inner.get("unit", str)
        if unit not in _UNITS:
            inner.refuse("unit", f'"{unit:.40}" is not known; write one of: {", ".join(_UNITS)}')
        return Deadline(inner.count("value"), unit)

    def _caps(self, table: _Table, field: str) -> tuple[Cap, ...]:
        return tuple(self._cap(table, field, each) for each in table.get(field, list, []))

    def _default_cap(self, defaults: _Table, field: str) -> Cap | None:
        there = field in defaults.values
        return self._cap(defaults, field, defaults.values[field]) if there else None

    def _cap(self, table: _Table, field: str, values: Any) -> Cap:
        cap = _Table(self, f"{table.heading}|{field}", values)
        cap.only(("max", "per_hours", "scope", "basis", "note"))
        return Cap(
            most=cap.count("max", 1),
            per_hours=cap.count("per_hours", 1),
            scope=cap.word("scope", Counts),
            basis=cap.get("basis", str, ""),
            note=cap.get("note", str, ""),
        )

    def _other_week(self, table: _Table, field: str) -> Week | None:
        return self._week(table, field) if field in table.values else None

    def _week(self, table: _Table, field: str) -> Week:
        if field not in table.values:
            table.refuse(field, "is missing; add it")
        week = _Table(self, f"{table.heading}|{field}", table.values[field])
        week.only((*DAYS, "holiday"))
        days = tuple(self._day(week, day) for day in DAYS)
        if week.values.get("holiday") == "as_day":
            return Week(days, None)
        if "holiday_calendar" not in table.values:
            week.refuse("holiday", "has windows of its own, so holiday_calendar must be given")
        return Week(days, self._day(week, "holiday"))

    def _day(self, week: _Table, day: str) -> Day:
        windows: list[Hours] = []
        for pair in week.get(day, list):
            if not isinstance(pair, list) or len(pair) != 2:
                week.refuse(day, f'{pair!r:.60} is no window; write ["09:00", "20:00"]')
            window = Hours(self._minute(week, day, pair[0]), self._minute(week, day, pair[1]))
            if window.opens >= window.closes:
                week.refuse(day, f"{pair!r:.60} closes before it opens; split it at midnight")
            if windows and window.opens < windows[-1].closes:
                week.refuse(day, f"{pair!r:.60} must come after the window before it")
            windows.append(window)
        return tuple(windows)

    def _minute(self, week: _Table, day: str, said: Any) -> int:
        read = _CLOCK.match(said) if isinstance(said, str) else None
        minute = int(read[1]) * 60 + int(read[2]) if read else MINUTES + 1
        if minute > MINUTES:
            week.refuse(day, f"{said!r:.40} is no time of day; write 00:00 to 24:00")
        return minute
