"""The reader of files of rules: values asked for by name and kind, each fault told by its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from dispatcher.errors import FileError
from dispatcher.rules.hours import MINUTES, Hours
from dispatcher.rules.jurisdictions import Cap, Counts, Day, Week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = re.compile(r"(\d\d):([0-5]\d)\Z", re.ASCII)
_MOST = 10**6  # no count of a rule is larger

Kind = TypeVar("Kind")
Word = TypeVar("Word", bound=StrEnum)


class Table:
    """One table of the file, whose values are asked for by name and kind."""

    def __init__(self, reader: Reader, heading: str, values: Any) -> None:
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
        is_other = (kind is int and isinstance(value, bool)) or isinstance(value, datetime)
        if is_other or not isinstance(value, kind):
            self.refuse(field, f"{_shown(value)} must be a {_KIND_NAMES[kind]}")
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
                self.refuse(field, f"{_shown(value)} must be a text")
        return tuple(values)

    def count(self, field: str, least: int = 0) -> int:
        value = self.get(field, int)
        if value < least:
            self.refuse(field, f"{value} must be {least} or more")
        if value > _MOST:
            self.refuse(field, f"must be {_MOST} or less")
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

    def inner(self, field: str) -> Table | None:
        """Give the table in a field, if it is there."""
        if field not in self.values:
            return None
        return Table(self.reader, f"{self.heading}|{field}", self.values[field])


_KIND_NAMES: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    list: "list",
    dict: "table",
    bool: "true or false",
    date: "day, written 2027-01-01 without quotes",
}


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:  # Python refuses to write out a number of thousands of digits
        return "the value"


class Reader:
    """Knows a file's tables and at which line each stands."""

    def __init__(self, data: bytes, path: str) -> None:
        self.path = path
        try:
            text = data.decode()
            self.tables = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise FileError(path, 0, f"is no TOML in UTF-8: {error}") from None
        self.lines = text.splitlines()

    def refuse(self, heading: str, field: str, problem: str) -> NoReturn:
        """Raise the fault with its place; `heading` is `table` or `table|field` inside it."""
        table, _, outer = heading.partition("|")
        where = ".".join(part for part in (outer, field) if part)
        said = f"{table}{', ' if table and where else ''}{where}: {problem}"
        raise FileError(self.path, self.line(table, outer or field), said, field or outer)

    def line(self, table: str, field: str) -> int:
        """Give the line of a table's field, else that of its heading, else 0."""
        if not table:
            top = re.compile(rf'\[*\s*"?{re.escape(field)}"?\s*[].=]')
            return next((n for n, line in enumerate(self.lines, 1) if top.match(line.lstrip())), 0)
        at, name = self.head(table), table.partition(" ")[0]
        for number in range(at + 1, len(self.lines)):
            line = self.lines[number].lstrip()
            if field and line.startswith(f"[{name}.{field}]"):
                return number + 1
            if line.startswith("[") and not line.startswith(f"[{name}."):
                break
            if field and re.match(rf'"?{re.escape(field)}"?\s*=', line):
                return number + 1
        return at + 1

    def head(self, table: str) -> int:
        """Give the index of the line with a table's heading, else -1."""
        head = f"[{table}]"
        return next((n for n, line in enumerate(self.lines) if line.strip().startswith(head)), -1)

    def caps(self, table: Table, field: str) -> tuple[Cap, ...]:
        """Read a list of caps; none when the field is not there."""
        return tuple(self.cap(table, field, each) for each in table.get(field, list, []))

    def cap(self, table: Table, field: str, values: Any) -> Cap:
        """Read one cap."""
        cap = Table(self, f"{table.heading}|{field}", values)
        cap.only(("max", "per_hours", "scope", "basis", "note"))
        return Cap(
            most=cap.count("max", 1),
            per_hours=cap.count("per_hours", 1),
            scope=cap.word("scope", Counts),
            basis=cap.get("basis", str, ""),
            note=cap.get("note", str, ""),
        )

    def other_week(self, table: Table, field: str, calendar: bool) -> Week | None:
        """Read the windows of a week, if they are there."""
        return self.week(table, field, calendar) if field in table.values else None

    def week(self, table: Table, field: str, calendar: bool) -> Week:
        """Read the windows of a week; those of holidays need a `calendar` that names them."""
        if field not in table.values:
            table.refuse(field, "is missing; add it")
        week = Table(self, f"{table.heading}|{field}", table.values[field])
        week.only((*DAYS, "holiday"))
        days = tuple(self._day(week, day) for day in DAYS)
        if week.values.get("holiday") == "as_day":
            return Week(days, None)
        if not calendar:
            week.refuse("holiday", 'has windows, but no holiday_calendar is given: write "as_day"')
        return Week(days, self._day(week, "holiday"))

    def _day(self, week: Table, day: str) -> Day:
        windows: list[Hours] = []
        for pair in week.get(day, list):
            if not isinstance(pair, list) or len(pair) != 2:
                week.refuse(day, f'{_shown(pair)} is no window; write ["09:00", "20:00"]')
            window = Hours(self._minute(week, day, pair[0]), self._minute(week, day, pair[1]))
            if window.opens >= window.closes:
                week.refuse(day, f"{_shown(pair)} closes before it opens; split it at midnight")
            if windows and window.opens < windows[-1].closes:
                week.refuse(day, f"{_shown(pair)} must come after the window before it")
            windows.append(window)
        return tuple(windows)

    def _minute(self, week: Table, day: str, said: Any) -> int:
        read = _CLOCK.match(said) if isinstance(said, str) else None
        minute = int(read[1]) * 60 + int(read[2]) if read else MINUTES + 1
        if minute > MINUTES:
            week.refuse(day, f"{_shown(said)} is no time of day; write 00:00 to 24:00")
        return minute
