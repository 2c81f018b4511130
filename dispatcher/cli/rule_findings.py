"""What there is to mend about the rule data; run by itself it fails when the data is too old."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from dispatcher.cli.override_pages import opened, sentence, signature
from dispatcher.domain.findings import Finding, Level
from dispatcher.rules import holiday_calendars
from dispatcher.rules.jurisdictions import Calendar, Jurisdictions, Override, stale
from dispatcher.services.jurisdictions import shipped

_OK, _WARN, _FAIL = Level.OK, Level.WARN, Level.FAIL
_SOON = timedelta(days=14)


def rule_data(book: Jurisdictions, today: date) -> Finding:
    """Say whether the rules of jurisdictions are fresh enough to be relied on."""
    told, _, remedy = stale(book, today).partition(": ")
    if told:
        return Finding(_FAIL, "rule data", told, remedy)
    unread = {each for each in _calendars(book) if not holiday_calendars.known(each)}
    if unread:
        names = ", ".join(sorted("-".join(filter(None, each)) for each in unread))
        told = f"{book.version} names calendars that nobody knows: {names}"
        remedy = "their holidays count as weekdays until the holidays package is newer"
        return Finding(_WARN, "rule data", told, remedy)
    return Finding(_OK, "rule data", f"{book.version}, {len(book.entries)} jurisdictions")


def _calendars(book: Jurisdictions) -> Iterator[Calendar]:
    countries = (entry.calendar for entry in book.entries.values())
    yield from filter(None, (*countries, *(place.calendar for place in book.territories.values())))


def rule_overrides(
    base: Jurisdictions, overrides: tuple[Override, ...], today: date
) -> Iterator[Finding]:
    """Remind of overrides that ended or are about to, and of those that open more than the data."""
    yield Finding(_OK, "rule overrides", f"{len(overrides)} in order")
    for each in overrides:
        name = f"override {each.number} ({each.jurisdiction}, {sentence(each)})"
        if each.ends and each.ends <= today:
            remedy = "take it out, or give it other days"
            yield Finding(_WARN, "rule overrides", f"{name} has ended", remedy)
            continue
        if each.ends and each.ends <= today + _SOON:
            remedy = "from then on the rule data holds again; give it another day if it shall not"
            yield Finding(_WARN, "rule overrides", f"{name} ends soon", remedy)
        more = opened(base, each)
        if more:
            told = f"{name} opens more than the rule data: {', '.join(more)}. {signature(each)}"
            yield Finding(_WARN, "rule overrides", told, "see that the reason still holds")


def check(today: date) -> int:
    """Tell whether the data may be shipped on this day; give the exit code."""
    found = rule_data(shipped(), today)
    sys.stdout.write(f"{found.told}{': ' if found.remedy else ''}{found.remedy}\n")
    return int(found.level is _FAIL)


if __name__ == "__main__":
    sys.exit(check(datetime.now(UTC).date()))
