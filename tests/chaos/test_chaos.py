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
    """Six kills, and one of each: broker, database, clock, bells, disk, machine, a stopped one."""
    code, found = chaos("--people", "300", "--kills", "6", "--seed", "11")
    assert (code, found["broken"]) == (0, [])
    assert len(found["faults"]) == 10
    assert set(found["states"]) <= {"accepted", "skipped", "unsure"}
    assert found["unsure"] == found["unsure_listed"] <= found["most_unsure"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_build_that_settles_before_it_sends_is_found_out() -> None:
    """Chaos that finds nothing in a broken build would prove nothing about a sound one."""
    words = ("--people", "150", "--kills", "6", "--seed", "3", "--only-kills")
    code, found = chaos(*words, "--broken", "settle-before-send")
    assert code == 1
    assert found["lost"]
