"""Jurisdictions: what the rule data says of each country and state, and which of them bind whom."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import inf
from typing import NamedTuple

from dispatcher.rules.hours import Hours

FRESH_DAYS = 180

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")

Day = tuple[Hours, ...]


class Profile(StrEnum):
    """How doubtful rules are read."""

    BALANCED = "balanced"
    STRICT = "strict"


class Tier(StrEnum):
    """How firm a rule is, and who may relax it."""

    MUST = "must"
    SHOULD = "should"
    DEFAULT = "default"
    STRICT_ONLY = "strict_only"


class Confidence(StrEnum):
    """How sure it is that the rule is told right."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class EmailHours(StrEnum):
    """Whether the hours bind e-mail too."""

    NONE = "none"
    SAME = "same"


class Counts(StrEnum):
    """What a cap counts: messages to a person, or the channels they came by."""

    PERSON = "recipient"
    BRAND = "recipient+brand"
    SUBJECT = "recipient+subject"
    CHANNELS = "recipient_channels"


class Lifts(StrEnum):
    """Whether a consent lifts the hours; CONTESTED and unknown count as no."""

    YES = "yes"
    NO = "no"
    CONTESTED = "contested"
    UNKNOWN = ""


class Role(StrEnum):
    """Who overrides a rule; some may only be relaxed by compliance."""

    TENANT = "tenant"
    COMPLIANCE = "compliance"


class Week(NamedTuple):
    """The windows of Monday to Sunday, and of holidays; None: a holiday is as any other day."""

    days: tuple[Day, ...]
    holiday: Day | None


class Calendar(NamedTuple):
    """A calendar of public holidays, by the codes of its country and subdivision."""

    country: str
    subdivision: str = ""


class Cap(NamedTuple):
    """At most so many messages in any stretch of so many hours."""

    most: int
    per_hours: int
    scope: Counts
    basis: str = ""
    note: str = ""


class Deadline(NamedTuple):
    """By when the law wants an opt-out obeyed. `unit`: hours, business_days, calendar_days."""

    value: int
    unit: str


class Source(NamedTuple):
    """Where a fact was read. Grade: P primary, L law firm or press, V vendor, K from knowledge."""

    url: str
    grade: str


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One country or state. `more`: labels, registries and the like, as the file has them.

    `lifted`: its hours do not bind people who consented expressly in writing (by an override).
    """

    code: str
    name: str
    parent: str
    zones: tuple[str, ...]
    tier: Tier
    basis: str
    confidence: Confidence
    as_of: date
    sources: tuple[str, ...]
    week: Week
    strict_week: Week | None
    outer_week: Week | None
    calendar: Calendar | None
    email: EmailHours
    consent: str
    consent_lifts_hours: Lifts
    own_hand: str
    caps: tuple[Cap, ...]
    email_caps: tuple[Cap, ...]
    optout_deadline: Deadline | None
    notes: str
    more: Mapping[str, object]
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """Other rules for a jurisdiction, by a brand ("": all) and by days of UTC; None: as they are.

    `begins` is the first day and `ends` the first one after; None: always. `number` counts from 1
    in the file.
    """

    number: int
    line: int
    jurisdiction: str
    brand: str
    begins: date | None
    ends: date | None
    by: str
    role: Role
    reason: str
    windows: Week | None = None
    strict_windows: Week | None = None
    caps: tuple[Cap, ...] | None = None
    email_caps: tuple[Cap, ...] | None = None
    email: EmailHours | None = None
    consent_lifts_hours: bool | None = None


class Territory(NamedTuple):
    """A place under the rules of `of`, with a clock and holidays of its own."""

    of: str
    zones: tuple[str, ...]
    calendar: Calendar | None


class Chain(NamedTuple):
    """What binds at a place, the nearest first, and the zones its clocks may show."""

    members: tuple[Jurisdiction, ...]
    zones: tuple[str, ...]
    calendars: tuple[Calendar, ...]


class Phase(NamedTuple):
    """The rule data that holds for a brand from an instant on, until the next phase begins."""

    begins: float
    book: Jurisdictions


@dataclass(frozen=True, eq=False)
class Jurisdictions:
    """All of the rule data, in one version. Compared by identity: it is read once and kept.

    Where it is overridden, `phases` says by brand ("": any other) what holds when. What holds for
    a time only knows its `overrides`, when it `ends`, and what holds `then`. `source`
    and `override_source` (None: there is no such file) are the bytes that were read.
    """

    version: str
    as_of: date
    fingerprint: str
    unknown_country: str
    close_margin_minutes: int
    max_hold_hours: int
    defaults: Mapping[str, object]
    us_promotional_cap: Cap | None
    sources: Mapping[str, Source]
    territories: Mapping[str, Territory]
    entries: Mapping[str, Jurisdiction]
    phases: Mapping[str, tuple[Phase, ...]] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    ends: float = inf
    then: Jurisdictions | None = None
    source: bytes = field(default=b"", repr=False)
    override_source: bytes | None = field(default=None, repr=False)

    def on(self, brand: str, now: float) -> Jurisdictions:
        """Give the rule data that holds for a brand at an instant."""
        if not self.phases:
            return self
        phases = self.phases.get(brand) or self.phases[""]
        return phases[bisect_right(phases, now, key=_begins) - 1].book

    def chain(self, code: str) -> Chain:
        """Give what binds at a place: state, country, else what holds for unlisted countries."""
        country, _, part = code.partition("-")
        place, inside = self.territories.get(country), self.territories.get(part)
        if not place and inside and inside.of == country:
            place = inside  # US-PR is PR
        if code in self.entries:
            return self._listed(code)
        if place:
            own = (place.calendar,) if place.calendar else ()
            return self._listed(place.of)._replace(zones=place.zones, calendars=own)
        return self._listed(country if country in self.entries else self.unknown_country)

    def _listed(self, code: str) -> Chain:
        members = [self.entries[code]]
        while members[-1].parent:
            members.append(self.entries[members[-1].parent])
        zones = next((member.zones for member in members if member.zones), ())
        return Chain(tuple(members), zones, ())


def _begins(phase: Phase) -> float:
    return phase.begins


class Law(NamedTuple):
    """The rule data that decisions are to obey, and how its doubtful rules are read."""

    jurisdictions: Jurisdictions
    profile: Profile = Profile.BALANCED

    def on(self, brand: str, now: float) -> Jurisdictions:
        """Give the rule data that holds for a brand at an instant; overrides are in it."""
        return self.jurisdictions.on(brand, now)

    @property
    def fingerprint(self) -> bytes:
        """Name everything decisions hang on, for the rule book's hash."""
        return f"{self.jurisdictions.fingerprint} {self.profile}".encode()


def is_code(text: str) -> bool:
    """Tell whether this is written as a country (FR) or a part of one (US-FL) is."""
    return bool(_CODE.match(text))


def stale(book: Jurisdictions, today: date) -> str:
    """Say that the data is too old to be relied on, or nothing."""
    age = (today - book.as_of).days
    if age <= FRESH_DAYS:
        return ""
    return (
        f"the rule data {book.version} is {age} days old, more than {FRESH_DAYS}: "
        "verify it and ship a newer one"
    )
