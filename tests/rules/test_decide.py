"""Promises of deciding: one verdict each, the first refusal speaks, and no way to widen."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Interest, Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Cap, Policy, Window, Worth
from dispatcher.rules.book import ORDER
from dispatcher.rules.decide import decide
from tests.rules.people import HOUR, NOON, at, contact, instants, people, person, policies, policy
from tests.support.rules import BOOK


def one(someone: Recipient, terms: Policy, now: float) -> Decision:
    """Decide on one person."""
    (decision,) = decide([someone], terms, now, BOOK)
    return decision


def test_whoever_passes_all_rules_is_sent_to_until_the_window_closes() -> None:
    """SEND names the consent it rests on and the instant it holds until."""
    decision = one(person(), policy(), NOON)
    assert decision[:4] == (42, Verdict.SEND, Reason.OK, "")
    assert decision.consent_event == 7
    assert decision.send_before == at("2026-11-23T18:45Z")


def test_a_send_ends_with_the_offer_if_that_is_sooner() -> None:
    """No offer goes out once it is over."""
    assert one(person(), policy(ends_at=NOON + HOUR), NOON).send_before == NOON + HOUR


ECHO = contact(1, Channel.EMAIL)._replace(campaign_id=1)
REFUSALS: list[tuple[dict[str, Any], str, Reason]] = [
    ({"address": ""}, "addressable", Reason.NO_ADDRESS),
    ({"in_audience": False}, "left_audience", Reason.LEFT_AUDIENCE),
    ({}, "offer_window", Reason.OFFER_EXPIRED),
    ({"suppressed": "complaint"}, "suppression", Reason.SUPPRESSED),
    ({"consent": ConsentState.NONE}, "consent", Reason.NO_CONSENT),
    ({"jurisdictions": ("US",)}, "sender", Reason.SENDER_FORBIDDEN),
    ({"bucket": 0}, "holdout", Reason.HOLDOUT),
    ({"attempts": 9}, "attempts", Reason.TOO_MANY_ATTEMPTS),
    ({"context": "complaint", "context_until": inf}, "context_hold", Reason.CONTEXT_HOLD),
    ({}, "worth_it", Reason.NOT_WORTH_IT),
    ({"interest": Interest(NOON, "bought")}, "reminder", Reason.INTEREST_OVER),
    ({}, "reconfirm", Reason.RECONFIRM_NOT_DUE),
    ({"hours_from": 0, "hours_until": 60}, "quiet_hours", Reason.QUIET_HOURS_EXPIRED),
    ({"contacts": (ECHO, contact(1))}, "echo", Reason.ECHO),
    ({"contacts": (contact(1), contact(2))}, "frequency_cap", Reason.CAP_PERSON),
    ({}, "cool_down", Reason.MIN_GAP),
    ({"ignored": 12}, "fatigue", Reason.DORMANT),
]


@pytest.mark.parametrize("place", range(len(REFUSALS)))
def test_the_first_refusal_in_the_books_order_speaks(place: int) -> None:
    """With this and every later rule refusing, this one is named."""
    changes: dict[str, Any] = {}
    for facts, _, _ in REFUSALS[place:]:
        changes |= facts
    terms = policy(
        holdout=1,
        ends_at=NOON if place <= 2 else inf,
        min_gap_hours=4.0,
        caps=(Cap(1, 3),) if place <= 14 else (),
        asks=True,
        worth=Worth(0.0, 0.02, loss=1.0, leaving=0.1) if place <= 9 else None,
        reminds_of="espresso-machine" if place <= 10 else "",
        reconfirms=place <= 11,
        barred_countries=("US",),
    )
    if place <= 13:
        changes["contacts"] = (ECHO, contact(1))
    if place == 15:
        changes["contacts"] = (contact(1),)
    decision = one(person(**changes), terms, NOON)
    _, rule, reason = REFUSALS[place]
    assert (decision.rule, decision.reason) == (rule, reason)


def test_every_rule_of_the_book_is_in_that_table() -> None:
    """The order tested is the order in use."""
    assert [rule for _, rule, _ in REFUSALS] == [rule.name for rule in ORDER]


@given(st.lists(people, max_size=8), policies, instants)
def test_everybody_gets_exactly_one_decision_in_order(
    crowd: list[Recipient], terms: Policy, now: float
) -> None:
    """As many decisions as people, each with its person's number, and the same ones alone."""
    crowd = [someone._replace(customer_id=place) for place, someone in enumerate(crowd)]
    decisions = decide(crowd, terms, now, BOOK)
    assert [decision.customer_id for decision in decisions] == list(range(len(crowd)))
    assert decisions == [one(someone, terms, now) for someone in crowd]


