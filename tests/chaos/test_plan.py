"""A run of chaos is drawn from its seed, and covers every crash point that is documented."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.chaos import WORK_SECONDS
from bench.chaos_cuts import CUTS
from bench.chaos_faults import FAULTS
from bench.chaos_plan import Plan
from bench.chaos_points import ANY_MOMENT, POINTS
from bench.chaos_worker import OVERTIME

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/crash-points.md"


def test_the_same_seed_draws_the_same_run() -> None:
    """And another seed another one."""
    plan, same, other = (Plan(20_000, 200, seed) for seed in (1, 1, 2))
    assert (plan.dooms(), plan.outside()) == (same.dooms(), same.outside())
    assert plan.dooms() != other.dooms()
    assert plan.outside() != other.outside()


@pytest.mark.parametrize("seed", range(5))
def test_a_full_run_aims_at_everything_several_times(seed: int) -> None:
    """Each point, each cut and each fault."""
    plan = Plan(20_000, 200, seed)
    dooms = plan.dooms()
    assert plan.full
    assert len(dooms) == 200
    points, cuts = Counter(doom["point"] for doom in dooms), Counter(doom["cut"] for doom in dooms)
    assert min(points[each] for each in (*POINTS, ANY_MOMENT)) >= 5
    assert min(cuts[each] for each in CUTS) >= 2
    assert set(Counter(name for _, name in plan.outside()).values()) == {2}


@pytest.mark.parametrize("seed", range(5))
def test_who_is_to_lose_a_hand_back_lives_to_see_one(seed: int) -> None:
    """A process hands back when it has worked its time, and begins some seconds after its birth."""
    worked = WORK_SECONDS + OVERTIME
    ends = [doom for doom in Plan(20_000, 200, seed).dooms() if "hand-back:" in str(doom["cut"])]
    assert ends
    for doom in ends:
        assert doom["passing"] == 1
        assert float(str(doom["patience"])) >= 2 * worked + 2


def test_what_was_not_met_gets_another_turn() -> None:
    """Points and cuts alike; a point is met by dying there, a cut by losing the connection."""
    missing = ["inside reaping", next(iter(CUTS))]
    death, cut = Plan(20_000, 200, 1).spare(missing, 0)
    assert (death["point"], death["cut"]) == ("inside reaping", "")
    assert (cut["point"], cut["cut"]) == (ANY_MOMENT, missing[1])


def test_every_point_names_code_that_is_there() -> None:
    """A function that was renamed would otherwise never be met."""
    places = [(point.owner, point.name) for point in POINTS.values()]
    places += [(cut.owner, cut.names) for cut in CUTS.values()]
    missing = [
        (owner, n) for owner, names in places for n in names.split() if not hasattr(owner, n)
    ]
    assert not missing


def test_every_point_cut_and_fault_is_documented() -> None:
    """By the name under which the report counts it."""
    page = " ".join(PAGE.read_text("utf-8").split())
    names = [*POINTS, *(fault.words for fault in FAULTS.values())]
    for cut in CUTS:
        names += cut.removeprefix("connection cut ").split(": ")
    assert not [name for name in names if name not in page]
