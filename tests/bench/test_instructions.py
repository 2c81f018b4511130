"""The pure core needs no more instructions than its budget allows."""

from __future__ import annotations

import shutil
import warnings

import pytest

from bench import instructions
from bench.instruction_workloads import WORKLOADS
from tests.support.requirements import require

BUDGET = {"yardstick": 1000, "decide": 10_000, "gate": 2_000}


@pytest.mark.slow
@pytest.mark.timeout(600)  # minutes where many tests share the processors
def test_each_step_stays_within_its_budget() -> None:
    """Five percent more is a slowdown to be looked into; ten less, a budget to be lowered."""
    if reason := instructions.no_reason_to_count():
        pytest.skip(reason)
    require(shutil.which("valgrind"), "valgrind", "count instructions", "apt install valgrind")
    counted, budget = instructions.count(), instructions.budgets()[instructions.kind()]
    if reason := instructions.other_build(counted, budget):
        pytest.skip(reason)
    above, below = instructions.judge(counted, budget)
    for told in below:
        warnings.warn(f"python -m bench.instructions --update; {told}", stacklevel=1)
    assert not above, "\n".join(above)


def test_a_step_above_its_budget_is_told_with_how_much() -> None:
    """And one that is a little above is not: counts have a little noise."""
    judged = instructions.judge({**BUDGET, "decide": 10_600, "gate": 2_050}, BUDGET)
    assert judged.above == ["decide: 10,600 instructions a person, 6.0% above the budget of 10,000"]
    assert judged.below == []


def test_a_step_that_became_much_cheaper_asks_for_a_lower_budget() -> None:
    """Else it could become dearer again unnoticed."""
    judged = instructions.judge({**BUDGET, "gate": 1_500}, BUDGET)
    assert judged.below == ["gate: 1,500 instructions a message, 25.0% below the budget of 2,000"]
    assert judged.above == []


def test_a_new_step_needs_a_budget() -> None:
    """Nothing is counted for nothing."""
    (told,) = instructions.judge({**BUDGET, "render": 5}, BUDGET).above
    assert told == "render: 5 instructions, and no budget yet"


def test_counts_of_another_build_of_python_are_not_judged() -> None:
    """A plain loop tells builds apart."""
    assert instructions.other_build({"yardstick": 1_010}, BUDGET) == ""
    assert "1,300 instructions a turn" in instructions.other_build({"yardstick": 1_300}, BUDGET)


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_workload_works_without_valgrind_too(name: str) -> None:
    """What is counted does its work, and does it to the end."""
    WORKLOADS[name].make(3)()
