"""Promises of a sensitive topic: a consent to everything does not reach it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.messages import Channel
from dispatcher.services.explain import explain
from dispatcher.services.find import find
from dispatcher.services.foresee import foresee
from dispatcher.storage import campaigns, clock, reach
from tests.support.house import House

SENSITIVE = {"own_consent": True}
EVERYTHING = "UPDATE consent SET topic = '*' WHERE customer_id = ANY(:people) RETURNING 1"


@pytest.fixture
def people(house: House) -> list[int]:
    """Four people with consent by text message; the last two to everything, not to the topic."""
    found = house.people(4)
    house.query(EVERYTHING, people=found[2:])
    return found


def test_only_a_consent_of_its_own_reaches_it(house: House, people: list[int]) -> None:
    """Everybody else gets the verdict that they never agreed, and it replays."""
    house.campaign(policy=SENSITIVE)
    house.run()
    assert house.inbox() == people[:2]
    assert house.verdicts() == {("accepted", "ok"): 2, ("skipped", "no_consent"): 2}
    here = house.dispatcher
    with here.database.begin() as conn:
        told = explain(conn, find(conn, here.digests, str(people[3])), here.book)
    (decision,) = told.stories[-1].decisions
    assert (decision.reason, decision.agrees) == ("no_consent", True)


def test_any_other_topic_is_reached_as_ever(house: House, people: list[int]) -> None:
    """Who agreed to everything gets offers of every topic that is nobody's secret."""
    house.campaign()
    house.run()
    assert house.inbox() == people


def test_an_opt_out_of_everything_still_ends_it(house: House, people: list[int]) -> None:
    """That a consent to everything does not count does not mean that a "no" does not."""
    house.query(
        "INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, kind, since,"
        " promised) SELECT customer_id, channel, '*', 'opted_out', event_id, true, kind,"
        " since + interval '1 day', 0 FROM consent WHERE customer_id = :id RETURNING 1",
        id=people[0],
    )
    house.campaign(policy=SENSITIVE)
    house.run()
    assert house.inbox() == [people[1]]


def test_a_person_is_planned_for_the_channel_with_a_consent_of_its_own(
    house: House, people: list[int]
) -> None:
    """A channel that only everything was agreed to on is passed over for one that may be used."""
    house.also_by(Channel.EMAIL, [people[1], people[2]])
    house.campaign(policy=SENSITIVE, channels=(Channel.SMS, Channel.EMAIL))
    house.plan()
    planned = house.query("""
        SELECT channel, array_agg(customer_id ORDER BY customer_id)
        FROM audience JOIN batch USING (wave_id, shard, batch_no) GROUP BY channel""")
    assert dict(planned) == {"sms": [people[0], people[1], people[3]], "email": [people[2]]}
    house.send()
    assert house.inbox() == people[:3]


def test_who_moves_to_everything_meanwhile_is_not_written_to(
    house: House, people: list[int]
) -> None:
    """What counts is what holds when the message would go, not when the wave was planned."""
    house.campaign(policy=SENSITIVE)
    house.plan()
    house.query(EVERYTHING, people=people[:1])
    house.send()
    assert house.inbox() == [people[1]]


def test_it_is_counted_before_it_is_sent(house: House, people: list[int]) -> None:
    """Preview and the count of people who agreed say what will be."""
    campaign = house.campaign(policy=SENSITIVE)
    with house.dispatcher.database.begin() as conn:
        spec = campaigns.newest_version(conn, campaigns.find(conn, str(campaign))).spec
        open_ = replace(spec, policy=replace(spec.policy, own_consent=False))
        assert foresee(conn, spec, clock.now(conn)).by_reason() == {"no_consent": 2, "ok": 2}
        assert reach.people(conn, spec, 100) == 2
        assert reach.people(conn, open_, 100) == len(people)
    assert spec.audience == Audience("coffee")
