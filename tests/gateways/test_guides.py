"""What the guides about gateways show works as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dispatcher.gateways.registry import Supplies, build

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
CONNECT = (GUIDES / "connect-an-sms-gateway.md").read_text()
TABLES = [tomllib.loads(each) for each in re.findall(r"```toml\n(.*?)```", CONNECT, re.DOTALL)]
WHOLE = [table["gateways"] for table in TABLES if "gateways" in table]
PARTS = [table for table in TABLES if "gateways" not in table]


@pytest.mark.parametrize("gateways", WHOLE)
def test_gateways_of_the_guide_can_be_built(gateways: dict[str, Any]) -> None:
    """A table copied from the guide is a gateway."""
    for name, settings in gateways.items():
        kind = settings.pop("kind")
        assert build(name, kind, settings).kind == kind


@pytest.mark.parametrize("part", PARTS)
def test_further_settings_of_the_guide_fit_its_first_gateway(part: dict[str, Any]) -> None:
    """What the guide adds step by step is understood."""
    [first] = tomllib.loads(CONNECT.split("```toml\n")[1].split("```")[0])["gateways"].values()
    secret = {"callback_auth": "token", "callback_secret": "at least sixteen characters"}
    options = {k: v for k, v in first.items() if k != "kind"} | secret | part
    assert build("acme", "http_sms", options).limits.replies


def test_providers_of_the_guide_can_be_built() -> None:
    """Each table of the page about providers is a gateway, and none of them is ours already."""
    page = (GUIDES / "connect-a-provider.md").read_text()
    tables = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    for gateways in (tomllib.loads(each)["gateways"] for each in tables):
        for name, settings in gateways.items():
            kind = settings.pop("kind")
            assert build(name, kind, settings).kind == kind


def test_the_operator_of_the_guide_can_be_connected() -> None:
    """Every table of the guide to SMPP fits its first gateway."""
    guide = (GUIDES / "connect-an-operator-by-smpp.md").read_text()
    first, *more = [tomllib.loads(x) for x in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)]
    [operator] = first["gateways"].values()
    of_all_gateways = ("kind", "price", "per_second")
    options = {k: v for k, v in operator.items() if k not in of_all_gateways}

    async def hear(_: object) -> None: ...

    assert len(more) == 5
    for part in more:
        built = build("operator", "smpp", options | part, Supplies(hear=hear))
        assert built.limits.in_flight == 10
