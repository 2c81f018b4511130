"""What is found about the rule data: its age, and overrides that ended, end soon or open more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from dispatcher.cli.rule_findings import check, rule_data, rule_overrides
from dispatcher.domain.findings import Level
from dispatcher.rules.jurisdictions import FRESH_DAYS, Calendar
from dispatcher.rules.override_file import parse
from dispatcher.services.jurisdictions import shipped
from tests.rules.override_texts import SIGNED, entry, week

BASE = shipped()
LAST = BASE.as_of + timedelta(days=FRESH_DAYS)
TODAY = date(2027, 1, 15)
SHORT = week("10:00-18:00", sun="", holiday="[]")


def told(text: str) -> list[tuple[str, str]]:
    """Give level and words of all that is found about a file of overrides."""
    found = list(rule_overrides(BASE, parse(text.encode(), "hours.toml", BASE), TODAY))
    assert all(each.remedy for each in found if each.level is not Level.OK)
    return [(each.level, each.told) for each in found]


def test_rule_data_that_is_too_old_fails() -> None:
    """On the 181st day after the data was put together doctor says what to do."""
    assert rule_data(BASE, LAST).level is Level.OK
    found = rule_data(BASE, LAST + timedelta(days=1))
    assert (found.level, found.remedy) == (Level.FAIL, "verify it and ship a newer one")


def test_a_calendar_nobody_knows_is_told() -> None:
    """Its holidays would count as weekdays: a warning that names it."""
    lost = replace(BASE.entries["FR"], calendar=Calendar("ZZ"))
    found = rule_data(replace(BASE, entries={**BASE.entries, "FR": lost}), BASE.as_of)
    assert found.level is Level.WARN
    assert "ZZ" in found.told


def test_data_that_is_too_old_is_not_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    """The checks that come before a release fail from that day on, and `./dispatch check` asks."""
    assert check(LAST) == 0
    assert check(LAST + timedelta(days=1)) == 1
    assert f"{FRESH_DAYS + 1} days old" in capsys.readouterr().out
    launcher = Path(__file__).parents[2] / "dispatch"
    assert '["-m", "dispatcher.cli.rule_findings"]' in launcher.read_text("utf-8")


def test_an_override_that_has_ended_is_pointed_out() -> None:
    """From the day on which it holds no longer."""
    assert told(entry(windows=SHORT, until="2027-01-15"))[1] == (
        *("warn", "override 1 (ES, all brands, until 2027-01-15) has ended"),
    )


def test_an_override_that_ends_within_two_weeks_is_pointed_out() -> None:
    """So that nobody is taken by surprise."""
    assert told(entry(windows=SHORT, until="2027-01-29"))[1][1].endswith("ends soon")
    assert [level for level, _ in told(entry(windows=SHORT, until="2027-01-30"))] == ["ok"]
    assert [level for level, _ in told(entry(windows=SHORT))] == ["ok"]


def test_an_override_that_opens_more_is_not_forgotten() -> None:
    """It is told as long as it stands, with who decided it and why."""
    wide = entry("DE", windows=week("08:00-22:00"), **SIGNED)
    [_, (level, words)] = told(wide)
    assert level == "warn"
    assert "opens more than the rule data: windows. By Ana (tenant): the lawyers agree." in words
    assert len(told(wide.replace("[[override]]", "[[override]]\nuntil = 2027-01-20"))) == 3
    assert (
        "has ended" in told(wide.replace("[[override]]", "[[override]]\nuntil = 2027-01-01"))[1][1]
    )
