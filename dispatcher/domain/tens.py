"""Whole tens: counts for people who may see no person, so that one more or less shows nothing.

Each cell is rounded down before anything is reckoned from it, and one of fewer than ten people is
left out, as if there were nobody. So neither a sum nor a cost nor the difference of two reports
tells more than the cells do, and those change only with the tenth person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dispatcher.domain.breakers import BY_ITSELF
from dispatcher.domain.reports import (
    SMALLEST_CELL,
    Compared,
    Origin,
    Reach,
    Report,
    ReportRow,
    Reveal,
    WaveState,
)

SAID = "Counts are in whole tens; a group of fewer than ten people is left out of them."
_FEW = 1  # stands for any count below ten, none included: it is shown as "fewer than 10"


def tens(people: int) -> int:
    """Round down to whole tens."""
    return people - people % SMALLEST_CELL


def reach(seen: Reach) -> Reach:
    """Give an estimate in whole tens."""
    rows = (row._replace(people=tens(row.people)) for row in seen.rows)
    return Reach(tuple(row for row in rows if row.people))


def reveals(seen: Iterable[Reveal]) -> tuple[Reveal, ...]:
    """Give what a message reveals, with how many people a file brought in whole tens."""
    return tuple(each._replace(origins=tuple(_origins(each.origins))) for each in seen)


def _origins(origins: Iterable[Origin]) -> Iterable[Origin]:
    rounded = (origin._replace(people=tens(origin.people)) for origin in origins)
    return (origin for origin in rounded if origin.people)


def report(done: Report) -> Report:
    """Give a report in whole tens; a note of the breaker loses its numbers."""
    replies = {label: tens(count) for label, count in done.by_reply.items()}
    return replace(
        done,
        note=note(done.note),
        rows=tuple(_row(row) for row in done.rows if tens(row.people)),
        waves=tuple(_wave(wave) for wave in done.waves),
        replies=_total(done.replies),
        opt_outs=_total(done.opt_outs),
        by_reply={label: count for label, count in replies.items() if count},
        compared=tuple(_compared(each) for each in done.compared),
    )


def note(written: str) -> str:
    """Give a campaign's note without the numbers of the breaker."""
    return BY_ITSELF if written.startswith(BY_ITSELF) else written


def _total(people: int) -> int:
    return tens(people) or _FEW


def _row(row: ReportRow) -> ReportRow:
    """Give a row in whole tens; what one part costs is no secret."""
    parts = tens(row.parts)
    price = round(row.cost / row.parts, 4) if row.parts else 0.0
    return row._replace(people=tens(row.people), parts=parts, cost=price * parts)


def _wave(wave: WaveState) -> WaveState:
    return wave._replace(people=_total(wave.people), missing=tens(wave.missing))


def _compared(of: Compared) -> Compared:
    sizes = _total(of.of_sent), _total(of.of_kept)
    return Compared(of.what, _total(of.sent), sizes[0], _total(of.kept), sizes[1])
