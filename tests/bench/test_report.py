"""The tables of the page are what the results say, and what people wrote around them stays."""

from __future__ import annotations

import json

import pytest

from bench.bars import BARS, Bar, Met
from bench.report import BEGIN, END, PAGE, RESULTS, on_page, rows

RATIO = Bar("ratio", ("email.ratio",), 0.45, 0.9)
COST = Bar("cost", ("email.us", "other.us"), 220, 110, at_most=True)


@pytest.mark.parametrize(
    ("value", "met"), [(0.95, Met.AIM), (0.9, Met.AIM), (0.5, Met.BAR), (0.44, Met.NO)]
)
def test_a_ratio_is_held_to_bar_and_aim(value: float, met: Met) -> None:
    """What reaches the aim has met it, what reaches the bar has met that."""
    assert RATIO.met({"email": {"ratio": value}}) is met


@pytest.mark.parametrize(("value", "met"), [(100, Met.AIM), (220, Met.BAR), (221, Met.NO)])
def test_a_cost_is_held_to_the_worst_of_its_figures(value: float, met: Met) -> None:
    """A good figure elsewhere does not hide a bad one."""
    assert COST.met({"email": {"us": 10}, "other": {"us": value}}) is met


def test_what_was_not_measured_says_why() -> None:
    """The reason stands where the verdict would."""
    results = {"email": {"ratio": None, "reason": "smtp-source is missing"}}
    assert RATIO.met(results) is Met.UNKNOWN
    assert RATIO.reason(results) == "smtp-source is missing"
    assert RATIO.reason({}) == "not run"


def test_there_is_a_line_for_every_measure() -> None:
    """An empty run still has the whole table; a small one does not speak of a million people."""
    assert len(rows({})) == len(BARS)
    titles = [row[0] for row in rows({"sizes": {"largest": 5_000}})]
    assert "plan 5,000 people" in titles
    assert "cost a message, 5,000 people / 50" in titles


def test_the_page_shows_the_results() -> None:
    """The page's tables are those of bench/results.json; `python -m bench.report` makes them."""
    page = PAGE.read_text("utf-8")
    assert on_page(page, json.loads(RESULTS.read_text("utf-8"))) == page


def test_prose_around_the_tables_stays() -> None:
    """Only what is between the markers is written anew."""
    results = json.loads(RESULTS.read_text("utf-8"))
    page = on_page(f"Before\n{BEGIN}\nan earlier table\n{END}\nAfter\n", results)
    assert page.startswith("Before\n")
    assert page.endswith("\nAfter\n")
    assert "an earlier table" not in page
