"""Care: few people are not singled out, and many are not written to by one person alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from dispatcher.campaign_files.fact_file import read as read_facts
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.messages import Channel
from dispatcher.errors import CampaignErrors, Conflict
from dispatcher.services import campaigns
from dispatcher.services.care import Care
from dispatcher.services.subscribe import Desk
from tests.support.campaigns import FEW, GOOD, checked
from tests.support.people import add_person, consent_to, desk_on, set_clock

OWNED = GOOD.replace("[brand]", 'owner = "mia"\n\n[brand]')
MANY = Care(smallest_audience=0, four_eyes_over=2)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            set_clock(conn, datetime(2026, 11, 20, tzinfo=UTC))
        for customer_id in (1, 2, 3, 4):
            add_person(
                desk, customer_id, email=f"p{customer_id}@x.example", phone="", language="en"
            )
        for customer_id in (1, 2, 3):
            consent_to(desk, channel=Channel.EMAIL, customer_id=customer_id)
        yield desk


def enqueue(desk: Desk, actor: str, care: Care, reason: str = "") -> campaigns.Enqueued:
    return campaigns.enqueue(desk.database, "Coffee week", actor, care=care, small_audience=reason)


def trail(desk: Desk, action: str) -> list[tuple[str, dict[str, object]]]:
    with desk.database.begin() as conn:
        rows = conn.execute(
            text("SELECT actor, detail FROM audit WHERE action = :action ORDER BY id"),
            {"action": action},
        )
        return [(row.actor, row.detail) for row in rows]


def test_few_people_need_a_reason(desk: Desk) -> None:
    """Those who agreed count; the refusal says how many they are and what to do."""
    campaigns.approve(desk.database, checked(), "mia")
    with pytest.raises(Conflict, match="would go to fewer than 4 people") as refused:
        enqueue(desk, "mia", Care(smallest_audience=4))
    assert "--small-audience REASON" in str(refused.value)
    assert trail(desk, "enqueue") == []
    assert enqueue(desk, "mia", Care(smallest_audience=3)).new


def test_the_reason_is_kept(desk: Desk) -> None:
    """Who overrode it, for how many people, and why."""
    campaigns.approve(desk.database, checked(), "mia")
    assert enqueue(desk, "mia", Care(), " the jury of our tasting ").new
    ((actor, detail),) = trail(desk, "enqueue")
    assert (actor, detail["people"]) == ("mia", 3)
    assert detail["small_audience"] == "the jury of our tasting"


def test_blank_is_no_reason(desk: Desk) -> None:
    """White space does not override anything."""
    campaigns.approve(desk.database, checked(), "mia")
    with pytest.raises(Conflict, match="would go to fewer"):
        enqueue(desk, "mia", Care(), "  ")


def test_many_people_need_four_eyes(desk: Desk) -> None:
    """Somebody approves who neither owns nor enqueues; a second approval counts."""
    campaigns.approve(desk.database, checked(OWNED), "mia")
    with pytest.raises(Conflict, match="more than 2 people, so somebody must approve it who"):
        enqueue(desk, "mia", MANY)
    campaigns.approve(desk.database, checked(OWNED), "mia")
    with pytest.raises(Conflict, match="approved by mia"):
        enqueue(desk, "ben", MANY)
    assert not campaigns.approve(desk.database, checked(OWNED), "ben").new
    with pytest.raises(Conflict, match=r"nor enqueues it \(ben\)"):
        enqueue(desk, "ben", MANY)
    assert enqueue(desk, "mia", MANY).new
    assert [actor for actor, _ in trail(desk, "second")] == ["ben"]


def test_an_approval_is_of_one_version(desk: Desk) -> None:
    """Whoever approved the old words has not approved the new ones."""
    campaigns.approve(desk.database, checked(OWNED), "ben")
    campaigns.approve(desk.database, checked(OWNED.replace("bags", "tins")), "mia")
    with pytest.raises(Conflict, match="somebody must approve it"):
        enqueue(desk, "mia", MANY)


def test_many_people_need_an_owner(desk: Desk) -> None:
    """Nobody is written to in such numbers without somebody to answer for it."""
    campaigns.approve(desk.database, checked(), "ben")
    with pytest.raises(Conflict, match=r"write owner in \[campaign\]"):
        enqueue(desk, "mia", MANY)


def test_not_many_people_need_one_person(desk: Desk) -> None:
    """Below the limit whoever approves may enqueue."""
    campaigns.approve(desk.database, checked(), "mia")
    assert enqueue(desk, "mia", Care(smallest_audience=0, four_eyes_over=3)).new


def test_what_may_no_longer_be_said_is_not_enqueued(desk: Desk) -> None:
    """A condition that has since been declared sensitive stops the approved version."""
    file = GOOD.replace("[policy]", '[audience.attributes]\ncluster = "a"\n\n[policy]')
    campaigns.approve(desk.database, checked(file), "mia")
    facts = b'[facts.cluster]\nsource = "declared"\npurpose = "p"\nsensitive = true\ntopic = "tea"'
    known: KnownFacts = read_facts(facts, "facts.toml")
    with pytest.raises(CampaignErrors, match='"cluster" is sensitive'):
        enqueue(desk, "mia", Care(known, smallest_audience=0))
    assert enqueue(desk, "mia", FEW).new


def test_a_topic_declared_sensitive_since_needs_a_new_approval(desk: Desk) -> None:
    """The approved version would reach who agreed to everything; the next one does not."""
    campaigns.approve(desk.database, checked(), "mia")
    known = read_facts(b'[topics.coffee]\ncovers = ["health"]', "facts.toml")
    with pytest.raises(Conflict, match='before its topic "coffee" was declared sensitive'):
        enqueue(desk, "mia", Care(known, smallest_audience=0))
    file = checked()
    spec = replace(file.file.spec, policy=replace(file.file.spec.policy, own_consent=True))
    again = replace(file, file=replace(file.file, spec=spec))
    assert campaigns.approve(desk.database, again, "mia").new
    assert enqueue(desk, "mia", Care(known, smallest_audience=0)).new


def test_what_was_told_to_end_is_not_prolonged(desk: Desk) -> None:
    """Seven days must pass before an offer that people were told would end comes back."""
    urgent = GOOD.replace("Two bags for one", "7 days left")
    later = GOOD.replace("ends = 2026-12-08", "ends = 2026-12-12")
    campaigns.approve(desk.database, checked(urgent), "mia")
    campaigns.approve(desk.database, checked(later), "mia")  # nobody was told anything yet
    campaigns.approve(desk.database, checked(urgent.replace("Coffee week", "Tea week")), "mia")
    campaigns.enqueue(desk.database, "Tea week", "mia", care=FEW)
    with pytest.raises(Conflict, match='version 1 told people "7 days left"'):
        campaigns.approve(desk.database, checked(later.replace("Coffee week", "Tea week")), "mia")
    rested = later.replace("2026-12-01T09", "2026-12-15T00").replace("2026-12-12", "2026-12-20")
    again = campaigns.approve(
        desk.database, checked(rested.replace("Coffee week", "Tea week")), "mia"
    )
    assert again.version.no == 2
