"""One person is one person, however many addresses they have: counted once, told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.services.foresee import foresee
from dispatcher.services.report import report
from dispatcher.services.serve import By, prefer
from dispatcher.services.subscribe import Act, leave
from dispatcher.storage import customers, wave_starts
from dispatcher.storage.campaigns import load_version
from tests.support.house import TUESDAY, House

BOTH = (Channel.EMAIL, Channel.SMS)
FREE: dict[str, Any] = {"caps": (), "min_gap_hours": 0.0}
BY_CHANNEL = "SELECT customer_id, channel FROM sandbox_message WHERE wave_id > 0 ORDER BY 1, 2"
PLANNED = """
    SELECT a.customer_id, b.channel FROM audience a JOIN batch b USING (wave_id, shard, batch_no)
    ORDER BY 1"""


def reachable_both_ways(house: House, count: int = 3) -> list[int]:
    """Add people who agreed to mail and to texts."""
    people = house.people(count)
    house.also_by(Channel.EMAIL, people)
    return people


def preferring(house: House, customer_id: int, channel: Channel | None) -> None:
    """Have somebody say how they want to be reached, at the counter."""
    with house.dispatcher.database.begin() as conn:
        person = customers.person(conn, customer_id)
    assert person is not None
    prefer(house.dispatcher.desk, person, channel, By("mia", TUESDAY))


def opt_out(house: House, customer_id: int, channel: Channel) -> None:
    """Take somebody off a channel by their own hand."""
    here = house.dispatcher
    with here.database.begin() as conn:
        leave(conn, here.desk, [Act(customer_id, channel, TUESDAY)])


def test_somebody_with_two_addresses_is_counted_once_and_told_once(house: House) -> None:
    """In the estimate, in the plan, in the inbox and in the report."""
    people = reachable_both_ways(house)
    campaign = house.campaign(channels=BOTH, policy=FREE)
    (version,) = house.query("SELECT version_id FROM wave")
    with house.dispatcher.database.begin() as conn:
        spec = load_version(conn, version).spec
        estimate = foresee(conn, spec, TUESDAY.timestamp())
    assert (estimate.audience, estimate.count()) == (3, 3)
    house.run()
    house.run()
    assert house.query(PLANNED) == [(each, "email") for each in people]
    assert house.inbox() == people
    told = report(house.dispatcher.database, str(campaign))
    assert (told.people, told.by("channel")) == (3, {"email": 3})


def test_the_preferred_channel_comes_before_the_campaigns_order(house: House) -> None:
    """Where there is an address and consent; elsewhere the campaign's order holds."""
    asked, silent, only_mail, cannot = reachable_both_ways(house, 3) + house.people(1, first=4)
    house.also_by(Channel.EMAIL, [cannot])
    preferring(house, asked, Channel.SMS)
    preferring(house, silent, None)
    preferring(house, cannot, Channel.SMS)
    opt_out(house, cannot, Channel.SMS)
    preferring(house, only_mail, Channel.EMAIL)
    house.campaign(channels=BOTH, policy=FREE)
    house.run()
    assert house.query(BY_CHANNEL) == [(1, "sms"), (2, "email"), (3, "email"), (4, "email")]


def test_a_preference_changed_while_somebody_waits_is_followed(house: House) -> None:
    """Whoever is woken is planned as on the first day."""
    (customer_id,) = reachable_both_ways(house, 1)
    tomorrow = TUESDAY + timedelta(hours=2)
    house.campaign(channels=BOTH, policy=FREE | {"starts_at": tomorrow.timestamp()})
    house.run()
    preferring(house, customer_id, Channel.SMS)
    house.jump(tomorrow)
    house.tidy()
    house.run()
    assert house.query(BY_CHANNEL) == [(customer_id, "sms")]


@pytest.mark.parametrize("lost", ["consent", "address"])
def test_who_can_no_longer_be_reached_as_planned_is_reached_the_other_way(
    house: House, lost: str
) -> None:
    """A mail is no longer allowed between plan and hand-over: the text is, and goes."""
    people = reachable_both_ways(house)
    house.campaign(channels=BOTH, policy=FREE)
    house.plan()
    if lost == "consent":
        opt_out(house, people[0], Channel.EMAIL)
    else:
        with house.dispatcher.database.begin() as conn:
            customers.mark_undeliverable(conn, people[0], Channel.EMAIL)
    house.send(Channel.EMAIL)
    assert house.verdicts() == {("accepted", "ok"): 2, ("deferred", "other_channel"): 1}
    house.finish()
    assert house.query(BY_CHANNEL) == [(1, "sms"), (2, "email"), (3, "email")]


def test_who_can_be_reached_no_way_gets_one_refusal(house: House) -> None:
    """Nobody is sent to and fro between channels that are both closed."""
    (customer_id,) = reachable_both_ways(house, 1)
    house.campaign(channels=BOTH, policy=FREE)
    house.plan()
    opt_out(house, customer_id, Channel.EMAIL)
    opt_out(house, customer_id, Channel.SMS)
    house.run()
    assert [state for state, _ in house.verdicts()] == ["skipped"]
    assert house.inbox() == []


def test_the_same_offer_does_not_follow_by_the_other_channel(house: House) -> None:
    """A second wave finds the person on another channel: it waits for two days, then goes."""
    (customer_id,) = reachable_both_ways(house, 1)
    campaign = house.campaign(channels=BOTH, policy=FREE)
    house.run()
    preferring(house, customer_id, Channel.SMS)
    (version,) = house.query("SELECT version_id FROM wave")
    with house.dispatcher.database.begin() as conn:
        wave_starts.start(conn, load_version(conn, version), "again")
    house.query("UPDATE campaign SET state = 'running' WHERE id = :id RETURNING 1", id=campaign)
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("deferred", "echo"): 1}
    house.jump(TUESDAY + timedelta(hours=48, minutes=10))
    house.tidy()
    house.run()
    assert house.query(BY_CHANNEL) == [(customer_id, "email"), (customer_id, "sms")]
