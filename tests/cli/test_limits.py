"""`dispatcher limits`: an operator sees what is set, what is used and when the next may go."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell

LIMITS = '{"senders": {"Northwind": {"per_day": 500}}, "domains": {"gmail": {"per_second": 20}}}'


def test_without_limits_it_says_so(shell: Shell) -> None:
    """Nobody has to wonder whether an empty table is a fault."""
    assert shell.done("limits") == {"limits": []}
    assert shell("limits").out.strip() == "No limit is set."


def test_each_limit_that_is_set_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its budget of today and what is left of it."""
    monkeypatch.setenv("DISPATCHER_LIMITS", LIMITS)
    rows = {row["key"]: row for row in shell.done("limits")["limits"]}
    assert set(rows) == {"sender:Northwind", "domain:gmail"}
    assert (rows["sender:Northwind"]["left"], rows["sender:Northwind"]["free_at"]) == (500, None)
    assert rows["domain:gmail"]["per_second"] == 20
    assert "sender:Northwind" in shell("limits").out
