"""Promises of replay: a recorded decision can be made again, and comes out the same."""

from __future__ import annotations

from hypothesis import given, settings

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, Policy
from dispatcher.rules.decide import decide
from dispatcher.rules.facts import record
from dispatcher.rules.replay import replay
from tests.rules.people import NOON, contact, instants, people, person, policies, policy
from tests.support.rules import BOOK, LAW


def same_again(someone: Recipient, terms: Policy, now: float) -> None:
    """Compare a decision with its replay, but for what stands beside the facts."""
    (decision,) = decide([someone], terms, now, BOOK)
    again = replay(decision.facts, terms, BOOK)
    assert again[1:6] == decision[1:6]
    assert again.verdict is decision.verdict


@settings(max_examples=400)
@given(people, policies, instants)
def test_the_facts_alone_give_the_same_verdict(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """Same verdict, reason, rule, `until` and `send_before`, for anybody at any time."""
    same_again(someone, terms, now)


@settings(max_examples=400)
@given(people, policies)
def test_the_facts_alone_give_the_same_verdict_at_noon(someone: Recipient, terms: Policy) -> None:
    """The same where contacts are fresh, so that caps and gaps speak."""
    facts = (someone.contacts, someone.channel, someone.asked_at, someone.most_a_month)
    names = ("contacts", "channel", "asked_at", "most_a_month")
    same_again(person(**dict(zip(names, facts, strict=True))), terms, NOON)


def test_more_contacts_than_fit_into_a_record_still_replay() -> None:
    """Of three hundred contacts only those are kept that the verdict hangs on."""
    crowd = tuple(contact(ago / 10, brand="theatre") for ago in range(300))
    terms = policy(caps=(Cap(250, 720), Cap(40, 5), Cap(100, 24)), max_hold_hours=1000.0)
    (decision,) = decide([person(contacts=crowd)], terms, NOON, BOOK)
    assert decision.reason is Reason.CAP_PERSON
    assert "*" in decision.facts
    same_again(person(contacts=crowd), terms, NOON)
    same_again(person(contacts=crowd), policy(caps=()), NOON)


def test_of_too_many_contacts_each_is_kept_by_its_own_channel() -> None:
    """Forty mails that use up a cap over all channels are no texts, for other caps count those."""
    crowd = tuple(contact(ago / 10, Channel.EMAIL) for ago in range(10, 60))
    terms = policy(caps=(Cap(40, 24), Cap(1, 72, channel=Channel.SMS)), max_hold_hours=1000.0)
    (decision,) = decide([person(contacts=crowd)], terms, NOON, BOOK)
    assert decision.reason is Reason.CAP_PERSON
    same_again(person(contacts=crowd), terms, NOON)


def test_a_question_that_two_caps_leave_unanswered_replays() -> None:
    """Even half an offer has no room under one cap, and a whole one has none for longer yet."""
    answer = contact(0.5, brand="theatre")._replace(asked=True)
    crowd = (answer, *(contact(0.6 + ago / 10, brand="theatre") for ago in range(38)))
    asking = person(contacts=crowd, asked_at=NOON - 60)
    terms = policy(caps=(Cap(30, 5), Cap(39, 24)), max_hold_hours=1000.0)
    (decision,) = decide([asking], terms, NOON, BOOK)
    assert decision.reason is Reason.CAP_PERSON
    entries = decision.facts.rpartition("|")[2].split(",")
    assert len({entry.lstrip("s?").partition("*")[0] for entry in entries}) == 2
    same_again(asking, terms, NOON)
    same_again(asking, policy(caps=(Cap(30, 5),), max_hold_hours=1000.0), NOON)
    same_again(asking, policy(caps=(Cap(39, 24),)), NOON)


def test_caps_of_law_and_promise_replay() -> None:
    """Place, promise, subject and channel stand in the record, however many contacts there are."""
    crowd = tuple(contact(ago / 10, brand="theatre") for ago in range(1, 60))
    for someone in (
        person(contacts=crowd, jurisdictions=("US-FL",)),
        person(contacts=crowd, jurisdictions=("CO",)),
        person(contacts=crowd, channel=Channel.EMAIL, jurisdictions=("CO",)),
        person(contacts=crowd, promised=3, promised_in_all=30),
    ):
        terms = policy(caps=(), max_hold_hours=1000.0)
        (decision,) = decide([someone], terms, NOON, BOOK)
        assert decision.rule == "frequency_cap"
        assert "*" in decision.facts.rpartition("|")[2]
        same_again(someone, terms, NOON)


def test_a_replay_shows_the_details_again() -> None:
    """What explain prints is what was decided, in the same words."""
    someone = person(hours_from=600, hours_until=720)
    (decision,) = decide([someone], policy(), NOON, BOOK)
    assert replay(record(someone, policy(), NOON, LAW), policy(), BOOK).detail == decision.detail


def test_every_possible_clock_is_in_the_record() -> None:
    """Somebody of two zones is judged by both again: it is New York that opens last."""
    someone = person(zone="", zones=("Europe/Berlin", "Europe/Paris", "America/New_York"))
    (decision,) = decide([someone], policy(), NOON, BOOK)
    assert decision.reason is Reason.QUIET_HOURS
    same_again(someone, policy(), NOON)
