"""Promises of the rule echo."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.customers import Contact
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.rules.decide import decide
from dispatcher.rules.echo import echo
from dispatcher.rules.replay import replay
from tests.rules.people import HOUR, NOON, contact, person, policy
from tests.support.rules import BOOK

THIS, ANOTHER = 1, 2


def mail(ago: float, **changes: Any) -> Contact:
    """Make a mail of this campaign, sent `ago` hours before noon."""
    return contact(ago, Channel.EMAIL)._replace(campaign_id=THIS)._replace(**changes)


def test_the_same_offer_does_not_come_again_by_another_way() -> None:
    """A mail ten hours ago: no text with the same offer for 38 hours more."""
    ruling = echo(person(contacts=(mail(10),)), policy(), NOON)
    detail = "48 h after the same offer by email"
    assert ruling == Ruling(Verdict.DEFER, Reason.ECHO, NOON + 38 * HOUR, detail)


def test_two_campaigns_of_a_brand_with_one_code_are_one_offer() -> None:
    """Whoever writes a campaign for each channel does not get round it."""
    coded = policy(offer_code="WEEK26")
    twin = mail(10, campaign_id=ANOTHER, offer_code="WEEK26")
    assert echo(person(contacts=(twin,)), coded, NOON) is not None
    assert echo(person(contacts=(twin._replace(brand="theatre"),)), coded, NOON) is None
    assert echo(person(contacts=(twin,)), policy(), NOON) is None


@pytest.mark.parametrize(
    "heard",
    [
        mail(10, channel=Channel.SMS),
        mail(10, campaign_id=ANOTHER),
        mail(10, campaign_id=0, offer_code=""),
        mail(48),
    ],
    ids=["the same channel", "another offer", "of no known campaign", "two days ago"],
)
def test_anything_else_is_no_echo(heard: Contact) -> None:
    """Caps and the cool-down have their own say about it."""
    assert echo(person(contacts=(heard,)), policy(), NOON) is None


def test_an_answer_is_no_echo() -> None:
    """Who asks is answered, whatever was sent before."""
    answer = policy(message_class=MessageClass.HELP_REPLY)
    assert echo(person(contacts=(mail(1),)), answer, NOON) is None


def test_the_newest_of_several_counts() -> None:
    """In whatever order they are told."""
    ruling = echo(person(contacts=(mail(20), mail(2), mail(30))), policy(), NOON)
    assert ruling is not None
    assert ruling.until == NOON + 46 * HOUR


def test_when_it_ends_the_offer_may_go() -> None:
    """Decided again at `until`, the rule lets pass; just before, it does not."""
    someone = person(contacts=(mail(10.123),))
    ruling = echo(someone, policy(), NOON)
    assert ruling is not None
    assert echo(someone, policy(), ruling.until) is None
    assert echo(someone, policy(), ruling.until - 0.5) is not None


def test_an_offer_that_is_over_by_then_is_dropped() -> None:
    """No waiting for what will not be there."""
    ruling = echo(person(contacts=(mail(10),)), policy(ends_at=NOON + 30 * HOUR), NOON)
    assert ruling is not None
    assert ruling.verdict is Verdict.SKIP


def test_among_many_contacts_the_echo_is_the_one_kept() -> None:
    """The record is short, and its replay the same."""
    crowd = tuple(contact(100 + ago) for ago in range(40))
    someone, terms = person(contacts=(*crowd, mail(10))), policy(caps=(), min_gap_hours=0.0)
    (decision,) = decide([someone], terms, NOON, BOOK)
    assert decision.reason is Reason.ECHO
    again = replay(decision.facts, terms, BOOK)
    assert again[1:6] == decision[1:6]
