"""Reads the tables of a campaign file key by key and collects every problem with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from dispatcher.campaign_files.keys import KEYS, Tables
from dispatcher.campaign_files.lines import KeyPath
from dispatcher.campaign_files.words import Unreadable
from dispatcher.errors import CampaignError

T = TypeVar("T")

# Whoever made so many mistakes has given us the wrong file.
MOST_TOLD = 100


def dotted(where: KeyPath) -> str:
    """Write a path as the file would: policy.caps, without places in lists."""
    return ".".join(key for key in where if isinstance(key, str))


class Report:
    """Collects the problems of one file, so that all of them are told at once."""

    def __init__(self, path: str, lines: Mapping[KeyPath, int]) -> None:
        self.path = path
        self.lines = lines
        self.problems: list[CampaignError] = []
        self.notices: list[str] = []

    def add(self, where: KeyPath, problem: str) -> None:
        """Note a problem at the line of `where`, or of the nearest table around it."""
        field = dotted(where)
        told = f"{field}: {problem}" if field else problem
        self.problems.append(CampaignError(self.path, self.line(where), told, field))

    def lacks(self, table: KeyPath, name: str, example: str) -> None:
        """Note a key that is missing from a table."""
        told = f"[{dotted(table)}] lacks {name}; write: {name} = {example}"
        field = dotted((*table, name))
        self.problems.append(CampaignError(self.path, self.line(table), told, field))

    def notice(self, where: KeyPath, notice: str) -> None:
        """Note something that is no mistake but may surprise."""
        self.notices.append(f"{self.path}:{self.line(where)}: {notice}")

    def line(self, where: KeyPath) -> int:
        """Give the line of a key, or of the nearest table around it that was written."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


class Table:
    """One table of the file. What is not asked for by the end is reported as unknown.

    `keys` are those of its kind of file; `kind` is the table's name there, if it is another.
    """

    def __init__(
        self,
        report: Report,
        name: str,
        values: Mapping[str, Any],
        keys: Tables = KEYS,
        kind: str = "",
    ) -> None:
        self.report = report
        self.name = name
        self.keys = keys
        self.kind = kind or name
        self.where: KeyPath = tuple(name.split(".")) if name else ()
        self.values = values
        self.asked: set[str] = set()

    def table(self, name: str) -> Table:
        """Give a table below this one; empty when it is not there or no table."""
        self.asked.add(name)
        full = f"{self.name}.{name}" if self.name else name
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            remedy = f"write [{full}] on a line of its own, and the keys below it"
            self.report.add((*self.where, name), f"this is a table: {remedy}")
            value = {}
        return Table(self.report, full, value, self.keys)

    def has(self, name: str) -> bool:
        """Tell whether the key is written."""
        return name in self.values

    def need(self, name: str, convert: Callable[[Any], T], stand_in: T) -> T:
        """Read a required key; when it is missing or wrong, say so and give the stand-in."""
        if name not in self.values:
            self.asked.add(name)
            example = self.keys[self.kind][name].example
            self.report.lacks(self.where, name, example)
            return stand_in
        return self.get(name, convert, stand_in)

    def get(self, name: str, convert: Callable[[Any], T], default: T) -> T:
        """Read a key that may be missing."""
        self.asked.add(name)
        if name not in self.values:
            return default
        return self._read((*self.where, name), self.values[name], convert, default)

    def many(self, name: str, convert: Callable[[Any], T]) -> tuple[T, ...]:
        """Read a list, each element with its own line; nothing when it is missing."""
        self.asked.add(name)
        values = self.values.get(name, [])
        where = (*self.where, name)
        if not isinstance(values, list):
            example = self.keys[self.kind][name].example
            self.report.add(where, f"write a list in square brackets: {name} = {example}")
            return ()
        read = [self._read((*where, i), value, convert, None) for i, value in enumerate(values)]
        return tuple(value for value in read if value is not None)

    def free(self) -> Iterable[tuple[str, KeyPath, Any]]:
        """Give all keys of a table whose keys the marketer chooses, with their places."""
        for name, value in self.values.items():
            self.asked.add(name)
            yield name, (*self.where, name), value

    def done(self) -> None:
        """Report what nobody asked for."""
        unknown = [name for name in self.values if name not in self.asked]
        for name in unknown[:MOST_TOLD]:
            self.report.add((*self.where, name), self._unknown(name))

    def _read(self, where: KeyPath, value: Any, convert: Callable[[Any], T], default: T) -> T:
        try:
            return convert(value)
        except Unreadable as problem:
            self.report.add(where, str(problem))
            return default

    def _unknown(self, name: str) -> str:
        what = "table" if isinstance(self.values[name], dict) else "key"
        place = f"in [{self.name}]" if self.name else "outside any table"
        told = f"there is no such {what}" if what == "table" else f"there is no such key {place}"
        near = get_close_matches(name, self.asked, 1, 0.6)
        if near:
            return f'{told}; did you mean "{near[0]}"?'
        homes = [table for table, keys in self.keys.items() if name in keys]
        if homes and what == "key":
            return f"{told}; it belongs in [{homes[0]}]"
        return f"{told}; there are {', '.join(sorted(self.asked))}"
