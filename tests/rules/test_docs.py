"""Promises of docs/rules.md: every rule and every reason is explained there."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatcher.domain.decisions import Reason
from dispatcher.rules.book import ORDER

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [rule.name for rule in ORDER])
def test_every_rule_has_its_section(name: str) -> None:
    """A rule's section says what it asks, gives an example and its source."""
    title = "## " + name.replace("_", " ").capitalize() + "\n"
    assert title in PAGE
    section = PAGE.split(title)[1].split("\n## ")[0]
    for part in ("**Asks:**", "**Reasons:**", "**Example:**", "**Source:**"):
        assert part in section


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    """A reason people see can be looked up."""
    assert f"| `{reason}` |" in PAGE


def test_the_rules_stand_in_the_order_in_which_they_are_asked() -> None:
    """Reading down the page is following a decision."""
    titles = [line[3:] for line in PAGE.splitlines() if line.startswith("## ")]
    rules = [rule.name.replace("_", " ").capitalize() for rule in ORDER]
    assert [title for title in titles if title in rules] == rules
