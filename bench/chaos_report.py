"""What chaos found, told in words: a sentence for each promise, what was done, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LATE = 1.0  # seconds after an acknowledged opt-out or pause


class Doubt(NamedTuple):
    """How many are unsure for a reason, and how many that reason allows."""

    reason: str
    people: int
    most: int


@dataclass(frozen=True, slots=True)
class Findings:
    """The counts of one run. Who is named in `lost`, `double` or `untrue` is one too many.

    `untrue`: the ledger says "not told", the mail server has the message. `after_opt_out` and
    `after_pause`: seconds from the acknowledgement to each hand-over behind it. `kills`, `cuts` and
    `faults`: how often each was met. `losses`: at each moment of loss, how many were permitted and
    not settled.
    """

    seed: int
    broker: str
    build: str
    people: int
    seconds: float
    states: dict[str, int]
    copies: int
    lost: list[int]
    double: list[int]
    untrue: list[int]
    unsure: int
    unsure_listed: int
    doubts: list[Doubt]
    most_on_the_wire: int
    connections: int
    losses: list[tuple[str, int]]
    opted_out: int
    after_opt_out: list[float]
    pauses: int
    after_pause: list[float]
    kills: dict[str, int]
    cuts: dict[str, int]
    faults: dict[str, int]
    full: bool
    problem: str = ""
    broken: list[str] = field(init=False)
    never_met: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "broken", list(self._broken()))
        object.__setattr__(self, "never_met", list(self._never_met()))

    @property
    def most_unsure(self) -> int:
        """Give how many might be unsure after all that was done."""
        return sum(doubt.most for doubt in self.doubts)

    @property
    def exit_code(self) -> int:
        """Give 1 if a promise was broken, or if a full run left something untried."""
        return 1 if self.broken or (self.full and self.never_met) else 0

    def _never_met(self) -> Iterator[str]:
        for counts in (self.kills, self.cuts, self.faults):
            yield from (name for name, count in counts.items() if not count)
        if not self.opted_out:
            yield "somebody opts out in mid-flight"

    def _broken(self) -> Iterator[str]:
        if self.problem:
            yield self.problem
        if self.lost:
            yield f"{len(self.lost)} people were lost, such as customer {self.lost[0]}"
        if self.double:
            yield f"{len(self.double)} people were told twice, such as customer {self.double[0]}"
        if self.untrue:
            yield f"{len(self.untrue)} people were told, but the ledger says they were not"
        yield from self._broken_doubts()
        for what, gaps in (("opted out", self.after_opt_out), ("were paused", self.after_pause)):
            if late := _late(gaps):
                yield f"{len(late)} messages left more than {LATE:g} s after their people {what}"

    def _broken_doubts(self) -> Iterator[str]:
        if self.unsure != self.unsure_listed:
            yield f"{self.unsure} people are unsure, but {self.unsure_listed} are listed"
        for reason, people, most in self.doubts:
            if people > most:
                yield f"{people} people are unsure {reason}; at most {most} may be"
        if self.most_on_the_wire > self.connections:
            yield (
                f"a dead process left {self.most_on_the_wire} messages begun and unanswered, and"
                f" it had only {self.connections} connections"
            )

    def as_json(self) -> dict[str, object]:
        """Give everything, for machines."""
        names = [name for name in self.__dataclass_fields__ if not name.startswith("after_")]
        return {name: getattr(self, name) for name in names} | {
            "most_unsure": self.most_unsure,
            "after_opt_out_ms": _worst(self.after_opt_out) * 1000,
            "after_pause_ms": _worst(self.after_pause) * 1000,
            "exit_code": self.exit_code,
        }

    def lines(self) -> Iterator[str]:
        """Tell it in words."""
        killed = sum(self.kills.values())
        yield (
            f"{self.people:,} people, {killed} processes killed, broker {self.broker},"
            f" seed {self.seed}, {self.seconds:.0f} s."
        )
        if self.build != "sound":
            yield f"This build is broken on purpose: {self.build}."
        yield ""
        yield from self._promises()
        yield ""
        yield "What failed from outside:"
        yield from _table(self.faults)
        yield ""
        yield "Where processes were killed (kill -9):"
        yield from _table(self.kills)
        yield ""
        yield "Where a process lost its connection to the database:"
        yield from _table(self.cuts)
        yield ""
        yield from self._verdict()

    def _promises(self) -> Iterator[str]:
        states = ", ".join(f"{count:,} {name}" for name, count in sorted(self.states.items()))
        yield f"{_kept(self.lost)}: nobody is forgotten. Lost: {len(self.lost)}."
        yield f"  Everybody has one verdict ({states});"
        yield f"  the mail server counted {self.copies:,} messages."
        yield f"{_kept(self.double + self.untrue)}: nobody is told twice."
        yield f"  Told twice: {len(self.double)};"
        yield f"  told, and the ledger says they were not: {len(self.untrue)}."
        yield f"{_kept(list(self._broken_doubts()))}: who may have been told is shown as such."
        yield f"  Unsure: {self.unsure}; listed: {self.unsure_listed};"
        yield f"  at most {self.most_unsure} may be, counted one by one:"
        for reason, people, most in self.doubts:
            yield f"  {people:5d} of at most {most:5d}  {reason}"
        yield f"  No dead process left more than {self.most_on_the_wire} on the wire; each has"
        yield f"  {self.connections} connections. Permitted and not settled at the moment of"
        yield f"  {_losses(self.losses)}."
        yield f"{_kept(_late(self.after_opt_out))}: who leaves hears nothing more."
        yield f"  {self.opted_out} opted out in mid-flight; the last hand-over"
        yield f"  {_after(self.after_opt_out)}."
        yield f"{_kept(_late(self.after_pause))}: a pause stops everything."
        yield f"  {self.pauses} pauses; the last hand-over {_after(self.after_pause)}."

    def _verdict(self) -> Iterator[str]:
        yield from (f"BROKEN: {promise}." for promise in self.broken)
        if self.full:
            yield from (f"NEVER TRIED: {name}." for name in self.never_met)
        if self.exit_code:
            yield f"Run it again with --seed {self.seed}. Exit code 1."
        else:
            yield "All promises held. Exit code 0."


def _table(counts: dict[str, int]) -> Iterator[str]:
    yield from (f"  {count:4d}  {name}" for name, count in counts.items())


def _losses(losses: list[tuple[str, int]]) -> str:
    counts: dict[str, list[str]] = {}
    for fault, count in losses:
        counts.setdefault(fault, []).append(str(count))
    told = (f"{fault}: {' and '.join(each)}" for fault, each in counts.items())
    return "; ".join(told) or "there was none"


def _kept(against: Sequence[object]) -> str:
    return "BROKEN" if against else "Kept"


def _late(gaps: list[float]) -> list[float]:
    return [gap for gap in gaps if gap > LATE]


def _worst(gaps: list[float]) -> float:
    return gaps[0] if gaps else 0.0


def _after(gaps: list[float]) -> str:
    if not gaps:
        return "came before the acknowledgement"
    return f"came {gaps[0] * 1000:.0f} ms after the acknowledgement"
