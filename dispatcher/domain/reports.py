"""What a campaign would do and what it did: estimates and reports, as counts without persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from dispatcher.domain.deliveries import FINAL, DeliveryState
from dispatcher.domain.messages import Channel

SMALLEST_CELL = 10
FEWER = f"fewer than {SMALLEST_CELL}"
WITHHELD = "not told"


def coarse(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Hide the cells of a breakdown that are so small that they speak of single persons.

    What is hidden could be reckoned from the sum, so the next smallest cells are withheld as well
    until the hidden ones together are no small cell either, and each of them has two values left.
    """
    hidden = {name for name, people in counts.items() if 0 < people < SMALLEST_CELL}
    others = sorted(set(counts) - hidden, key=lambda name: (counts[name], name))
    for name in others:
        if not hidden or _in_doubt([counts[each] for each in hidden]):
            break
        hidden |= {name} if counts[name] else set()
    return {name: _cell(people, name in hidden) for name, people in counts.items()}


def _in_doubt(hidden: Sequence[int]) -> bool:
    """Say whether their sum, which anybody can reckon, leaves each of them in doubt."""
    least = sum(1 if people < SMALLEST_CELL else SMALLEST_CELL for people in hidden)
    bounded = max(hidden) < SMALLEST_CELL
    most = len(hidden) * (SMALLEST_CELL - 1) if bounded else sum(hidden) + 1
    return len(hidden) > 1 and sum(hidden) >= SMALLEST_CELL and least < sum(hidden) < most


def _cell(people: int, hidden: bool) -> int | str:
    return people if not hidden else FEWER if people < SMALLEST_CELL else WITHHELD


class ReachRow(NamedTuple):
    """So many people of one language meant for one channel, and the verdict they would get.

    `reason` is "ok", also for who has to wait a while, or the Reason of the first refusal for good.
    """

    channel: Channel
    language: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a campaign would reach, if it went out now. Frequency caps are not foreseen."""

    rows: tuple[ReachRow, ...]

    @property
    def audience(self) -> int:
        """Everybody who would get a verdict."""
        return sum(row.people for row in self.rows)

    def count(self, reason: str = "ok", channel: Channel | None = None) -> int:
        """Count those with one verdict, on one channel or on all."""
        rows = (row for row in self.rows if channel in (None, row.channel))
        return sum(row.people for row in rows if row.reason == reason)

    def by_reason(self) -> dict[str, int]:
        """Count the audience by verdict, the largest first."""
        return _sums((row.reason, row.people) for row in self.rows)

    def by_language(self) -> dict[str, int]:
        """Count those who would be written to by their language, the largest first."""
        return _sums((row.language, row.people) for row in self.rows if row.reason == "ok")


class Sample(NamedTuple):
    """One rendered example: the words of an SMS, or an e-mail's subject and text."""

    channel: Channel
    language: str
    subject: str
    text: str
    parts: int


class Origin(NamedTuple):
    """A file of customers that brought people with a fact; "" and None: none did."""

    file: str
    at: datetime | None
    people: int


class Reveal(NamedTuple):
    """A fact a message would reveal: how it came to us and what for, and where in the texts."""

    channel: Channel
    fact: str
    source: str
    purpose: str
    precision: str
    places: tuple[str, ...]
    origins: tuple[Origin, ...] = ()


class Forced(NamedTuple):
    """A character that makes a text dearer, within some words, and what is put for it, if any."""

    words: str
    place: int
    char: str
    plain: str | None


class TextSize(NamedTuple):
    """What a text costs in one language, with the values of the sample and with the longest.

    `most_parts`: of those values that people of the audience have. `written_parts`: without smart
    encoding, which puts `replaced` (pairs) where `smart`. `price`: of a part.
    """

    language: str
    encoding: str
    units: int
    parts: int
    most_parts: int
    people: int
    price: float
    written_parts: int
    replaced: tuple[tuple[str, str], ...] = ()
    smart: bool = True
    forced: tuple[Forced, ...] = ()

    @property
    def cost(self) -> float:
        """What it costs at most for everybody who reads it in this language."""
        return round(self.people * self.most_parts * self.price, 2)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a campaign file would do. `cost` is in the programme's currency.

    `first_at` and `last_at` are Unix seconds, None when nothing could ever go out.
    """

    reach: Reach
    cost: float
    parts: Mapping[Channel, int]
    samples: tuple[Sample, ...]
    first_at: float | None
    last_at: float | None
    notices: tuple[str, ...] = ()
    reveals: tuple[Reveal, ...] = ()
    texts: tuple[TextSize, ...] = ()


class ReportRow(NamedTuple):
    """So many deliveries that are alike."""

    state: DeliveryState
    reason: str
    channel: Channel
    language: str
    gateway: str
    people: int
    parts: int
    cost: float


class WaveState(NamedTuple):
    """One run of the campaign: `people` were planned; `missing` of them have no verdict yet."""

    wave_id: int
    state: str
    version: int
    people: int
    missing: int


class Compared(NamedTuple):
    """How many did something, of those who were sent an offer and of those who were kept back."""

    what: str
    sent: int
    of_sent: int
    kept: int
    of_kept: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign did so far, all waves together.

    `replies` and `opt_outs` are those of people it reached, within three days. `compared` is empty
    where nobody was kept back.
    """

    campaign_id: int
    name: str
    state: str
    note: str
    rows: tuple[ReportRow, ...]
    waves: tuple[WaveState, ...]
    replies: int = 0
    opt_outs: int = 0
    by_reply: Mapping[str, int] = field(default_factory=dict)
    compared: tuple[Compared, ...] = ()

    @property
    def people(self) -> int:
        """Everybody with a verdict."""
        return sum(row.people for row in self.rows)

    @property
    def missing(self) -> int:
        """People without a verdict; 0 once all waves are finished: nobody is forgotten."""
        return sum(wave.missing for wave in self.waves)

    @property
    def open(self) -> int:
        """People whose verdict may still change."""
        return sum(row.people for row in self.rows if row.state not in FINAL)

    @property
    def parts(self) -> int:
        """Messages handed over, an SMS counting each of its parts."""
        return sum(row.parts for row in self.rows if row.state in HANDED_OVER)

    @property
    def cost(self) -> float:
        """What was handed over has cost, in the programme's currency."""
        return round(sum(row.cost for row in self.rows if row.state in HANDED_OVER), 4)

    def by(self, column: str) -> dict[str, int]:
        """Count people by state, reason, channel, language or gateway, the largest first."""
        return _sums((str(getattr(row, column)), row.people) for row in self.rows)


# What was on the wire when its worker died may have been delivered, so it counts as spent.
HANDED_OVER = frozenset({DeliveryState.ACCEPTED, DeliveryState.UNSURE})


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, people in pairs:
        sums[name] = sums.get(name, 0) + people
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
