"""Overrides of the rule data: what holds for which brand on which day, and what each one opens.

Days are those of UTC: a batch is decided at one instant, and all of its people by the same data,
wherever they live. Permitted hours look beyond the end of a day, so that no message leaves in the
belief that yesterday's rules still hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from math import inf

from dispatcher.rules.hours import DAY
from dispatcher.rules.jurisdictions import (
    Cap,
    Day,
    EmailHours,
    Jurisdiction,
    Jurisdictions,
    Override,
    Phase,
    Week,
)

VERSION = 1

_EPOCH = date(1970, 1, 1).toordinal()


class Change(StrEnum):
    """What an override does to a rule; SHIFTED opens something and closes something else."""

    SAME = "same"
    NARROWER = "narrower"
    WIDER = "wider"
    SHIFTED = "shifted"

    @property
    def opens(self) -> bool:
        """Whether something is allowed that was not."""
        return self in (Change.WIDER, Change.SHIFTED)


def overridden(base: Jurisdictions, overrides: Iterable[Override], digest: str) -> Jurisdictions:
    """Give the rule data under overrides; `digest` names the bytes they were read from."""
    every = tuple(overrides)
    both = hashlib.sha256(f"{base.fingerprint} {digest}".encode()).hexdigest()[:16]
    phases: dict[str, tuple[Phase, ...]] = {}
    book = replace(base, version=f"{base.version}+{digest[:8]}", fingerprint=both, phases=phases)
    for brand in {"", *(each.brand for each in every)}:
        phases[brand] = _phases(book, [each for each in every if each.brand in ("", brand)])
    return book


def _phases(book: Jurisdictions, overrides: list[Override]) -> tuple[Phase, ...]:
    """Split time at the days on which something begins or ends; made from the last one back."""
    starts = sorted({-inf, *(at for each in overrides for at in span(each) if at != inf)})
    found: list[Phase] = []
    ends, then = inf, None
    for start in reversed(starts):
        active = tuple(each for each in overrides if covers(each, start))
        # Where nothing applies it is the very same book: answers are kept by the book.
        this = book if not active and then is None else _phase(book, active, ends, then)
        found.append(Phase(start, this))
        ends, then = start, this
    return tuple(reversed(found))


def _phase(
    book: Jurisdictions, active: tuple[Override, ...], ends: float, then: Jurisdictions | None
) -> Jurisdictions:
    entries = dict(book.entries)
    for each in sorted(active, key=_brand):
        entries[each.jurisdiction] = applied(entries[each.jurisdiction], each)
    return replace(book, entries=entries, phases={}, overrides=active, ends=ends, then=then)


def _brand(override: Override) -> str:
    """Put what a brand says after what is said for all."""
    return override.brand


def span(override: Override) -> tuple[float, float]:
    """Give from when on and until when it holds, in Unix seconds."""
    begins = _midnight(override.begins) if override.begins else -inf
    return begins, _midnight(override.ends) if override.ends else inf


def _midnight(day: date) -> float:
    return float((day.toordinal() - _EPOCH) * DAY)


def covers(override: Override, at: float) -> bool:
    """Tell whether it holds at an instant."""
    begins, ends = span(override)
    return begins <= at < ends


def applied(entry: Jurisdiction, override: Override) -> Jurisdiction:
    """Give a jurisdiction's rules as an override has them."""
    return replace(
        entry,
        week=override.windows or entry.week,
        strict_week=override.strict_windows or entry.strict_week,
        caps=entry.caps if override.caps is None else override.caps,
        email_caps=entry.email_caps if override.email_caps is None else override.email_caps,
        email=override.email or entry.email,
        lifted=override.consent_lifts_hours or entry.lifted,
    )


def changes(entry: Jurisdiction, override: Override) -> Mapping[str, Change]:
    """Tell of each rule that an override names what it does to it."""
    return dict(_changes(entry, override))


def _changes(entry: Jurisdiction, override: Override) -> Iterator[tuple[str, Change]]:
    if override.windows:
        yield "windows", _weeks(entry.week, override.windows)
    if override.strict_windows:
        # Without strict windows of its own nothing more than the usual ones binds.
        yield "strict_windows", _weeks(entry.strict_week or entry.week, override.strict_windows)
    if override.caps is not None:
        yield "caps", _caps(entry.caps, override.caps)
    if override.email_caps is not None:
        yield "email_caps", _caps(entry.email_caps, override.email_caps)
    if override.email:
        yield "email", _email(entry.email, override.email)
    if override.consent_lifts_hours:
        yield "consent_lifts_hours", Change.WIDER


def _weeks(old: Week, new: Week) -> Change:
    return _change(_week_within(old, new), _week_within(new, old))


def _caps(old: tuple[Cap, ...], new: tuple[Cap, ...]) -> Change:
    return _change(_caps_within(old, new), _caps_within(new, old))


def _email(old: EmailHours, new: EmailHours) -> Change:
    return _change(old == new or new == EmailHours.NONE, old == new or new == EmailHours.SAME)


def _change(old_within_new: bool, new_within_old: bool) -> Change:
    if old_within_new and new_within_old:
        return Change.SAME
    if new_within_old:
        return Change.NARROWER
    return Change.WIDER if old_within_new else Change.SHIFTED


def _week_within(inner: Week, outer: Week) -> bool:
    """Tell whether whatever one week opens the other one opens too, on any day and holiday."""
    if not all(map(_day_within, inner.days, outer.days)):
        return False
    if inner.holiday is None and outer.holiday is None:
        return True
    # A holiday falls on any weekday, and where it is as any other day that day's windows hold.
    inside = [inner.holiday] * 7 if inner.holiday is not None else inner.days
    outside = [outer.holiday] * 7 if outer.holiday is not None else outer.days
    return all(map(_day_within, inside, outside))


def _day_within(inner: Day, outer: Day) -> bool:
    return _minutes(inner) <= _minutes(outer)


def _minutes(windows: Day) -> set[int]:
    return {minute for each in windows for minute in range(each.opens, each.closes)}


def _caps_within(inner: tuple[Cap, ...], outer: tuple[Cap, ...]) -> bool:
    """Tell whether whoever keeps the one caps keeps the others too."""
    return all(any(_implies(one, other) for one in inner) for other in outer)


def _implies(one: Cap, other: Cap) -> bool:
    """Tell whether one cap holds back all that the other does; scopes are not compared."""
    return one.scope == other.scope and one.most <= other.most and one.per_hours >= other.per_hours
