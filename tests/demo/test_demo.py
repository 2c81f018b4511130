"""The demo as a stranger runs it: its story, its end, and that nothing stays behind."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.demo.runs import COUNTS, Demo
from tests.support.patience import eventually


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_it_tells_its_story_and_ends_by_itself(tmp_path: Path) -> None:
    """Without a terminal: at any hour and in any zone the same counts, last; exit code 0."""
    (tmp_path / "dispatcher.toml").write_text("safe_mode = false\nnonsense = 1\n")
    (tmp_path / "workers.py").write_text("raise SystemExit('not yours')\n")
    demo = Demo.start(
        tmp_path, CI="1", TZ="Pacific/Auckland", LC_ALL="C", DATABASE_URL="postgresql://nowhere/x"
    )
    assert demo.process.wait(150) == 0, demo.complained
    took = time.monotonic() - demo.begun
    assert demo.said.splitlines()[-len(COUNTS) :] == [
        f"{word:<11} {people:>4}" for word, people in COUNTS.items()
    ]
    assert "SELECT state, reason, count(*) FROM delivery" in demo.said
    assert "Northwind Coffee: You're unsubscribed" in demo.said
    assert "skipped, suppressed (opted_out), by the rule suppression" in demo.said
    assert _wrote(demo) == [
        "JOIN",
        "YES",
        "coffee",
        "espresso",
        "TOPICS",
        "1 and 2",
        "MORE",
        "STOP",
    ]
    assert demo.complained == ""
    assert took < 90
    assert demo.leftovers() == []


def _wrote(demo: Demo) -> list[str]:
    """Give what the guest texts, as the demo tells it; each was answered, or it had failed."""
    told = (line.strip() for line in demo.said.splitlines() if line.startswith("  Mia "))
    return [" ".join(line.split()[1:]) for line in told if not line.startswith("Mia reads")]


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_whoever_stops_it_half_way_finds_nothing_left(tmp_path: Path) -> None:
    """Ctrl-C ends it quietly, even pressed twice; no process, no folder.

    Whoever presses twice does not wait for the guards, which see the rest to its end.
    """
    demo = Demo.start(tmp_path)
    assert eventually(lambda: "is enqueued" in demo.said, 60), demo.complained
    demo.process.send_signal(signal.SIGINT)
    assert demo.end(signal.SIGINT) == 130
    assert demo.complained == ""
    assert eventually(lambda: not demo.leftovers(), 30), demo.leftovers()
