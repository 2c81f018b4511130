"""Report: counts that agree with the deliveries, and show whoever is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dispatcher.domain.campaigns import CampaignState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Compared
from dispatcher.errors import NotFound
from dispatcher.services import campaigns
from dispatcher.services.report import report
from dispatcher.services.subscribe import Act, Desk, opt_out
from dispatcher.storage import clock
from tests.support.campaigns import FEW, checked
from tests.support.people import add_person, consent_to, desk_on

MORNING = datetime(2026, 12, 1, 10, tzinfo=UTC)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            ahead = MORNING.timestamp() - clock.now(conn)
            clock.set_ahead(conn, timedelta(seconds=ahead))
        yield desk


@pytest.fixture
def wave(desk: Desk) -> int:
    campaigns.approve(desk.database, checked(), "mia")
    return campaigns.enqueue(desk.database, "Coffee week", "mia", care=FEW).wave_id


def plan(desk: Desk, wave: int, people: int) -> None:
    """Plan so many people, as if for e-mail."""
    with desk.database.begin() as conn:
        conn.execute(
            text("""INSERT INTO audience (wave_id, shard, batch_no, customer_id)
                    SELECT :wave, 0, 0, n FROM generate_series(1, :people) n"""),
            {"wave": wave, "people": people},
        )
        conn.execute(text("UPDATE wave SET people = :people"), {"people": people})


def deliver(desk: Desk, wave: int, customer_id: int, state: str, reason: str = "ok") -> None:
    """Write one verdict, as settled in the morning for two parts."""
    with desk.database.begin() as conn:
        conn.execute(
            text("""INSERT INTO delivery (wave_id, customer_id, state, reason, channel, gateway,
                        batch_no, held_since, decided_at, parts, cost)
                    VALUES (:wave, :customer, :state, :reason, 'email', 'smtp', 0, :at, :at, 2,
                        0.02)"""),
            {
                "wave": wave,
                "customer": customer_id,
                "state": state,
                "reason": reason,
                "at": MORNING,
            },
        )


def test_a_report_counts_what_happened(desk: Desk, wave: int) -> None:
    """By state, reason and language; parts and cost only of what was handed over."""
    for customer_id, language in ((1, "en"), (2, "fr"), (3, "en"), (4, "en"), (5, "en")):
        add_person(
            desk, customer_id, email=f"p{customer_id}@x.example", phone="", language=language
        )
    plan(desk, wave, 5)
    deliver(desk, wave, 1, "accepted")
    deliver(desk, wave, 2, "accepted")
    deliver(desk, wave, 3, "unsure")
    deliver(desk, wave, 4, "skipped", "no_consent")
    deliver(desk, wave, 5, "deferred", "quiet_hours")
    told = report(desk.database, "Coffee week")
    assert told.by("state") == {"accepted": 2, "deferred": 1, "skipped": 1, "unsure": 1}
    assert told.by("reason") == {"ok": 3, "no_consent": 1, "quiet_hours": 1}
    assert told.by("language") == {"en": 4, "fr": 1}
    assert told.by("channel") == {"email": 5}
    assert (told.people, told.missing, told.open) == (5, 0, 1)
    assert (told.parts, told.cost) == (6, 0.06)


def test_whoever_has_no_verdict_yet_is_missing(desk: Desk, wave: int) -> None:
    """Planned minus decided, for each wave: it must come to nothing."""
    plan(desk, wave, 3)
    deliver(desk, wave, 1, "accepted")
    told = report(desk.database, "Coffee week")
    assert told.missing == 2
    assert [(part.wave_id, part.people, part.missing) for part in told.waves] == [(wave, 3, 2)]


def test_opt_outs_and_replies_of_those_it_reached_are_counted(desk: Desk, wave: int) -> None:
    """An answer within three days counts; later ones and those of others do not."""
    for customer_id in (1, 2, 3):
        add_person(desk, customer_id, email=f"p{customer_id}@x.example", phone="")
        consent_to(desk, channel=Channel.EMAIL, customer_id=customer_id)
    plan(desk, wave, 3)
    deliver(desk, wave, 1, "accepted")
    deliver(desk, wave, 2, "accepted")
    deliver(desk, wave, 3, "skipped", "holdout")
    for customer_id, days in ((1, 1), (2, 5), (3, 1)):
        when = MORNING + timedelta(days=days)
        opt_out(desk, Act(customer_id, Channel.EMAIL, when, topic="coffee"))
        reply(desk, customer_id, when)
    told = report(desk.database, "Coffee week")
    assert (told.opt_outs, told.replies, told.by_reply) == (1, 1, {"opt_out": 1})


def test_who_was_kept_back_stands_beside_who_got_it(desk: Desk, wave: int) -> None:
    """The same acts within the same three days, counted for both; one person counts once."""
    for customer_id in range(1, 7):
        add_person(desk, customer_id, email=f"p{customer_id}@x.example", phone="")
        consent_to(desk, channel=Channel.EMAIL, customer_id=customer_id)
        state, reason = ("accepted", "ok") if customer_id <= 4 else ("skipped", "holdout")
        deliver(desk, wave, customer_id, state, reason)
    deliver(desk, wave, 7, "skipped", "no_consent")
    plan(desk, wave, 7)
    for customer_id, days in ((1, 1), (2, 4), (5, 2)):
        when = MORNING + timedelta(days=days)
        opt_out(desk, Act(customer_id, Channel.EMAIL, when, topic="coffee"))
        opt_out(desk, Act(customer_id, Channel.EMAIL, when))
    reply(desk, 3, MORNING + timedelta(hours=1))
    told = report(desk.database, "Coffee week")
    assert told.compared == (Compared("wrote to us", 1, 4, 0, 2), Compared("left", 1, 4, 1, 2))


def test_where_nobody_was_kept_back_nothing_is_compared(desk: Desk, wave: int) -> None:
    """There is nobody to compare with."""
    plan(desk, wave, 1)
    deliver(desk, wave, 1, "accepted")
    assert report(desk.database, "Coffee week").compared == ()


def reply(desk: Desk, customer_id: int, when: datetime) -> None:
    with desk.database.begin() as conn:
        conn.execute(
            text("""INSERT INTO reply (dedup_key, gateway, channel, customer_id, digest, text,
                        label, received_at)
                    VALUES (:key, 'smtp', 'email', :customer, '', 'stop', 'opt_out', :at)"""),
            {"key": str(customer_id), "customer": customer_id, "at": when},
        )


def test_a_campaign_that_did_nothing_yet_has_an_empty_report(desk: Desk) -> None:
    """Approved but not enqueued: no waves, no people, nobody missing."""
    campaigns.approve(desk.database, checked(), "mia")
    told = report(desk.database, "Coffee week")
    assert (told.state, told.waves, told.people) == (CampaignState.APPROVED, (), 0)
    assert (told.missing, told.cost) == (0, 0)
    with pytest.raises(NotFound, match="there is no campaign"):
        report(desk.database, "Tea week")
