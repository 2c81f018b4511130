"""`./dispatch bench` runs through at a tiny size, and says what it could not measure and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import steps
from bench.parts import PARTS

ROOT = Path(__file__).resolve().parents[2]


def bench(out: Path, *words: str, **environment: str) -> dict[str, Any]:
    """Run it as `./dispatch bench` does; give what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--out", str(out)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=230,
    )
    assert done.returncode == 0, done.stderr
    assert "met" in done.stdout or json.loads(done.stdout) == json.loads(out.read_text())
    written: dict[str, Any] = json.loads(out.read_text())
    return written


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_postfix_all_is_measured_but_the_ratio(tmp_path: Path) -> None:
    """The product sends into a sink of ours; the ratio is null and says why; the steps add up."""
    words = ("--people", "300", "--rounds", "1", "--only", "email_end_to_end", "--only", "steps")
    found = bench(tmp_path / "results.json", *words, "--json", POSTFIX_TOOLS=str(tmp_path))
    email = found["email_end_to_end"]
    assert email["ratio_to_smtp_source"] is None
    assert "apt install postfix" in email["reason"]
    assert email["messages_per_second"] > 0
    assert set(email["step_us"]) == set(steps.STEPS)
    assert sum(email["step_us"].values()) == pytest.approx(email["cpu_us_per_message"], abs=1.0)
    assert found["machine"]["servers"]["postgresql"]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_obvious_design_is_a_working_one(tmp_path: Path) -> None:
    """What ours is compared with sends every mail it is told to."""
    words = ("--people", "200", "--rounds", "1", "--only", "one_task_a_message")
    found = bench(tmp_path / "results.json", *words)["one_task_a_message"]
    assert found["ratio_to_one_task_a_message"] > 0
    assert found["messages"] == 10


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_single_parts_are_added_to_what_was_measured_before(tmp_path: Path) -> None:
    """A part run on its own stands beside earlier ones of the same size, reasons included."""
    out = tmp_path / "results.json"
    bench(out, "--quick", "--only", "smtp_client", POSTFIX_TOOLS=str(tmp_path))
    found = bench(out, "--quick", "--only", "decide")
    assert found["decide"]["us_per_person"] > 0
    assert "smtp-source is missing" in found["smtp_client"]["reason"]


@pytest.mark.parametrize("spot", steps.SPOTS, ids=[f"{s.module}.{s.name}" for s in steps.SPOTS])
def test_every_measured_step_is_where_the_table_says(spot: steps.Spot) -> None:
    """Whoever renames a function of the hot path hears of it here."""
    assert callable(getattr(steps.owner_of(spot), spot.name))


def test_parts_have_names_of_their_own() -> None:
    """No part writes over another one's figures."""
    assert len({part.name for part in PARTS}) == len(PARTS)
