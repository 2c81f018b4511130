"""The reference in docs/ says what the code says."""

from __future__ import annotations

from pathlib import Path

from dispatcher.cli.reference import pages, stale
from dispatcher.domain.decisions import Reason
from dispatcher.settings import GatewaySettings, Settings
from dispatcher.words import DEFAULT, speak

ROOT = Path(__file__).parents[2]


def test_no_page_is_out_of_date() -> None:
    """'./dispatch docs' writes the pages; what it would write is what is there."""
    assert list(stale(ROOT / "docs")) == []


def test_every_reason_has_a_meaning() -> None:
    """Whoever meets a reason finds a sentence on it."""
    page = pages()["reference/reasons.md"]
    for reason in Reason:
        assert f"| `{reason}` | {speak(DEFAULT)(f'reason.{reason}')} |" in page


def test_every_setting_is_described() -> None:
    """Each setting has its help, in the code and on the page."""
    page = pages()["reference/settings.md"]
    for model in (Settings, GatewaySettings):
        for name, info in model.model_fields.items():
            assert info.description, name
            assert info.description in page
