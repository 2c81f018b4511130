"""Counts the instructions of each step of the pure core, and holds them against a budget.

    python -m bench.instructions [--update]

Clocks are too noisy to stop a small slowdown; a count is the same on a busy machine as on a quiet
one, to within a percent. It belongs to one build of Python on one kind of machine, so budgets
stand under both in bench/instructions.toml, and `--update` writes those of this one. Exits with 1
when a count is above its budget.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.callgrind import MACHINE, totals
from bench.instruction_workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = Path(__file__).with_suffix(".toml")
YARDSTICK = "yardstick"
TOLERANCE = 0.05  # runs are within 0.01 of each other
SLACK = 0.10  # so far below its budget, a count has earned a lower one
SAME_BUILD = 0.02  # by so much the yardstick of one and the same build may differ
_HEAD = """\
# Instructions per item of each step of the pure core, under the version of Python and the machine.
# Written by `python -m bench.instructions --update`; see bench/instruction_workloads.py for items.
"""
Counts = dict[str, int]


class Judged(NamedTuple):
    """What is to be said about the counts: each too high, and each that became much lower."""

    above: list[str]
    below: list[str]


def measure() -> dict[str, object]:
    """Count, and give instructions per item by step, with what an item is."""
    return {
        name: {"per": WORKLOADS[name].item, "instructions": counted}
        for name, counted in count().items()
    }


def count() -> Counts:
    """Run the workloads under callgrind; what both sizes have in common drops out."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind is missing (Debian: apt install valgrind)")
    with tempfile.TemporaryDirectory(prefix="dispatcher-callgrind-") as folder:
        out = Path(folder) / "out"
        command = [valgrind, "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={out}", sys.executable]
        command += ["-m", "bench.instruction_workloads"]
        done = subprocess.run(
            command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"the workloads failed:\n{done.stderr[-3000:]}")
        found = totals(out)
    return {
        name: round((found[f"{name} 2"] - found[f"{name} 1"]) / workload.size)
        for name, workload in WORKLOADS.items()
    }


def _environment() -> dict[str, str]:
    """Give as little as possible: the same everywhere, and no settings of whoever runs this."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def kind() -> str:
    """Name the Python and the machine, under which a budget stands."""
    return f"{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"


def budgets() -> dict[str, Counts]:
    """Read all budgets."""
    return tomllib.loads(BUDGETS.read_text("utf-8")) if BUDGETS.exists() else {}


def no_reason_to_count() -> str:
    """Say why counting would lead to nothing here, or give nothing."""
    if platform.machine() != MACHINE:
        return f"instructions are counted on {MACHINE} only, and this is {platform.machine()}"
    if kind() not in budgets():
        return f"bench/instructions.toml has no budget for Python on {kind()}"
    return ""


def other_build(counted: Mapping[str, int], budget: Mapping[str, int]) -> str:
    """Say so if this Python was built otherwise than the budget's; its counts say nothing then."""
    ours, theirs = counted[YARDSTICK], budget[YARDSTICK]
    if abs(ours / theirs - 1) <= SAME_BUILD:
        return ""
    return (
        f"this Python {kind()} was built otherwise than that of the budget: a plain loop takes it"
        f" {ours:,} instructions a turn, not {theirs:,}"
    )


def judge(counted: Mapping[str, int], budget: Mapping[str, int]) -> Judged:
    """Hold counts against a budget."""
    judged = Judged([], [])
    for name, found in counted.items():
        allowed = budget.get(name)
        if allowed is None:
            judged.above.append(f"{name}: {found:,} instructions, and no budget yet")
        elif found > allowed * (1 + TOLERANCE):
            judged.above.append(_told(name, found, allowed, "above"))
        elif found < allowed * (1 - SLACK):
            judged.below.append(_told(name, found, allowed, "below"))
    return judged


def _told(name: str, found: int, allowed: int, where: str) -> str:
    share = abs(found / allowed - 1)
    return (
        f"{name}: {found:,} instructions a {WORKLOADS[name].item}, {share:.1%} {where} the budget"
        f" of {allowed:,}"
    )


def write(counted: Counts) -> None:
    """Make these counts the budget of this Python and machine."""
    lines = [_HEAD]
    for name, budget in sorted({**budgets(), kind(): counted}.items()):
        lines += [f'["{name}"]', *[f"{step} = {value}" for step, value in budget.items()], ""]
    BUDGETS.write_text("\n".join(lines), "utf-8")


def main() -> int:
    """Count; then update the budget, or say what is above and below it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="make these counts the budget")
    update = parser.parse_args().update
    if not update and (reason := no_reason_to_count()):
        print(f"Nothing was counted: {reason}.")
        return 0
    counted = count()
    for name, found in counted.items():
        print(f"{name:10} {found:10,} instructions a {WORKLOADS[name].item}")
    if update:
        write(counted)
        return 0
    budget = budgets()[kind()]
    if reason := other_build(counted, budget):
        print(f"No verdict: {reason}.")
        return 0
    above, below = judge(counted, budget)
    for told in above:
        print(f"TOO MUCH {told}")
    for told in below:
        print(f"Lower the budget (--update): {told}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
