"""What may be told of counts: nobody can reckon from them how many a group of few people is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dispatcher.domain.deliveries import FINAL
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import (
    FEWER,
    HANDED_OVER,
    SMALLEST_CELL,
    WITHHELD,
    Reach,
    Report,
    ReportRow,
    coarse,
)

_SENT, _OPEN, _ENDED = "sent", "open", "ended"


class Cell(NamedTuple):
    """A row of a report, all languages together, and what may be told of its people."""

    row: ReportRow
    people: int | str


class Told(NamedTuple):
    """What may be told of a report. `spent`: parts and cost may be told, which count people too."""

    cells: list[Cell]
    open: int | str
    spent: bool

    def by(self, column: str) -> dict[str, int | str]:
        """Give the people by state, reason, channel or gateway: of what is told, no more."""
        found: dict[str, list[int | str]] = {}
        for row, people in self.cells:
            found.setdefault(str(getattr(row, column)), []).append(people)
        return {name: _sum(parts) for name, parts in found.items()}


def told(done: Report) -> Told:
    """Hide what is small: of all, of who was written to, who still may be, and who will not be.

    Each of the three is hidden by itself, as parts and cost speak of the first and `open` of the
    second.
    """
    rows = _alike(done)
    groups: dict[str, dict[str, int]] = {_SENT: {}, _OPEN: {}, _ENDED: {}}
    for at, row in enumerate(rows):
        groups[_group(row)][str(at)] = row.people
    sums = coarse({name: sum(group.values()) for name, group in groups.items()})
    shown: dict[str, int | str] = {}
    for name, group in groups.items():
        shown |= coarse(group) if isinstance(sums[name], int) else _hidden(group)
    cells = [Cell(row, shown[str(at)]) for at, row in enumerate(rows)]
    return Told(cells, sums[_OPEN], isinstance(sums[_SENT], int))


def audience(reach: Reach) -> int | str:
    """Give everybody who would get a verdict, unless it tells how few would be refused."""
    refused = reach.audience - reach.count()
    return WITHHELD if 0 < refused < SMALLEST_CELL else _alone(reach.audience)


def by_reason(reach: Reach) -> dict[str, int | str]:
    """Count the audience by verdict; who would get it stands alone."""
    counts = reach.by_reason()
    return _apart(counts, {name for name in counts if name == "ok"})


def by_verdict(reach: Reach) -> list[tuple[Channel, str, int | str]]:
    """Count by channel and verdict, without the language, which speaks of few beside them."""
    joined: dict[str, int] = {}
    for row in reach.rows:
        key = f"{row.channel} {row.reason}"
        joined[key] = joined.get(key, 0) + row.people
    shown = _apart(joined, {key for key in joined if key.endswith(" ok")})
    names = [key.split(" ") for key in shown]
    return [(Channel(name[0]), name[1], shown[" ".join(name)]) for name in names]


def _apart(counts: Mapping[str, int], good: set[str]) -> dict[str, int | str]:
    one = {name: people for name, people in counts.items() if name in good}
    shown = coarse(one) if len(one) > 1 else {name: _alone(people) for name, people in one.items()}
    shown |= coarse({name: people for name, people in counts.items() if name not in good})
    return {name: shown[name] for name in counts}


def _group(row: ReportRow) -> str:
    return _SENT if row.state in HANDED_OVER else _ENDED if row.state in FINAL else _OPEN


def _hidden(group: Mapping[str, int]) -> dict[str, int | str]:
    return {
        name: FEWER if 0 < people < SMALLEST_CELL else WITHHELD for name, people in group.items()
    }


def _alone(people: int) -> int | str:
    return FEWER if 0 < people < SMALLEST_CELL else people


def _sum(parts: list[int | str]) -> int | str:
    if len(parts) == 1:
        return parts[0]
    return WITHHELD if any(isinstance(each, str) for each in parts) else sum(map(int, parts))


def _alike(done: Report) -> list[ReportRow]:
    """Join what differs in language only."""
    joined: dict[tuple[str, str, str, str], ReportRow] = {}
    for row in done.rows:
        key = (row.state, row.reason, row.channel, row.gateway)
        known = joined.get(key)
        joined[key] = _added(row, known) if known else row
    return sorted(joined.values(), key=lambda row: -row.people)


def _added(row: ReportRow, other: ReportRow) -> ReportRow:
    return row._replace(
        people=row.people + other.people,
        parts=row.parts + other.parts,
        cost=row.cost + other.cost,
    )
