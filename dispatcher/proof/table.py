"""The table of jurisdictions as it stands in its file: which sheets of hours bind at a place.

Nothing here is shared with the rules, which read the same file by code of their own.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SMS, EMAIL, STRICT = "sms", "email", "strict"

_DAY = 86400
_ALWAYS, _NEVER = -(10**9), 10**9  # days since 1970, as the first of them and the first after them
_RULES = ("windows", "strict_windows", "caps", "email_caps", "email", "consent_lifts_hours")

Windows = tuple[tuple[int, int], ...]
Change = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Sheet:
    """One week of windows, in minutes after midnight, of one row of the table.

    `holiday` None: a holiday is as any other day. `calendars`: (country, subdivision) each.
    `besides`: windows of every day, holidays too, that a person agreed to by their own hand.
    """

    code: str
    week: tuple[Windows, ...]
    holiday: Windows | None
    calendars: tuple[tuple[str, str], ...]
    besides: Windows = ()


@dataclass(frozen=True)
class TableCap:
    """At most so many messages in so many hours, by a row of the table.

    `channel`: only those by it count; None: all do.
    """

    code: str
    most: int
    hours: int
    scope: str
    channel: str | None


class Allowed(NamedTuple):
    """What a person allowed: (code, windows) by their own hand, and expressly in writing or not."""

    agreed: tuple[tuple[str, Windows], ...] = ()
    in_writing: bool = False


NOTHING = Allowed()


class Table:
    """The rule data's file under a file of overrides, both read from their bytes.

    `fingerprint` names them as decisions do. What holds for a brand on a day is another table,
    which `on` gives; it knows those that hold `later`, each with its first day since 1970.
    """

    def __init__(self, data: bytes, overrides: bytes | None = None) -> None:
        self.fingerprint = _named(data)
        if overrides is not None:
            self.fingerprint = _named(f"{self.fingerprint} {_named(overrides)}".encode())
        self.later: tuple[tuple[int, Table], ...] = ()
        self._file: Mapping[str, Any] = tomllib.loads(data.decode())
        self._changes: Sequence[Change] = tomllib.loads((overrides or b"").decode()).get(
            "override", []
        )
        self._sheets: dict[tuple[str, str, Windows], Sheet] = {}
        self._brands: dict[str, list[tuple[int, Table]]] = {}

    def on(self, brand: str, at: float) -> Table:
        """Give what holds for a brand on the day (UTC) of an instant in Unix seconds."""
        if not self._changes:
            return self
        if brand not in self._brands:
            self._brands[brand] = self._phases(brand)
        return next(made for first, made in reversed(self._brands[brand]) if first <= at // _DAY)

    def _phases(self, brand: str) -> list[tuple[int, Table]]:
        """Split time at the days on which something begins or ends for a brand."""
        theirs = [each for each in self._changes if each.get("brand", brand) == brand]
        theirs.sort(key=lambda each: "brand" in each)  # what the brand says comes last, and counts
        starts = sorted({_ALWAYS, *(day for each in theirs for day in _days(each))} - {_NEVER})
        made = [(first, self._changed(theirs, first)) for first in starts]
        for number, (_, table) in enumerate(made):
            table.later = tuple(made[number + 1 :])
        return made

    def _changed(self, theirs: Sequence[Change], day: int) -> Table:
        made = copy(self)
        made._changes, made._sheets, made._brands = (), {}, {}
        rows = dict(self._file["jurisdiction"])
        for each in theirs:
            first, last = _days(each)
            if first <= day < last:
                rows[each["jurisdiction"]] = {**rows[each["jurisdiction"]], **_rules(each)}
        made._file = {**self._file, "jurisdiction": rows}
        return made

    @cached_property
    def codes(self) -> list[str]:
        """Every jurisdiction and territory there is."""
        return [*self._file["jurisdiction"], *self._file["territory"]]

    @property
    def margin_minutes(self) -> int:
        """How long before closing no more texts are handed over."""
        return int(self._file["meta"]["close_margin_minutes"])

    @property
    def max_hold_hours(self) -> int:
        """How long an offer may be held for its hours at most."""
        return int(self._file["meta"]["max_hold_hours"])

    def sheets(
        self, codes: Sequence[str], channel: str, profile: str, allowed: Allowed = NOTHING
    ) -> tuple[Sheet, ...]:
        """Give all that binds at these places at once; a text to nowhere is bound as to ZZ."""
        known = codes or ([self._file["meta"]["unknown_country"]] if channel == SMS else [])
        found = [
            sheet for code in known for sheet in self._binding(code, channel, profile, allowed)
        ]
        return tuple(dict.fromkeys(found))

    def zones(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Give all zones of these places; none at all if one of them has none."""
        found: dict[str, None] = {}
        for code in codes:
            place = self._place(code)
            named = place["timezones"] if place else self._rows(code)[0]["timezones"]
            if not named:
                return ()
            found.update(dict.fromkeys(named))
        return tuple(found)

    def caps(self, codes: Sequence[str], channel: str) -> tuple[TableCap, ...]:
        """Give the caps that bind at these places for messages by a channel."""
        rows = [row for code in codes for row in self._rows(code)]
        return tuple(dict.fromkeys(cap for row in rows for cap in self._caps(row, channel)))

    def _caps(self, row: Mapping[str, Any], channel: str) -> Iterator[TableCap]:
        as_one = row["email"] == "same"  # texts and e-mail are under the same rule
        known = [(cap, None if as_one else SMS) for cap in row.get("caps", ())]
        known += [(cap, EMAIL) for cap in row.get("email_caps", ())]
        if row["code"] == "US" and "us_promotional_cap" in self._file["product_defaults"]:
            known.append((self._file["product_defaults"]["us_promotional_cap"], SMS))
        for cap, only in known:
            if only in (None, channel):
                yield TableCap(row["code"], cap["max"], cap["per_hours"], cap["scope"], only)

    def _place(self, code: str) -> Mapping[str, Any] | None:
        """Give the territory of a code such as PR or US-PR."""
        if code in self._file["jurisdiction"]:
            return None
        country, _, part = code.partition("-")
        there: Mapping[str, Mapping[str, Any]] = self._file["territory"]
        if country in there:
            return there[country]
        return there[part] if part in there and there[part]["of"] == country else None

    def _rows(self, code: str) -> Sequence[Mapping[str, Any]]:
        """Give the rows of a place, the nearest first: part, country, else the unknown country."""
        rows = self._file["jurisdiction"]
        place = self._place(code)
        wanted = [place["of"]] if place else [code, code.partition("-")[0]]
        found = [{"code": each, **rows[each]} for each in dict.fromkeys(wanted) if each in rows]
        other = self._file["meta"]["unknown_country"]
        return found or [{"code": other, **rows[other]}]

    def _binding(self, code: str, channel: str, profile: str, allowed: Allowed) -> Iterator[Sheet]:
        for row in self._rows(code):
            if channel == EMAIL and row["email"] != "same":
                continue
            if allowed.in_writing and row.get("consent_lifts_hours") is True:  # by an override
                continue
            besides = _besides(row, allowed)
            if profile == STRICT or row["tier"] != "strict_only":
                yield self._sheet(row, "windows", code, besides)
            if profile == STRICT and "strict_windows" in row:
                yield self._sheet(row, "strict_windows", code, besides)

    def _sheet(self, row: Mapping[str, Any], kind: str, code: str, besides: Windows) -> Sheet:
        place = self._place(code)
        named = [each.get("holiday_calendar") for each in (row, place or {})]
        calendars = tuple((each["country"], each.get("subdiv", "")) for each in named if each)
        windows = row[kind]
        key = row["code"] + kind, repr(calendars), besides
        if key not in self._sheets:
            holiday = windows["holiday"]
            self._sheets[key] = Sheet(
                code=row["code"],
                week=tuple(_minutes(windows[day]) for day in _DAYS),
                holiday=None if holiday == "as_day" else _minutes(holiday),
                calendars=calendars,
                besides=besides,
            )
        return self._sheets[key]


def _besides(row: Mapping[str, Any], allowed: Allowed) -> Windows:
    """Give what a person agreed to there, if the law knows of such agreements."""
    if not row.get("own_hand"):
        return ()
    return tuple(
        each for code, windows in allowed.agreed if code == row["code"] for each in windows
    )


def _minutes(windows: Sequence[Sequence[str]]) -> Windows:
    return tuple((_minute(opens), _minute(closes)) for opens, closes in windows)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _named(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _days(change: Change) -> tuple[int, int]:
    """Give the first day of an override and the first after it, in days since 1970."""
    first, last = change.get("from"), change.get("until")
    return _number(first) if first else _ALWAYS, _number(last) if last else _NEVER


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _rules(change: Change) -> Change:
    return {rule: change[rule] for rule in _RULES if rule in change}
