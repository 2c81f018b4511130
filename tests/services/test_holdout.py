"""Promises of the holdout nobody asked for: where it measures something it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.rendering import Links
from dispatcher.services import campaigns, holdout
from dispatcher.services.preview import preview
from dispatcher.services.subscribe import Desk
from dispatcher.services.validate import Workbench
from dispatcher.tokens import Tokens
from tests.support.campaigns import GATEWAYS, GOOD, checked
from tests.support.people import add_person, consent_to, desk_on, set_clock
from tests.support.rules import LAW

SILENT = GOOD.replace('holdout = "5 %"\n', "")
LINKS = Links(Tokens([b"a key only tests know"]), "https://x.example", "mail.x.example")
PEOPLE = 12


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            set_clock(conn, datetime(2026, 11, 20, tzinfo=UTC))
        for number in range(1, PEOPLE + 1):
            add_person(desk, number, email=f"p{number}@x.example", phone="", language="en")
            consent_to(desk, channel=Channel.EMAIL, customer_id=number)
        yield desk


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those who are there be as many as it takes."""
    monkeypatch.setattr(holdout, "LEAST_PEOPLE", PEOPLE)


def approved(desk: Desk, text: str) -> int:
    return campaigns.approve(desk.database, checked(text), "mia").version.spec.policy.holdout


def notices(desk: Desk, text: str) -> tuple[str, ...]:
    bench = Workbench([], GATEWAYS)
    return preview(desk.database, checked(text), bench, LINKS, LAW).notices


@pytest.mark.usefixtures("many")
def test_of_many_people_a_twentieth_is_kept_back(desk: Desk) -> None:
    """When the file says nothing; the approved version says how many, and so does the preview."""
    assert "5 % are kept back" in " ".join(notices(desk, SILENT))
    assert approved(desk, SILENT) == 500


def test_of_few_people_nobody_is_kept_back(desk: Desk) -> None:
    """It would measure nothing."""
    assert "fewer than 2,000 people" in " ".join(notices(desk, SILENT))
    assert approved(desk, SILENT) == 0


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("written", "kept"), [("0", 0), ('"0 %"', 0), ('"2.5 %"', 250)])
def test_a_marketer_has_the_last_word(desk: Desk, written: str, kept: int) -> None:
    """Whoever keeps nobody back is told that silence cannot win then."""
    file = GOOD.replace('"5 %"', written)
    assert approved(desk, file) == kept
    assert any("silence cannot win" in told for told in notices(desk, file)) is (kept == 0)


def test_an_unchanged_file_keeps_what_was_settled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second approval is of the same version, though the audience has grown meanwhile."""
    first = campaigns.approve(desk.database, checked(SILENT), "mia")
    monkeypatch.setattr(holdout, "LEAST_PEOPLE", PEOPLE)
    second = campaigns.approve(desk.database, checked(SILENT), "ben")
    assert (second.version.id, second.new) == (first.version.id, False)
    other = campaigns.approve(desk.database, checked(SILENT.replace("bags", "tins")), "ben")
    assert (other.new, other.version.spec.policy.holdout) == (True, 500)


def test_a_twentieth_of_the_least_audience_can_be_compared() -> None:
    """A hundred people kept back: the least that anything is judged by."""
    assert holdout.LEAST_PEOPLE * holdout.USUAL // 10_000 == 100
