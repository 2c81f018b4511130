"""How `dispatcher hours` tells its answer: open or closed, until when, by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.cli import override_pages
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.rules.jurisdictions import Day, Jurisdiction, Jurisdictions, Override
from dispatcher.rules.permitted_hours import Answer, Cause, Permitted, Where, causes, plan

ADVICE = "This is software, not legal advice."

_DAY = "%a %d %b %Y %H:%M"
_TIER = {
    "must": "binding",
    "should": "probably binding",
    "default": "a courtesy, no rule was found",
    "strict_only": "doubtful, binds under the strict profile only",
}


def utc(at: float | None) -> str | None:
    """Write an instant to the minute; to the second if it has seconds."""
    if at is None:
        return None
    read = datetime.fromtimestamp(at, UTC)
    return f"{read:%Y-%m-%dT%H:%M:%SZ}" if read.second else f"{read:%Y-%m-%dT%H:%MZ}"


def data(book: Jurisdictions, where: Where, asked: datetime, told: Permitted) -> Mapping[str, Any]:
    """Give the answer for programs."""
    return {
        "jurisdiction": ",".join(where.jurisdictions),
        "zone": ",".join(where.zones) or "-",
        "profile": where.profile,
        "channel": where.channel,
        "instant_utc": utc(asked.timestamp()),
        "decision": told.answer,
        "reason": told.reason,
        "next_open_utc": utc(told.next_open),
        "closes_utc": utc(told.closes),
        "since_utc": utc(told.since),
        "zones": plan(book, where).zones,
        "closed_by": [_closed(cause) for cause in _that_close(book, where, asked)],
        "rules": [_rule(book, book.entries[code]) for code in told.bound_by],
        "overrides": [override_pages.data(each) for each in _overrides(book, where)],
        "warnings": told.warnings,
        "data": {"version": book.version, "as_of": book.as_of, "fingerprint": book.fingerprint},
        "notice": ADVICE,
    }


def _closed(cause: Cause) -> Mapping[str, Any]:
    hours = [f"{clock(window.opens)}-{clock(window.closes)}" for window in cause.windows]
    return {
        "jurisdiction": cause.code,
        "zone": cause.zone,
        "hours": hours,
        "holiday": cause.holiday,
    }


def _rule(book: Jurisdictions, entry: Jurisdiction) -> Mapping[str, Any]:
    return {
        "jurisdiction": entry.code,
        "name": entry.name,
        "tier": entry.tier,
        "confidence": entry.confidence,
        "as_of": entry.as_of,
        "basis": entry.basis,
        "sources": [book.sources[source] for source in entry.sources],
        "notes": entry.notes,
    }


def page(book: Jurisdictions, where: Where, asked: datetime, told: Permitted) -> Iterator[str]:
    """Give the answer for people, line by line."""
    zones = plan(book, where).zones
    yield f"{_place(book, where)} at {_when(asked.timestamp(), zones)}:"
    yield _answer(told, zones)
    if told.answer == Answer.ALLOW:
        shown = [
            cause for cause in causes(book, where, asked.timestamp()) if cause.zone == zones[0]
        ]
    else:
        shown = _that_close(book, where, asked)
    yield from dict.fromkeys(_why(book, cause, asked) for cause in shown)
    for code in dict.fromkeys(cause.code for cause in shown):
        yield _basis(book, book.entries[code])
    for override in _overrides(book, where):
        yield f"  {override.jurisdiction}: overridden for {override_pages.sentence(override)}."
        yield f"  {override_pages.signature(override)}"
    if told.reason == Reason.ZONE_UNKNOWN_CLOSED:
        yield "Without a time zone nobody knows the hour there: name it with --zone."
    for warning in told.warnings:
        yield f"Beware: {warning}."
    yield f"Rule data {book.version}, {book.fingerprint}. {ADVICE}"


def _overrides(book: Jurisdictions, where: Where) -> list[Override]:
    """Give the overrides of whatever binds there."""
    chains = (book.chain(code) for code in where.jurisdictions)
    codes = {member.code for chain in chains for member in chain.members}
    return [each for each in book.overrides if each.jurisdiction in codes]


def _place(book: Jurisdictions, where: Where) -> str:
    names = [f"{book.chain(code).members[0].name} ({code})" for code in where.jurisdictions]
    kind = "e-mail" if where.channel == Channel.EMAIL else "texts"
    return f"Offers by {kind} to {' and '.join(names)}, {where.profile} profile,"


def _answer(told: Permitted, zones: tuple[str, ...]) -> str:
    since = f" since {_when(told.since, zones)}" if told.since is not None else ""
    if told.answer == Answer.NEVER:
        return f"CLOSED{since}, and not open within the next 14 days ({told.reason})."
    if told.answer == Answer.HOLD:
        return f"CLOSED{since}; opens {_when(told.next_open, zones)}."
    until = f", until {_when(told.closes, zones)}" if told.closes is not None else ", at any hour"
    return f"OPEN{since}{until}."


def _when(at: float | None, zones: tuple[str, ...]) -> str:
    """Write an instant by each clock that differs, and in UTC."""
    if at is None:
        return "never"
    clocks: dict[str, str] = {}
    for zone in zones:
        clocks.setdefault(f"{datetime.fromtimestamp(at, ZoneInfo(zone)):{_DAY}}", zone)
    local = [f"{said} {zone}" for said, zone in clocks.items()]
    told = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{' / '.join(local)} ({told})" if local else told


def _that_close(book: Jurisdictions, where: Where, asked: datetime) -> list[Cause]:
    return [cause for cause in causes(book, where, asked.timestamp()) if not cause.open]


def _why(book: Jurisdictions, cause: Cause, asked: datetime) -> str:
    wall = asked.astimezone(ZoneInfo(cause.zone))
    day = f"{wall:%A} {cause.holiday and f'({cause.holiday})'}".rstrip()
    said = f"{book.entries[cause.code].name}{' (strict)' * cause.strict}: {_hours(cause.windows)}"
    return f"- {said} on {day}; it is {wall:%H:%M} in {cause.zone}."


def _hours(windows: Day) -> str:
    spans = [f"{clock(window.opens)} to {clock(window.closes)}" for window in windows]
    return " and ".join(spans) or "closed all day"


def _basis(book: Jurisdictions, entry: Jurisdiction) -> str:
    sources = ", ".join(_sources(book, entry.sources))
    return (
        f"  {entry.code}: {_TIER[entry.tier]}; confidence {entry.confidence}, as of {entry.as_of}. "
        f"{entry.basis}. Read at: {sources}."
    )


def _sources(book: Jurisdictions, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        source = book.sources[name]
        yield f"{source.url} ({source.grade})" if source.url else "from knowledge, verify"


def clock(minute: int) -> str:
    """Write a time of day."""
    return f"{minute // 60:02}:{minute % 60:02}"
