"""The page about gateways says what the code does, today."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatcher.gateways.matrix import page
from dispatcher.gateways.registry import KINDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_about_gateways_is_up_to_date() -> None:
    """`python -m dispatcher.gateways.matrix > docs/gateways.md` would change nothing."""
    assert (DOCS / "gateways.md").read_text() == page()


@pytest.mark.parametrize("kind", KINDS)
def test_every_gateway_is_documented(kind: str) -> None:
    """Each kind has a section with its settings."""
    assert f"\n## {kind}\n" in page()


@pytest.mark.parametrize(
    "name", ["connect-a-provider.md", "connect-an-sms-gateway.md", "write-a-gateway.md"]
)
def test_the_page_leads_to_the_guides(name: str) -> None:
    """What the page links to is there."""
    assert (DOCS / "how-to" / name).is_file()
    assert f"how-to/{name}" in page()
