"""Promises of a question: for a quarter of an hour one offer may answer it, within the law."""

from __future__ import annotations

import pytest

from dispatcher.domain.customers import Contact
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Cap, Window
from dispatcher.rules.asked_for import ANSWER_WITHIN, answer_until, answers
from dispatcher.rules.decide import decide
from tests.rules.people import HOUR, NOON, at, contact, person, policy
from tests.support.rules import BOOK

EVENING = at("2026-11-23T19:30Z")  # half past eight in Rome, where texts end at ten
ITALY = {"jurisdictions": ("IT",), "zone": "Europe/Rome"}


def answered(ago: float) -> Contact:
    """Make an offer that answered a question `ago` hours before noon."""
    return contact(ago)._replace(asked=True)


def test_a_question_is_open_for_a_quarter_of_an_hour() -> None:
    """To the second, and not before it was asked."""
    asking = person(asked_at=NOON)
    assert answer_until(asking) == NOON + ANSWER_WITHIN == NOON + 900
    assert answers(asking, policy(), NOON)
    assert answers(asking, policy(), NOON + 899)
    assert not answers(asking, policy(), NOON + 900)
    assert not answers(asking, policy(), NOON - 1)
    assert not answers(person(), policy(), NOON)


def test_one_offer_uses_a_question_up() -> None:
    """On whatever channel; an answer to an earlier question does not."""
    asking = person(asked_at=NOON - 60)
    mail = answered(0.01)._replace(channel=Channel.EMAIL)
    assert not answers(asking._replace(contacts=(mail,)), policy(), NOON)
    assert answers(asking._replace(contacts=(answered(1.0), contact(0.01))), policy(), NOON)


def test_what_is_no_offer_answers_no_question() -> None:
    """A help text does not use it up."""
    terms = policy(message_class=MessageClass.HELP_REPLY)
    assert not answers(person(asked_at=NOON), terms, NOON)


def test_an_answer_keeps_to_the_hours_of_law_and_must_be_out_in_time() -> None:
    """Window, time of day, own hours and days give way; the law and its margin do not."""
    terms = policy(send_at=600, window=Window(9 * 60, 20 * 60))
    own = {"hours_from": 600, "hours_until": 660, "days": "67"}
    asking = person(asked_at=EVENING - 60, **own, **ITALY)
    (decision,) = decide([asking], terms, EVENING, BOOK)
    assert (decision.verdict, decision.asked) == (Verdict.SEND, True)
    assert decision.send_before == EVENING - 60 + ANSWER_WITHIN
    late = at("2026-11-23T20:46Z")  # a quarter of an hour before closing
    (decision,) = decide([person(asked_at=late - 1, **ITALY)], terms, late, BOOK)
    assert decision.reason is Reason.SCHEDULED or decision.reason is Reason.QUIET_HOURS
    assert decision.verdict is Verdict.DEFER


def test_a_wish_for_quiet_does_not_give_way() -> None:
    """Nor does what is going on with a person."""
    asking = person(asked_at=NOON, context="quiet", context_until=NOON + HOUR)
    assert decide([asking], policy(), NOON, BOOK)[0].reason is Reason.QUIET_UNTIL


@pytest.mark.parametrize(
    ("contacts", "asked_at", "verdict"),
    [
        ((contact(5), contact(6)), NOON, Verdict.DEFER),
        ((contact(5), answered(6)), NOON, Verdict.SEND),
        ((contact(5), answered(6)), 0.0, Verdict.DEFER),
        ((answered(5), answered(6)), 0.0, Verdict.SEND),
        ((answered(5), answered(6), answered(7)), NOON, Verdict.SEND),
        ((answered(5), answered(6), answered(7)), 0.0, Verdict.DEFER),
    ],
)
def test_halves_add_up(contacts: tuple[Contact, ...], asked_at: float, verdict: Verdict) -> None:
    """Two a day are two wholes, four halves, or one whole and two halves."""
    someone = person(contacts=contacts, asked_at=asked_at)
    (decision,) = decide([someone], policy(caps=(Cap(2, 24),)), NOON, BOOK)
    assert decision.verdict is verdict


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"promised": 2}, Reason.CAP_DISCLOSED_FREQUENCY),
        ({"most_a_month": 2}, Reason.CAP_OWN_MOST),
        ({"jurisdictions": ("CO",), "most_a_month": 0}, Reason.CAP_PERSON),
    ],
)
def test_law_promise_and_wish_mean_every_message(facts: dict[str, object], reason: Reason) -> None:
    """Nothing is half a message there."""
    someone = person(contacts=(answered(5), answered(6)), asked_at=NOON, **facts)
    terms = policy(caps=(), max_hold_hours=1000.0)
    assert decide([someone], terms, NOON, BOOK)[0].reason is reason