@given(people, policies, instants)
def test_a_decision_says_what_its_verdict_needs(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """SEND has a future end, DEFER a future instant within the offer, SKIP a reason."""
    decision = one(someone, terms, now)
    if decision.verdict is Verdict.SEND:
        assert decision.reason is Reason.OK
        assert now < decision.send_before <= terms.ends_at
    else:
        assert decision.reason is not Reason.OK
        assert decision.rule
        assert decision.send_before == 0.0
    if decision.verdict is Verdict.DEFER:
        assert now < decision.until < terms.ends_at
    else:
        assert decision.until == 0.0


@given(people, policies, instants)
def test_the_same_question_has_the_same_answer(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """No clock and no dice inside."""
    assert one(someone, terms, now) == one(someone._replace(), replace(terms), now)


def dearer(worth: Worth | None) -> Worth:
    """Give a reckoning by which each person who leaves costs more."""
    return replace(worth or Worth(1.0, 0.01), loss=1.0, leaving=0.5)


def narrowed(someone: Recipient, terms: Policy, now: float) -> list[tuple[Recipient, Policy]]:
    """Give the same question with one more restriction each."""
    opens, closes = terms.window.opens, terms.window.closes
    never = opens == closes
    inner = terms.window if never else Window(opens, (closes or 1440) - 1)
    more = Contact(now - HOUR, someone.channel, terms.brand, "")
    facts: list[dict[str, Any]] = [
        {"address": ""},
        {"deliverable": False},
        {"in_audience": False},
        {"suppressed": someone.suppressed or "opted_out"},
        {"consent": ConsentState.OPTED_OUT},
        {"attempts": someone.attempts + 1},
        {"contacts": (*someone.contacts, more)},
        {"bucket": 0},
        {"context": "complaint", "context_until": inf},
        {"ignored": someone.ignored + 1},
    ]
    if someone.hours_from == someone.hours_until:
        facts.append({"hours_from": 600, "hours_until": 660})
    if not someone.zone and someone.zones:
        facts.append({"zones": (*someone.zones, "Asia/Tokyo")})
    narrower: list[dict[str, Any]] = [
        {"window": inner},
        {"caps": (*terms.caps, Cap(1, 24))},
        {"min_gap_hours": terms.min_gap_hours + 5},
        {"holdout": terms.holdout + 100},
        {"ends_at": min(terms.ends_at, now + HOUR)},
        {"starts_at": max(terms.starts_at, now + HOUR)},
        {"close_margin_minutes": terms.close_margin_minutes + 10},
        {"max_hold_hours": terms.max_hold_hours / 2},
        {"max_attempts": terms.max_attempts - 1},
        {"asks": True},
        {"worth": dearer(terms.worth)},
    ]
    return [(someone._replace(**change), terms) for change in facts] + [
        (someone, replace(terms, **change)) for change in narrower
    ]


@given(people, policies, instants)
def test_no_added_restriction_turns_a_refusal_into_a_send(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """Monotone safety: a contact, an opt-out, a narrower window can only ever refuse more."""
    if terms.message_class is not MessageClass.PROMOTIONAL:
        terms = replace(terms, message_class=MessageClass.PROMOTIONAL)
    before = one(someone, terms, now)
    for person_then, terms_then in narrowed(someone, terms, now):
        after = one(person_then, terms_then, now)
        if before.verdict is not Verdict.SEND:
            assert after.verdict is not Verdict.SEND
        elif after.verdict is Verdict.SEND:
            assert after.send_before <= before.send_before


@given(people.filter(lambda someone: someone.consent is not ConsentState.ACTIVE), policies)
def test_no_offer_is_ever_sent_without_active_consent(someone: Recipient, terms: Policy) -> None:
    """Whatever else is true of the person or the campaign."""
    offer = replace(terms, message_class=MessageClass.PROMOTIONAL)
    assert one(someone, offer, NOON).verdict is not Verdict.SEND


def test_a_stop_is_confirmed_to_one_who_has_just_been_suppressed() -> None:
    """At night, without consent, over every cap: the person's own act is answered."""
    someone = person(
        suppressed="opted_out", consent=ConsentState.OPTED_OUT, contacts=(contact(0.1),) * 9
    )
    answer = policy(message_class=MessageClass.OPTOUT_CONFIRMATION)
    assert one(someone, answer, at("2026-11-23T23:30Z")).verdict is Verdict.SEND
