"""Nobody of a file is written to before the whole file is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.services import import_customers as journey
from dispatcher.services.import_customers import Order, Stage, import_customers
from tests.support.house import TUESDAY, House

PEOPLE = 35
HEAD = "email,topics,consent_at,consent_kind,consent_source,consent_wording"
PROOF = "coffee,2026-05-01,gdpr_consent,web form,I want offers by e-mail"
PLANNED = "SELECT count(*) FROM audience"


def test_a_campaign_planned_during_an_import_has_nobody_of_it_and_one_after_it_has_all(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is merged already is in the tables, and still in no audience."""
    monkeypatch.setattr(journey, "CHUNK", 10)
    path = tmp_path / "people.csv"
    path.write_text("\n".join((HEAD, *(f"p{n}@example.com,{PROOF}" for n in range(PEOPLE)))))
    seen: list[tuple[int, int]] = []

    def plan(stage: Stage, done: int, _total: int) -> None:
        if stage is Stage.MERGE:
            house.campaign(f"After {done} were merged", channels=[Channel.EMAIL])
            seen.append((len(house.query("SELECT FROM customer")), house.plan()))

    import_customers(
        house.dispatcher.desk, Order(path, tmp_path / "rejects.csv"), TUESDAY, progress=plan
    )
    assert max(there for there, _ in seen) == PEOPLE
    assert [planned for _, planned in seen] == [0] * 4
    assert house.query(PLANNED) == [0]
    house.campaign("After the import", channels=[Channel.EMAIL])
    assert house.plan() == PEOPLE
    house.send(Channel.EMAIL)
    assert house.verdicts() == {("accepted", "ok"): PEOPLE}
