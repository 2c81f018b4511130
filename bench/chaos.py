"""Kills things while a campaign runs, and counts who was lost, told twice, or told too late.

    python -m bench.chaos [--people 20000] [--kills 200] [--seed N] [--json] [--broken NAME]

Real workers send through a real mail connection to a server that counts. Every worker process is
doomed to `kill -9` at a moment that the seed chose; meanwhile broker, database, clock, disk and
whole machines fail. `--broken` runs a build that was broken on purpose, which must be found out.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench.chaos_faults import FAULTS, jump_clock
from bench.chaos_points import ANY_MOMENT, POINTS
from bench.chaos_report import Findings, judge
from bench.chaos_stage import CONNECTIONS, PROCESSES, Stage, patiently
from bench.chaos_worker import BROKEN
from bench.world import ROOT, populate, start_wave, world
from dispatcher.domain.messages import Channel
from dispatcher.errors import Unavailable
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.services.tidy import tidy
from dispatcher.storage import clock

CONFIG = """\
safe_mode = false
work_seconds = 2.0

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
timeout = 5.0
"""
TUESDAY = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
CHOSEN = tuple(name for name in FAULTS if name != "supervisor")
_SECONDS_A_KILL = 1.2  # what it takes, on average, until a doomed process has met its end


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen, all of it drawn from the seed."""

    people: int
    kills: int
    seed: int
    broken: str = "sound"
    faults: tuple[str, ...] = CHOSEN

    def dooms(self) -> str:
        """Draw where each process dies: the plan first, while there is one, then all in turn."""
        rng = random.Random(self.seed)
        names = [*POINTS, *[ANY_MOMENT] * 5]
        order: list[str] = []
        while len(order) < self.kills:
            order += rng.sample(names, len(names))
        order = [*list(POINTS)[:1] * min(2, self.kills), *order][: self.kills]
        return json.dumps([self._doom(rng, point) for point in order])

    def _doom(self, rng: random.Random, point: str) -> dict[str, object]:
        if point == ANY_MOMENT:
            return {"point": point, "count": 1, "patience": rng.uniform(0.5, 3.0)}
        often = POINTS[point].often
        count = rng.randint(1, 60) if often else rng.randint(1, 2)
        return {"point": point, "count": count, "patience": rng.uniform(4.0, 6.0)}

    def outside(self) -> list[tuple[float, str]]:
        """Draw what fails from outside, each at a share of the campaign's way."""
        rng = random.Random(self.seed + 1)
        names = list(self.faults) * (2 if self.kills >= 100 else 1)
        rng.shuffle(names)
        step = 0.85 / max(1, len(names))
        return [(0.05 + step * (place + rng.random()), each) for place, each in enumerate(names)]

    @property
    def delay(self) -> float:
        """Let the mail server answer so slowly that the campaign outlives its dooms."""
        seconds = self.kills * _SECONDS_A_KILL + 4.0 * len(self.outside())
        return min(0.2, max(0.002, seconds * PROCESSES * CONNECTIONS / self.people / 2))


@dataclass(slots=True)
class Conductor:
    """Watches how far the campaign is, and lets things fail and people leave on the way."""

    stage: Stage
    plan: Plan
    wave: int
    rng: random.Random = field(init=False)
    left: dict[int, float] = field(default_factory=dict)
    told: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.plan.seed + 2)

    def run(self, seconds: float) -> str:
        """Go on until the wave is finished; give what went wrong, if it never is."""
        ends = time.monotonic() + seconds
        outside = self.plan.outside()
        leavers = max(5, self.plan.people // 100)
        while not self._finished():
            if time.monotonic() > ends:
                return f"the campaign was not finished within {seconds:.0f} s"
            way = self.stage.arrived() / self.plan.people
            self.stage.listen()
            if self.stage.ended():
                self._strike("supervisor")
            if outside and way >= outside[0][0]:
                self._strike(outside.pop(0)[1])
            if len(self.left) < leavers * way:
                patiently(self._let_one_leave, [Unavailable])
            patiently(self._wake_the_last, [Unavailable])
            time.sleep(0.02)
        for _, fault in outside:  # the campaign was too quick for them
            self._strike(fault)
        return ""

    def _strike(self, name: str) -> None:
        say(f"  {name} ({self.stage.arrived():,} messages have arrived)")
        self.stage.tolls.append(FAULTS[name](self.stage, self.rng))

    def _let_one_leave(self) -> None:
        here = self.stage.here
        with here.database.begin() as conn:
            person = conn.execute(_SOMEBODY).scalar_one_or_none()
        if person is None or int(person) in self.left:
            return
        opt_out(here.desk, Act(int(person), Channel.EMAIL, here.now()))
        self.left[int(person)] = time.time()

    def _wake_the_last(self) -> None:
        """Once only those are left who were put off, let the hour come."""
        with self.stage.here.database.begin() as conn:
            only_due = bool(conn.execute(_ONLY_DUE, {"wave": self.wave}).scalar_one())
        if only_due:
            jump_clock(self.stage, self.rng)

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


@contextmanager
def sink(arrivals: Path, delay: float) -> Iterator[int]:
    """Run the counting mail server; give its port."""
    command = [sys.executable, "-m", "bench.chaos_sink", str(arrivals), str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def stage_for(plan: Plan) -> Iterator[Stage]:
    """Set everything up, and leave nothing behind."""
    port_config = CONFIG.replace("{connections}", str(CONNECTIONS))
    with world(port_config.replace("{port}", "1")) as private:
        folder = private.folder / "chaos"
        folder.mkdir()
        with sink(folder / "arrivals", plan.delay) as port:
            (private.folder / "dispatcher.toml").write_text(
                port_config.replace("{port}", str(port))
            )
            stage = Stage(private, private.open_with_bell(), folder, plan.broken)
            stage.prepare(plan.dooms())
            try:
                yield stage
            finally:
                stage.kill_group()
                stage.here.close()


def run(plan: Plan) -> Findings:
    """Run it all and judge."""
    with stage_for(plan) as stage:
        here = stage.here
        populate(here, plan.people)
        with here.database.begin() as conn:
            clock.set_to(conn, TUESDAY)
        began = time.monotonic()
        wave = start_wave(here, "chaos")
        stage.start_workers()
        conductor = Conductor(stage, plan, wave)
        problem = conductor.run(120 + plan.kills * _SECONDS_A_KILL * 4 + plan.people / 50)
        stage.stop_workers()
        stage.listen()
        tidy(here.desk, here.versions, here.bell, here.settings.journals, here.host)
        seconds = time.monotonic() - began
        if problem:
            say(_last_words(stage))
        return judge(stage, plan.seed, seconds, conductor.left, problem)


def _last_words(stage: Stage) -> str:
    log = (stage.folder / "worker.log").read_text("utf-8", "replace").splitlines()
    return "\n".join(log[-40:])


def say(words: str) -> None:
    """Speak to whoever watches; the report itself goes to standard output."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run, report, and give 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="draws everything; printed")
    parser.add_argument("--json", action="store_true", help="report for machines")
    parser.add_argument("--only-kills", action="store_true", help="nothing fails from outside")
    parser.add_argument("--broken", choices=sorted(BROKEN), default="sound")
    options = parser.parse_args()
    faults = () if options.only_kills else CHOSEN
    seed = random.SystemRandom().randrange(10_000) if options.seed is None else options.seed
    say(f"Chaos with seed {seed}: {options.people:,} people, {options.kills} kills.")
    found = run(Plan(options.people, options.kills, seed, options.broken, faults))
    print(json.dumps(found.as_json(), indent=2) if options.json else "\n".join(found.lines()))
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
