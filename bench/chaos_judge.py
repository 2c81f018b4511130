"""Judges a run of chaos: the product's own ledger against the mail server's count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import text

from bench.chaos_accounts import Accounts, Attempt, Silence
from bench.chaos_cuts import CUTS
from bench.chaos_faults import FAULTS, MACHINE_LOST, STOPPED
from bench.chaos_plan import Plan
from bench.chaos_points import ANY_MOMENT, POINTS
from bench.chaos_report import Doubt, Findings
from bench.chaos_stage import CONNECTIONS, Copy, Stage
from dispatcher.storage import settlements

ON_THE_WIRE = "begun and not answered, say the journals of the dead"
UNANSWERED = "taken by the mail server, which never answered"
LAPSED = "permitted when a lease ran out, and nobody could say more"
UNEXPLAINED = "for no reason that we know of"


class Ledger(NamedTuple):
    """What the product believes at the end. `unsure`: whether the gateway itself was not sure."""

    states: dict[int, str]
    unsure: dict[Attempt, bool]
    listed: int


def judge(
    stage: Stage, plan: Plan, seconds: float, left: dict[int, float], problem: str
) -> Findings:
    """Compare everything with everything."""
    ledger, copies, accounts = _read(stage), stage.copies(stage.here.tokens), stage.accounts
    got = Counter(copy.customer_id for copy in copies)
    states = ledger.states
    return Findings(
        seed=plan.seed,
        broker=plan.broker,
        build=plan.broken,
        people=len(states),
        seconds=seconds,
        states=dict(Counter(states.values())),
        copies=len(copies),
        lost=[person for person, state in states.items() if _is_lost(state, got[person])],
        double=[person for person, count in got.items() if count > 1],
        untrue=[p for p in got if states.get(p) not in ("accepted", "unsure")],
        unsure=len(ledger.unsure),
        unsure_listed=ledger.listed,
        doubts=doubts(ledger.unsure, accounts, sum(copy.silent for copy in copies)),
        most_on_the_wire=accounts.most_on_the_wire,
        connections=CONNECTIONS,
        losses=[(loss.fault, len(loss.people)) for loss in accounts.losses],
        opted_out=len(left),
        after_opt_out=_after_opt_out(copies, left),
        pauses=len(accounts.silences),
        after_pause=_after_pause(copies, accounts.silences),
        kills=_counted(accounts.kills, [*POINTS, ANY_MOMENT]),
        cuts=_counted(accounts.cuts, CUTS),
        faults=_counted(accounts.faults, [FAULTS[name].words for name in plan.faults]),
        full=plan.full,
        problem=problem,
    )


def doubts(unsure: dict[Attempt, bool], accounts: Accounts, silent: int) -> list[Doubt]:
    """Say why each one is unsure, and how many might have been for that reason."""
    stops = sum(loss.fault == STOPPED for loss in accounts.losses)
    reasons: dict[str, set[Attempt]] = {
        ON_THE_WIRE: accounts.in_journals(),
        MACHINE_LOST: accounts.lost(MACHINE_LOST),
        STOPPED: accounts.lost(STOPPED),
        LAPSED: accounts.in_lapsed_leases(),
    }
    left = {attempt for attempt, by_gateway in unsure.items() if not by_gateway}
    # Who slept too long finds its own patience with the mail server over, too.
    most = silent + stops * CONNECTIONS
    made = [Doubt(UNANSWERED, len(unsure) - len(left), most)]
    counted: set[Attempt] = set()
    for reason, people in reasons.items():
        made.append(Doubt(reason, len(left & people), len(people - counted)))
        left -= people
        counted |= people
    return [*made, Doubt(UNEXPLAINED, len(left), 0)]


def _read(stage: Stage) -> Ledger:
    with stage.here.database.begin() as conn:
        states = {int(person): str(state) for person, state in conn.execute(_STATES)}
        unsure = {(int(row[0]), int(row[1])): bool(row[2]) for row in conn.execute(_UNSURE)}
        return Ledger(states, unsure, len(settlements.unsure(conn, 1_000_000)))


_STATES = text("""
    SELECT a.customer_id, coalesce(d.state, 'no verdict') FROM customer c
    JOIN audience a ON a.customer_id = c.id LEFT JOIN delivery d USING (wave_id, customer_id)
""")

_UNSURE = text("""
    SELECT d.customer_id, d.attempt, d.code = 'lost' FROM delivery d WHERE d.state = 'unsure'
""")


def _is_lost(state: str, copies: int) -> bool:
    if state == "accepted":
        return copies == 0
    return state in ("no verdict", "reserved", "deferred")


def _after_opt_out(copies: list[Copy], left: dict[int, float]) -> list[float]:
    """Give the seconds from an acknowledged opt-out to a hand-over behind it, longest first."""
    gaps = (copy.at - left[copy.customer_id] for copy in copies if copy.customer_id in left)
    return sorted((gap for gap in gaps if gap > 0), reverse=True)


def _after_pause(copies: list[Copy], silences: list[Silence]) -> list[float]:
    """Give the seconds from an acknowledged pause to each hand-over during it, longest first."""
    gaps = (
        copy.at - silence.begins
        for copy in copies
        for silence in silences
        if silence.begins < copy.at < silence.ends
    )
    return sorted(gaps, reverse=True)


def _counted(counts: Counter[str], names: Iterable[str]) -> dict[str, int]:
    return {name: counts[name] for name in names} | dict(counts)
