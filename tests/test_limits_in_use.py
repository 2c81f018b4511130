"""What is set is what holds: each limit in the settings becomes a pace, and slips are told."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from dispatcher import settings
from dispatcher.domain.messages import Channel
from dispatcher.domain.throttles import PACIFIC, WARM_UP, Pace, Paces
from dispatcher.errors import ConfigError
from dispatcher.limits_in_use import pace_of, paces
from dispatcher.settings import PaceSettings, Settings
from tests.docs.pages import DOCS, Block, page

GUIDE = page(DOCS / "how-to" / "limit-the-rate.md")
SHOWN = [each for each in GUIDE.blocks if each.language == "toml"]


def limits(**told: Any) -> Paces:
    """Give what holds with these tables below [limits]."""
    return paces(settings.only(limits=told))


@pytest.mark.parametrize("block", SHOWN, ids=[f"line {each.line}" for each in SHOWN])
def test_settings_of_the_guide_to_limits_are_right(block: Block) -> None:
    """A table copied from the guide is a limit that holds."""
    read: Settings = settings.only(**tomllib.loads(block.text))
    held = [*paces(read).every().values(), *(pace_of(each) for each in read.gateways.values())]
    assert held
    assert all(held)


def test_without_limits_nothing_is_limited() -> None:
    """Nothing has to be set."""
    assert paces(settings.only()) == Paces()
    assert not pace_of(PaceSettings())


def test_of_two_rates_the_slower_one_holds() -> None:
    """Thirty a minute is half a second's one."""
    assert pace_of(PaceSettings(per_second=1.0, per_minute=30.0)).per_second == 0.5


def test_the_days_of_american_numbers_begin_in_california() -> None:
    """Unless another zone is named; all others' begin in UTC."""
    told = {name: {"per_day": 1} for name in ("+15550100", "+447700900100", "Northwind")}
    zones = {name: pace.zone for name, pace in limits(senders=told).senders.items()}
    assert zones == {"+15550100": PACIFIC, "+447700900100": "UTC", "Northwind": "UTC"}
    own = {"+15550100": {"per_day": 1, "day_starts_in": "America/New_York"}}
    assert limits(senders=own).senders["+15550100"].zone == "America/New_York"


@pytest.mark.parametrize(
    ("score", "parts"), [(0, 2_000), (24, 2_000), (25, 10_000), (68, 40_000), (100, 200_000)]
)
def test_a_vetting_score_is_a_budget_for_american_numbers(score: int, parts: int) -> None:
    """It holds for texts alone, and begins at midnight in California."""
    found = limits(brands={"northwind": {"vetting_score": score}})
    marks, held = found.apart(Channel.SMS, "northwind")
    assert held == {marks["+1"]: Pace(per_day=parts, zone=PACIFIC)}
    assert found.apart(Channel.EMAIL, "northwind") == ({}, {})
    assert found.apart(Channel.SMS, "another") == ({}, {})


def test_a_known_provider_is_all_of_its_domains() -> None:
    """Its own countries and older names among them."""
    marks, held = limits(domains={"gmail": {"per_second": 5.0}}).apart(Channel.EMAIL, "any")
    assert marks == {"gmail.com": "domain:gmail", "googlemail.com": "domain:gmail"}
    assert held == {"domain:gmail": Pace(5.0)}


def test_a_group_without_a_limit_costs_nothing() -> None:
    """Nobody is looked up who has nothing to wait for."""
    assert limits(domains={"gmail": {}}).apart(Channel.EMAIL, "any") == ({}, {})


def test_a_domain_stands_in_one_group_only() -> None:
    """Else nobody could say which limit is its own."""
    told = {"gmail": {"per_day": 1}, "others": {"per_day": 1, "domains": ["GMail.com"]}}
    with pytest.raises(ConfigError, match="GMail\\.com stands in gmail"):
        limits(domains=told)


def test_a_warm_up_without_a_plan_has_the_usual_one() -> None:
    """A date is enough."""
    pace = pace_of(PaceSettings(warm_up=date(2026, 12, 1)))
    assert pace.plan == WARM_UP


@pytest.mark.parametrize(
    "told",
    [
        {"senders": {"x": {"per_second": -1}}},
        {"senders": {"x": {"per_hour": 10}}},
        {"senders": {"x": {"day_starts_in": "Mars/Olympus"}}},
        {"senders": {"x": {"warm_up": "soon"}}},
        {"brands": {"x": {"vetting_score": 101}}},
        {"domain": {}},
    ],
)
def test_a_slip_in_a_limit_is_told(told: dict[str, Any]) -> None:
    """A limit that was meant and does not hold would be worse than none."""
    with pytest.raises(ConfigError, match="limits"):
        settings.load(limits=told)
