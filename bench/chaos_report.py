"""What chaos found: every promise checked against the mail server's own count, told in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.chaos_points import ANY_MOMENT, POINTS
from bench.chaos_stage import Copy, Stage, Toll
from dispatcher.storage import deliveries

_SILENT = "messages taken and never answered"
LATE = 1.0  # seconds after an acknowledged opt-out


@dataclass(frozen=True, slots=True)
class Findings:
    """The counts of one run. Who is named in `lost`, `double`, `untrue` or `late` is one too many.

    `untrue`: the ledger says "not told", the mail server has the message. `worst`: seconds from an
    acknowledged opt-out to the last hand-over to that person.
    """

    seed: int
    people: int
    seconds: float
    states: dict[str, int]
    copies: int
    lost: list[int]
    double: list[int]
    untrue: list[int]
    unsure: int
    unsure_listed: int
    most_unsure: int
    opted_out: int
    late: list[int]
    worst: float
    deaths: dict[str, int]
    faults: dict[str, int]
    allowed: dict[str, int]
    problem: str = ""
    broken: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "broken", list(self._broken()))

    def _broken(self) -> Iterator[str]:
        if self.problem:
            yield self.problem
        if self.lost:
            yield f"{len(self.lost)} people were lost, such as customer {self.lost[0]}"
        if self.double:
            yield f"{len(self.double)} people were told twice, such as customer {self.double[0]}"
        if self.untrue:
            yield f"{len(self.untrue)} people were told, but the ledger says they were not"
        if self.unsure > self.most_unsure:
            yield f"{self.unsure} people are unsure, and at most {self.most_unsure} may be"
        if self.unsure != self.unsure_listed:
            yield f"{self.unsure} people are unsure, but {self.unsure_listed} are listed"
        if self.late:
            yield f"{len(self.late)} people were written to over {LATE:g} s after they opted out"

    def as_json(self) -> dict[str, object]:
        """Give everything, for machines."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def lines(self) -> Iterator[str]:
        """Tell it in words."""
        killed = sum(self.deaths.values())
        yield f"{self.people:,} people, {killed} kills, seed {self.seed}, {self.seconds:.0f} s."
        yield ""
        yield f"  lost           {len(self.lost)}"
        yield f"  told twice     {len(self.double)}"
        yield f"  unsure         {self.unsure}, all listed; {self.most_unsure} were allowed"
        yield f"  opted out      {self.opted_out}; worst hand-over {self._after()}"
        yield f"  states         {_counts(self.states)}"
        yield f"  arrived        {self.copies:,} messages, counted by the mail server"
        yield ""
        yield "What was done from outside:"
        for name, count in sorted(self.faults.items()):
            yield f"  {count:4d}  {name}{self._allowed(name)}"
        yield ""
        yield "Where processes were killed (kill -9):"
        for point in (*POINTS, ANY_MOMENT):
            yield f"  {self.deaths.get(point, 0):4d}  {point}"
        yield ""
        if self.broken:
            yield from (f"BROKEN: {promise}." for promise in self.broken)
            yield f"Run it again with --seed {self.seed}."
        else:
            yield "All promises held."

    def _allowed(self, fault: str) -> str:
        most = self.allowed.get(fault, 0)
        return f"; at most {most} may be unsure" if most else ""

    def _after(self) -> str:
        if self.worst < 0:
            return "came before the acknowledgement"
        return f"{self.worst * 1000:.0f} ms after the acknowledgement"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def judge(
    stage: Stage, seed: int, seconds: float, left: dict[int, float], problem: str
) -> Findings:
    """Compare the ledger of the product with the mail server's."""
    copies = stage.copies(stage.here.tokens)
    with stage.here.database.begin() as conn:
        rows = conn.execute(_STATES).all()
        listed = len(deliveries.unsure(conn, 1_000_000))
    states = {int(person): str(state) for person, state in rows}
    got = Counter(copy.customer_id for copy in copies)
    silent = sum(copy.silent for copy in copies)
    faults = Counter(toll.fault for toll in stage.tolls if not toll.fault.startswith("killed "))
    after = _after(copies, left)
    return Findings(
        seed=seed,
        people=len(states),
        seconds=seconds,
        states=dict(Counter(states.values())),
        copies=len(copies),
        lost=[person for person, state in states.items() if _is_lost(state, got[person])],
        double=[person for person, count in got.items() if count > 1],
        untrue=[p for p in got if states.get(p) not in ("accepted", "unsure")],
        unsure=sum(state == "unsure" for state in states.values()),
        unsure_listed=listed,
        most_unsure=_most(stage.tolls) + silent,
        opted_out=len(left),
        late=[person for person, seconds in after.items() if seconds > LATE],
        worst=max(after.values(), default=-1.0),
        deaths=dict(stage.deaths),
        faults={**faults, _SILENT: silent},
        allowed={**_allowed(stage.tolls), _SILENT: silent},
        problem=problem,
    )


_STATES = text("""
    SELECT a.customer_id, coalesce(d.state, 'no verdict') FROM customer c
    JOIN audience a ON a.customer_id = c.id LEFT JOIN delivery d USING (wave_id, customer_id)
""")


def _is_lost(state: str, copies: int) -> bool:
    if state == "accepted":
        return copies == 0
    return state in ("no verdict", "reserved", "deferred")


def _allowed(tolls: list[Toll]) -> dict[str, int]:
    most: Counter[str] = Counter()
    for toll in tolls:
        most[toll.fault] += toll.most_unsure
    return dict(most)


def _most(tolls: list[Toll]) -> int:
    return sum(toll.most_unsure for toll in tolls)


def _after(copies: list[Copy], left: dict[int, float]) -> dict[int, float]:
    return {
        copy.customer_id: copy.at - left[copy.customer_id]
        for copy in copies
        if copy.customer_id in left
    }
