"""The rule data's file: read from its bytes, every value checked, each fault named by its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from dispatcher.rules.hours import readable
from dispatcher.rules.jurisdictions import (
    Calendar,
    Cap,
    Confidence,
    Deadline,
    EmailHours,
    Jurisdiction,
    Jurisdictions,
    Lifts,
    Source,
    Territory,
    Tier,
    is_code,
)
from dispatcher.rules.rule_file import Reader, Table

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
_UNITS = ("hours", "business_days", "calendar_days")
_GRADES = ("P", "L", "V", "K")

Kind = TypeVar("Kind")


def parse(data: bytes, path: str) -> Jurisdictions:
    """Read the rule data; FileError names path, line, jurisdiction, field, value and remedy."""
    return _Reader(data, path).book(hashlib.sha256(data).hexdigest()[:16])


class _Reader(Reader):
    """Turns tables into rules."""

    def book(self, fingerprint: str) -> Jurisdictions:
        root = Table(self, "", self.tables)
        root.only(("meta", "product_defaults", "territory", "jurisdiction", "source"))
        meta = Table(self, "meta", root.get("meta", dict))
        defaults = Table(self, "product_defaults", root.get("product_defaults", dict, {}))
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
        self, root: Table, kind: str, read: Callable[[str, Table], Kind]
    ) -> Mapping[str, Kind]:
        found = root.get(kind, dict)
        return {name: read(name, Table(self, f"{kind}.{name}", found[name])) for name in found}

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

    def _source(self, _name: str, table: Table) -> Source:
        table.only(("url", "grade"))
        grade = table.get("grade", str)
        if grade not in _GRADES:
            table.refuse("grade", f'"{grade:.40}" is not known; write one of: {", ".join(_GRADES)}')
        return Source(table.get("url", str), grade)

    def _territory(self, code: str, table: Table) -> Territory:
        self._check_code(code, table)
        table.only(("of", "timezones", "holiday_calendar"))
        return Territory(table.get("of", str), self._zones(table), self._calendar(table))

    def _jurisdiction(self, code: str, table: Table) -> Jurisdiction:
        self._check_code(code, table)
        table.only((*_NEEDED, *_OPTIONAL, *_MORE))
        calendar = self._calendar(table)
        holidays = calendar is not None
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
            week=self.week(table, "windows", holidays),
            strict_week=self.other_week(table, "strict_windows", holidays),
            outer_week=self.other_week(table, "outer_windows", holidays),
            calendar=calendar,
            email=table.word("email", EmailHours),
            consent=table.get("consent", str, ""),
            consent_lifts_hours=table.word("consent_lifts_hours", Lifts, ""),
            own_hand=table.get("own_hand", str, ""),
            caps=self.caps(table, "caps"),
            email_caps=self.caps(table, "email_caps"),
            optout_deadline=self._deadline(table),
            notes=table.get("notes", str, ""),
            more={name: table.get(name, _MORE[name]) for name in _MORE if name in table.values},
        )

    def _check_code(self, code: str, table: Table) -> None:
        if not is_code(code):
            table.refuse("", "is no code; write a country as FR and a part of one as US-FL")

    def _zones(self, table: Table) -> tuple[str, ...]:
        zones = table.names("timezones")
        for zone in zones:
            if not readable(zone):
                table.refuse("timezones", f'"{zone:.40}" is no zone; write one as Europe/Paris')
        return zones

    def _calendar(self, table: Table) -> Calendar | None:
        inner = table.inner("holiday_calendar")
        if inner is None:
            return None
        inner.only(("library", "country", "subdiv"))
        if inner.get("library", str) != "holidays":
            inner.refuse("library", 'must be "holidays"')
        return Calendar(inner.get("country", str), inner.get("subdiv", str, ""))

    def _deadline(self, table: Table) -> Deadline | None:
        inner = table.inner("optout_deadline")
        if inner is None:
            return None
        inner.only(("value", "unit"))
        unit = inner.get("unit", str)
        if unit not in _UNITS:
            inner.refuse("unit", f'"{unit:.40}" is not known; write one of: {", ".join(_UNITS)}')
        return Deadline(inner.count("value"), unit)

    def _default_cap(self, defaults: Table, field: str) -> Cap | None:
        return (
            self.cap(defaults, field, defaults.values[field]) if field in defaults.values else None
        )
