"""Conducts a run of chaos: lets things fail and people leave on the campaign's way to its end."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.chaos_cuts import CUTS
from bench.chaos_faults import FAULTS, jump_clock
from bench.chaos_plan import WAKING, Plan
from bench.chaos_points import POINTS
from bench.chaos_stage import CONNECTIONS, PROCESSES, Stage, patiently
from dispatcher.domain.messages import Channel
from dispatcher.errors import Conflict, Unavailable
from dispatcher.services.subscribe import Act, opt_out

_QUICK, _SLOW = 0.005, 0.5  # seconds the mail server takes to answer
_SECONDS_A_KILL, _SECONDS_A_FAULT = 0.9, 4.0  # what they take on average
_TURNS = 6  # how often what was not met may be tried again


@dataclass(slots=True)
class Conductor:
    """Watches how far the campaign is; `left`: who opted out, and when that was acknowledged."""

    stage: Stage
    plan: Plan
    wave: int
    left: dict[int, float] = field(default_factory=dict)
    _rng: random.Random = field(init=False)
    _outside: list[tuple[float, str]] = field(init=False)
    _dooms: int = 0
    _turns: int = 0
    _fates: int = 0
    _hours: list[float] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.plan.seed + 2)
        self._outside = self.plan.outside()
        self._dooms = self.plan.kills

    def run(self, seconds: float) -> str:
        """Go on until the wave is finished; give what went wrong, if it never is."""
        ends = time.monotonic() + seconds
        while not self._finished():
            if time.monotonic() > ends:
                return f"the campaign was not finished within {seconds:.0f} s"
            self.stage.listen()
            arrived = self.stage.arrived()
            way = arrived / self.plan.people
            self._pace(arrived)
            self._let_fail(way)
            self._let_leave(way)
            self._give_another_turn()
            self._wake()
            time.sleep(0.02)
        while self._outside:  # the campaign was too quick for them
            self._strike(self._outside.pop(0)[1])
        return ""

    def _pace(self, arrived: int) -> None:
        """Let the mail server take so long that the campaign outlives its dooms and faults."""
        dooms = self._dooms - self.stage.accounts.kills.total()
        seconds = max(0, dooms) * _SECONDS_A_KILL + len(self._outside) * _SECONDS_A_FAULT
        lanes = PROCESSES * CONNECTIONS
        delay = seconds * lanes / max(1, self.plan.people - arrived)
        self.stage.answer_in(min(_SLOW, max(_QUICK, delay)))

    def _let_fail(self, way: float) -> None:
        if self.stage.ended():
            self._strike("supervisor")
        killed = self.stage.accounts.kills.total() / self._dooms if self._dooms else way
        if self._outside and killed >= self._outside[0][0]:
            self._strike(self._outside.pop(0)[1])

    def _strike(self, name: str) -> None:
        seconds, arrived = time.monotonic() - self._began, self.stage.arrived()
        say(f"  {seconds:4.0f} s  {name} ({arrived:,} messages have arrived)")
        try:
            FAULTS[name].strike(self.stage, self._rng)
        except (Conflict, Unavailable) as problem:
            say(f"    not done: {problem}")
        else:
            self.stage.accounts.faults[FAULTS[name].words] += 1

    def _let_leave(self, way: float) -> None:
        if len(self.left) < max(5, self.plan.people // 100) * way:
            patiently(self._let_one_leave, [Unavailable])

    def _let_one_leave(self) -> None:
        here = self.stage.here
        with here.database.begin() as conn:
            person = conn.execute(_SOMEBODY).scalar_one_or_none()
        if person is None or int(person) in self.left:
            return
        opt_out(here.desk, Act(int(person), Channel.EMAIL, here.now()))
        self.left[int(person)] = time.time()

    def _give_another_turn(self) -> None:
        """Once the dooms are taken, draw new ones for what was not met; the campaign waits."""
        if not self.plan.full or self._turns >= _TURNS:
            return
        if len(self.stage.fates) < self._dooms:
            return
        accounts = self.stage.accounts
        missing = [each for each in POINTS if not accounts.kills[each]]
        missing += [each for each in CUTS if not accounts.cuts[each]]
        spare = self.plan.spare(missing, self._turns)
        self._turns += 1
        self._dooms += len(spare)
        self.stage.doom(spare)

    def _wake(self) -> None:
        """Let the hour come for the deferred: at the end, and for who is doomed while waking."""
        new, self._fates = self.stage.fates[self._fates :], len(self.stage.fates)
        if WAKING in new:
            self._hours += [time.monotonic() + wait for wait in (2, 5, 8)]
        if self._hours and time.monotonic() > self._hours[0]:
            self._hours.pop(0)
            patiently(lambda: jump_clock(self.stage, self._rng), [Unavailable])
        else:
            patiently(self._wake_the_last, [Unavailable])

    def _wake_the_last(self) -> None:
        """Once only those are left who were put off, let the hour come."""
        with self.stage.here.database.begin() as conn:
            only_due = bool(conn.execute(_ONLY_DUE, {"wave": self.wave}).scalar_one())
        if only_due:
            jump_clock(self.stage, self._rng)

    def _finished(self) -> bool:
        state = ""

        def look() -> None:
            nonlocal state
            with self.stage.here.database.begin() as conn:
                query = text("SELECT state FROM wave WHERE id = :wave")
                state = str(conn.execute(query, {"wave": self.wave}).scalar_one())

        patiently(look, [Unavailable])
        return state == "finished"


# Somebody whose message may be on its way at this moment: the hardest case.
_SOMEBODY = text("""
    SELECT customer_id FROM delivery WHERE state = 'reserved' ORDER BY random() LIMIT 1
""")

_ONLY_DUE = text("""
    SELECT w.state = 'running'
       AND NOT EXISTS (SELECT FROM batch b WHERE b.wave_id = w.id AND b.state <> 'done')
       AND NOT EXISTS (SELECT FROM due d, clock
                       WHERE d.wave_id = w.id AND d.due_at <= clock_timestamp() + clock.ahead)
       AND EXISTS (SELECT FROM due d WHERE d.wave_id = w.id)
    FROM wave w WHERE w.id = :wave
""")


def say(words: str) -> None:
    """Speak to whoever watches; the report itself goes to standard output."""
    print(words, file=sys.stderr, flush=True)
