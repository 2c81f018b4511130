"""`dispatcher simulate`: says what was decided and whether anything was wrong."""

from __future__ import annotations

import pytest

from dispatcher.cli import simulate
from dispatcher.simulation.tally import Tally, Violation
from tests.cli.shell import Shell

FEW = ("--decisions", "600", "--seed", "3")


def test_it_tells_counts_and_that_nothing_is_wrong(bare_shell: Shell) -> None:
    """In words for people, without any database."""
    result = bare_shell("simulate", *FEW)
    assert result.code == 0, result.err
    assert "600 decisions on made-up people in 40 zones" in result.out
    assert "No violation" in result.out
    assert "quiet_hours" in result.out
    assert "Pacific/Chatham" in result.out


def test_programs_get_every_count(bare_shell: Shell) -> None:
    """The same in JSON: verdicts, reasons and zones add up."""
    told = bare_shell.done("simulate", *FEW)
    assert sum(told["verdicts"].values()) == told["decisions"] == 600
    assert sum(each["decisions"] for each in told["reasons"]) == 600
    assert sum(sum(counts.values()) for counts in told["zones"].values()) == 600
    assert (told["wrong"], told["violations"]) == (0, [])


def test_a_violation_is_told_and_ends_badly(
    bare_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has what is needed to meet it again, and the exit code is 1."""
    tally = Tally(decisions=1)
    tally.blame(Violation(3, 0, 1, "sent while closed", "send (ok)", "at", "who", "terms", "2|"))
    monkeypatch.setattr(simulate, "run", lambda *_: tally)
    result = bare_shell("simulate", *FEW)
    assert result.code == 1
    assert "sent while closed" in result.out
    assert "seed 3, part 0, decision 1" in result.out


def test_what_could_not_be_judged_does_not_pass(
    bare_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reason that the checker does not know is named."""
    tally = Tally(decisions=1)
    tally.unjudged["novel"] += 1
    monkeypatch.setattr(simulate, "run", lambda *_: tally)
    result = bare_shell("simulate", *FEW)
    assert result.code == 1
    assert "NOT JUDGED: 1 for the reason novel" in result.out
