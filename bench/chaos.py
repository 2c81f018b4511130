"""Kills things while a campaign runs, and counts who was lost, told twice, or told too late.

    python -m bench.chaos [--people 20000] [--kills 200] [--seed N] [--broker rabbitmq]
                          [--faults A,B,...] [--json] [--broken NAME]

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
from datetime import UTC, datetime
from pathlib import Path

from bench.chaos_broken import BROKEN
from bench.chaos_conductor import Conductor, say
from bench.chaos_faults import CHOSEN
from bench.chaos_judge import judge
from bench.chaos_plan import Plan
from bench.chaos_report import Findings
from bench.chaos_stage import CAMPAIGN, CONNECTIONS, Stage
from bench.chaos_witness import attend
from bench.world import ROOT, Broker, Missing, populate, start_wave, world
from dispatcher.services.tidy import tidy
from dispatcher.storage import clock

CONFIG = """\
safe_mode = false
breaker_opt_outs_email = 1.0
breaker_errors_email = 1.0
work_seconds = {work}

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
timeout = 5.0
"""
WORK_SECONDS = 2.0
TUESDAY = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


@contextmanager
def sink(arrivals: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the counting mail server; the first line it says is its port."""
    command = [sys.executable, "-m", "bench.chaos_sink", str(arrivals)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def stage_for(plan: Plan) -> Iterator[Stage]:
    """Set everything up, and leave nothing behind."""
    config = CONFIG.replace("{connections}", str(CONNECTIONS)).replace("{work}", str(WORK_SECONDS))
    with world(config.replace("{port}", "1"), plan.broker) as private:
        folder = private.folder / "chaos"
        folder.mkdir()
        (folder / "arrivals").touch()
        with sink(folder / "arrivals") as server:
            assert server.stdout is not None
            port = str(int(server.stdout.readline()))
            (private.folder / "dispatcher.toml").write_text(config.replace("{port}", port))
            stage = Stage(private, private.open_with_bell(), folder, plan.broken, server)
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
        wave = start_wave(here, CAMPAIGN)
        stage.start_workers()
        attend(stage.hear)  # the last journals are adopted here
        conductor = Conductor(stage, plan, wave)
        problem = conductor.run(plan.patience)
        stage.stop_workers()
        tidy(
            here.desk,
            here.versions,
            here.bell,
            here.settings.journals,
            here.host,
            here.ways,
            here.bars,
        )
        stage.listen()
        seconds = time.monotonic() - began
        if problem:
            say(_last_words(stage))
        return judge(stage, plan, seconds, conductor.left, problem)


def _last_words(stage: Stage) -> str:
    log = (stage.folder / "worker.log").read_text("utf-8", "replace").splitlines()
    return "\n".join(log[-40:])


def _plan(options: argparse.Namespace) -> Plan:
    seed = random.SystemRandom().randrange(10_000) if options.seed is None else options.seed
    faults = tuple(name for name in options.faults.split(",") if name)
    if faults == ("all",):
        faults = CHOSEN
    if unknown := set(faults) - set(CHOSEN):
        sys.exit(f"there is no fault {', '.join(unknown)}; there are: {', '.join(CHOSEN)}")
    return Plan(
        options.people,
        options.kills,
        seed,
        options.broken,
        faults,
        Broker(options.broker),
    )


def main() -> int:
    """Run, report, and give 1 when a promise was broken or something was never tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="draws everything; printed")
    parser.add_argument("--broker", choices=[*Broker], default=Broker.VALKEY)
    parser.add_argument("--json", action="store_true", help="report for machines")
    names = ", ".join(CHOSEN)
    parser.add_argument("--faults", default="all", help=f"what fails from outside, of: {names}")
    parser.add_argument("--broken", choices=sorted(BROKEN), default="sound")
    plan = _plan(parser.parse_args())
    say(f"Chaos with seed {plan.seed}: {plan.people:,} people, {plan.kills} kills, {plan.broker}.")
    try:
        found = run(plan)
    except Missing as missing:
        say(str(missing))
        return 2
    as_json = "--json" in sys.argv
    print(json.dumps(found.as_json(), indent=2) if as_json else "\n".join(found.lines()))
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main())
