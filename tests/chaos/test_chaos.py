"""The short form of `./dispatch chaos`: a small campaign under every fault keeps all promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def chaos(*words: str) -> tuple[int, dict[str, Any]]:
    """Run it; give its exit code and its findings."""
    command = [sys.executable, "-m", "bench.chaos", "--json", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_nobody_is_lost_or_told_twice_under_every_fault() -> None:
    """Six kills, and one of each: broker, database, clock, bells, disks, machine, pause, a stop."""
    code, found = chaos("--people", "300", "--kills", "6", "--seed", "11")
    assert (code, found["broken"]) == (0, [])
    assert not [fault for fault, count in found["faults"].items() if not count]
    assert set(found["states"]) <= {"accepted", "skipped", "unsure"}
    assert found["unsure"] == found["unsure_listed"] <= found["most_unsure"]
    assert found["most_on_the_wire"] <= found["connections"]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("broken", "sign"),
    [("settle-before-send", "lost"), ("no-journal", "double")],
)
def test_a_build_broken_on_purpose_is_found_out(broken: str, sign: str) -> None:
    """Chaos that finds nothing in a broken build would prove nothing about a sound one."""
    words = ("--people", "150", "--kills", "6", "--seed", "3", "--faults", "")
    code, found = chaos(*words, "--broken", broken)
    assert code == 1
    assert found[sign]
