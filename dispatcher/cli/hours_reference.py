"""Writes the page of jurisdictions for the reference in docs/ from the rule data."""

from __future__ import annotations

from collections.abc import Iterator

from dispatcher.cli.hours_pages import ADVICE, clock
from dispatcher.rules.jurisdictions import Day, EmailHours, Jurisdiction, Jurisdictions, Week


def page(book: Jurisdictions) -> str:
    """Give the table of all jurisdictions, their sources and territories."""
    return "\n".join([*_head(book), *_table(book), *_territories(book), *_sources(book)])


def _head(book: Jurisdictions) -> Iterator[str]:
    yield from ("# Permitted hours of jurisdictions", "")
    yield (
        f"Version {book.version} of the rule data, as of {book.as_of}. {ADVICE} Verify what has a "
        "low confidence before you rely on it. `dispatcher hours` answers for a place and instant."
    )
    yield ""
    yield (
        "Hours are the recipient's, half-open. `must` binds; `should` probably does; `default` is "
        'a courtesy where no rule was found; `strict_only` and the hours behind "strict" bind '
        "under the strict profile only. A state's hours and its country's bind both."
    )
    yield ""


def _table(book: Jurisdictions) -> Iterator[str]:
    yield "| code | name | hours | tier | e-mail | caps | confidence | basis | sources |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for code, entry in book.entries.items():
        caps = ", ".join(f"{cap.most} in {cap.per_hours} h ({cap.scope})" for cap in entry.caps)
        email = "same" if entry.email == EmailHours.SAME else ""
        cells = (
            *(code, entry.name, _hours(entry), entry.tier, email, caps, entry.confidence),
            *(entry.basis.replace("|", "\\|"), ", ".join(entry.sources)),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _hours(entry: Jurisdiction) -> str:
    strict = f"; strict: {_week(entry.strict_week)}" if entry.strict_week else ""
    return _week(entry.week) + strict


def _week(week: Week) -> str:
    """Write days that are alike as one."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    runs: list[tuple[str, str, Day]] = []
    for name, day in zip(names, week.days, strict=True):
        if runs and runs[-1][2] == day:
            runs[-1] = (runs[-1][0], name, day)
        else:
            runs.append((name, name, day))
    told = [f"{one if one == last else f'{one}-{last}'} {_day(day)}" for one, last, day in runs]
    holiday = [] if week.holiday is None else [f"holidays {_day(week.holiday)}"]
    return ", ".join([*told, *holiday])


def _day(day: Day) -> str:
    return " and ".join(f"{clock(hours.opens)}-{clock(hours.closes)}" for hours in day) or "closed"


def _territories(book: Jurisdictions) -> Iterator[str]:
    yield from ("## Territories", "")
    yield "Under another jurisdiction's rules, by a clock and with holidays of their own."
    yield from ("", "| code | rules of | zones |", "|---|---|---|")
    for code, place in book.territories.items():
        yield f"| {code} | {place.of} | {', '.join(place.zones)} |"
    yield ""


def _sources(book: Jurisdictions) -> Iterator[str]:
    yield from ("## Sources", "")
    yield "Grades: P primary or official text, L law firm or press, V vendor, K from knowledge."
    yield from ("", "| source | grade | where |", "|---|---|---|")
    for name, source in book.sources.items():
        yield f"| {name} | {source.grade} | {source.url or 'no document: verify'} |"
    yield ""
