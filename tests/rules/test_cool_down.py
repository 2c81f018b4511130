"""Promises of the rule cool-down."""

from __future__ import annotations

import pytest

from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.rules.cool_down import cool_down
from tests.rules.people import HOUR, NOON, contact, person, policy


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("brand", ["roaster", "theatre"])
def test_there_is_rest_after_any_offer_on_any_channel(channel: Channel, brand: str) -> None:
    """Three hours after an offer one hour of rest is left, whoever sent it and however."""
    ruling = cool_down(person(contacts=(contact(3, channel, brand),)), policy(), NOON)
    assert ruling == Ruling(Verdict.DEFER, Reason.MIN_GAP, NOON + HOUR, "4 h between offers")


def test_the_newest_offer_counts() -> None:
    """Of several offers the latest decides, in whatever order they are told."""
    some = (contact(9), contact(1), contact(5))
    ruling = cool_down(person(contacts=some), policy(), NOON)
    assert ruling is not None
    assert ruling.until == NOON + 3 * HOUR


def test_the_rest_is_half_open() -> None:
    """At the end of the gap sending is allowed again, just before it is not."""
    someone = person(contacts=(contact(4),))
    assert cool_down(someone, policy(), NOON) is None
    assert cool_down(someone, policy(), NOON - 0.5) is not None


def test_an_offer_in_flight_counts_even_if_dated_ahead() -> None:
    """A clock that is a little off opens no gap."""
    assert cool_down(person(contacts=(contact(-0.1),)), policy(), NOON) is not None


def test_answers_and_campaigns_without_gap_pass() -> None:
    """No rest is due between a question and its answer, nor where the policy asks for none."""
    someone = person(contacts=(contact(0),))
    assert cool_down(someone, policy(message_class=MessageClass.WELCOME), NOON) is None
    assert cool_down(someone, policy(min_gap_hours=0.0), NOON) is None
