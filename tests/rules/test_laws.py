"""The laws of deciding, over people, campaigns and places of every kind; read as promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Agreed, Asks, Contact, Interest, Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Cap, CapScope, Policy, Window, Worth
from dispatcher.proof.cases import Case
from dispatcher.proof.clocks import clock_of
from dispatcher.proof.hours import is_open, open_end
from dispatcher.proof.table import Table
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.book import RuleBook, rule_book
from dispatcher.rules.decide import decide
from dispatcher.rules.jurisdictions import Profile
from tests.rules.people import HOUR, NOON, at, contact, instants, people, person, policies, policy
from tests.support.rules import LAW

BOOKS = {profile: rule_book(LAW._replace(profile=profile)) for profile in Profile}
BOOK, STRICT = BOOKS[Profile.BALANCED], BOOKS[Profile.STRICT]
TABLE = Table(jurisdictions_file().read_bytes())

offers = policies.map(lambda terms: replace(terms, message_class=MessageClass.PROMOTIONAL))
books = st.sampled_from([BOOK, STRICT])
codes = st.sampled_from(["FR", "US-FL", "US-TX", "GP", "ZA", "CO", "VN", "DE", "IN", "IS"])


def one(someone: Recipient, terms: Policy, now: float, book: RuleBook = BOOK) -> Decision:
    """Decide on one person."""
    (decision,) = decide([someone], terms, now, book)
    return decision


@given(people, policies, instants, books)
def test_same_inputs_same_output(
    someone: Recipient, terms: Policy, now: float, book: RuleBook
) -> None:
    """Neither clock nor dice nor memory: the answer hangs on the question alone."""
    first = one(someone, terms, now, book)
    one(someone, terms, now + HOUR, book)
    assert one(someone._replace(), replace(terms), now, book) == first


def restricted(
    someone: Recipient, terms: Policy, now: float, code: str
) -> list[tuple[Recipient, Policy]]:
    """Give the question with one more restriction each."""
    window = terms.window
    shorter = window
    if window.opens != window.closes:
        shorter = Window(window.opens, (window.closes or 1440) - 1)
    facts: list[dict[str, Any]] = [
        {"suppressed": someone.suppressed or "complaint"},
        {"consent": ConsentState.OPTED_OUT},
        {"promised": 1 if someone.promised else 2},
        {"consent_in_all": True},
        {"contacts": (*someone.contacts, Contact(now - HOUR, someone.channel, terms.brand, ""))},
    ]
    if someone.jurisdictions and (someone.zone or someone.channel == Channel.EMAIL):
        facts.append({"jurisdictions": (*someone.jurisdictions, code)})
    if someone.interest:
        told: dict[str, Any] = {
            "ended": "bought",
            "reminded_of_it": 1,
            "reminders": (now - HOUR,) * 3,
        }
        facts += [
            {"interest": someone.interest._replace(**{name: what})} for name, what in told.items()
        ]
    if someone.hours_from == someone.hours_until:
        facts.append({"hours_from": 600, "hours_until": 1080})
    if not someone.days:
        facts.append({"days": "1234"})
    if not someone.most_a_month:
        facts.append({"most_a_month": 1})
    if someone.asked_at:
        facts.append({"asked_at": 0.0})
    facts += [
        {
            "contacts": (
                *someone.contacts,
                Contact(now - HOUR, Channel.SMS, "theatre", "", asked=True),
            )
        },
        {"contacts": (*someone.contacts, Contact(now, Channel.SMS, "theatre", "", asked=True))},
    ]
    if not someone.zone and someone.zones:
        facts.append({"zones": (*someone.zones, "Asia/Tokyo")})
    narrower: list[dict[str, Any]] = [
        {"window": shorter},
        {"caps": (*terms.caps, Cap(1, 24))},
        {"min_gap_hours": terms.min_gap_hours + 5},
        {"close_margin_minutes": terms.close_margin_minutes + 10},
        {"ends_at": min(terms.ends_at, now + HOUR)},
        {"own_consent": True},
    ]
    return [(someone._replace(**change), terms) for change in facts] + [
        (someone, replace(terms, **change)) for change in narrower
    ]


@given(people, offers, instants, codes)
def test_no_restriction_ever_turns_a_refusal_into_a_send(
    someone: Recipient, terms: Policy, now: float, code: str
) -> None:
    """A further place, zone, cap, hours of one's own, suppression: each only ever refuses more."""
    before = one(someone, terms, now)
    after = [one(who, what, now) for who, what in restricted(someone, terms, now, code)]
    after.append(one(someone, terms, now, STRICT))
    for decision in after:
        if decision.verdict is Verdict.SEND:
            assert before.verdict is Verdict.SEND
            assert decision.send_before <= before.send_before


@given(people, offers, instants, books)
def test_the_next_opening_is_allowed_and_nothing_earlier(
    someone: Recipient, terms: Policy, now: float, book: RuleBook
) -> None:
    """Whom only the hours put off is let through at `until`, and at no minute before it."""
    terms = replace(terms, caps=(), min_gap_hours=0.0, send_at=-1)
    alone = someone._replace(contacts=())
    decision = one(alone, terms, now, book)
    if decision.reason is not Reason.QUIET_HOURS or decision.verdict is not Verdict.DEFER:
        return
    held = alone._replace(held_since=alone.held_since or now)
    assert one(held, terms, decision.until, book).verdict is Verdict.SEND
    for part in range(20):
        earlier = now + (decision.until - now) * part / 20
        assert one(held, terms, earlier, book).verdict is not Verdict.SEND
    assert one(held, terms, decision.until - 1, book).verdict is not Verdict.SEND


@given(people, policies, instants, books)
def test_who_was_put_off_is_not_put_off_again_by_the_same_rule(
    someone: Recipient, terms: Policy, now: float, book: RuleBook
) -> None:
    """At `until` the rule that put somebody off has nothing against them any more."""
    first = one(someone, terms, now, book)
    if first.verdict is Verdict.DEFER:
        held = someone._replace(held_since=someone.held_since or now)
        again = one(held, terms, first.until, book)
        assert (again.verdict, again.rule) != (Verdict.DEFER, first.rule)


@given(people, offers, instants, books, st.sampled_from(ConsentState))
def test_no_offer_without_consent(
    someone: Recipient, terms: Policy, now: float, book: RuleBook, state: ConsentState
) -> None:
    """Whatever else is true of person, campaign and place."""
    decision = one(someone._replace(consent=state), terms, now, book)
    if decision.verdict is Verdict.SEND:
        assert state is ConsentState.ACTIVE
        assert not (terms.own_consent and someone.consent_in_all)


@given(people, offers, instants, st.sampled_from(Profile))
def test_a_send_is_open_by_every_wall_clock(
    someone: Recipient, terms: Policy, now: float, profile: Profile
) -> None:
    """The table, read by code of its own, is open now and until the margin after `send_before`."""
    decision = one(someone, terms, now, BOOKS[profile])
    if decision.verdict is Verdict.SEND:
        clock = clock_of(TABLE, Case(someone, terms, now, profile, decision, someone.contacts))
        assert is_open(clock.hours, datetime.fromtimestamp(now, UTC)) or not clock.hours.bind
        assert decision.send_before + clock.margin <= open_end(clock.hours, now)


@given(people, offers, instants, books, st.sampled_from(["KR", "ZA", "CO", "US-LA", "FR"]))
def test_what_nobody_can_prove_or_was_agreed_elsewhere_opens_nothing(
    someone: Recipient, terms: Policy, now: float, book: RuleBook, code: str
) -> None:
    """An agreement without its event, or with a law that does not bind there, is as none."""
    alone = someone._replace(agreed=())
    unproven = alone._replace(agreed=(Agreed(code, 0, 1440, 0),))
    assert one(unproven, terms, now, book)[:6] == one(alone, terms, now, book)[:6]
    places = {place.partition("-")[0] for place in someone.jurisdictions}
    if code not in places or code not in ("KR", "ZA", "CO"):
        elsewhere = alone._replace(agreed=(Agreed(code, 0, 1440, 17),))
        assert one(elsewhere, terms, now, book)[:6] == one(alone, terms, now, book)[:6]


@given(people, offers, instants, books)
def test_a_general_opt_in_never_widens_hours(
    someone: Recipient, terms: Policy, now: float, book: RuleBook
) -> None:
    """Nor does an express one in writing, while no override lets it."""
    written = one(someone._replace(consent_kind="tcpa_pewc"), terms, now, book)
    assert written[:6] == one(someone._replace(consent_kind=""), terms, now, book)[:6]


@given(people, offers, instants, books)
def test_an_agreement_only_opens_the_hours_agreed_on(
    someone: Recipient, terms: Policy, now: float, book: RuleBook
) -> None:
    """With it nobody is refused who was not, and outside of its hours nobody is let through."""
    before = one(someone._replace(agreed=()), terms, now, book)
    after = one(someone, terms, now, book)
    if before.verdict is Verdict.SEND:
        assert after.verdict is Verdict.SEND
        assert after.send_before >= before.send_before
    elif after.verdict is Verdict.SEND:
        assert before.rule == "quiet_hours"
        assert any(each.event for each in someone.agreed)


REMINDS = {"reminds_of": "espresso-machine"}
NIGHT = at("2026-11-23T23:00Z")
EXAMPLES: dict[Reason, tuple[dict[str, Any], dict[str, Any], float]] = {
    Reason.OK: ({}, {}, NOON),
    Reason.OFFER_NOT_STARTED: ({}, {"starts_at": NOON + HOUR}, NOON),
    Reason.OFFER_EXPIRED: ({}, {"ends_at": NOON}, NOON),
    Reason.LEFT_AUDIENCE: ({"in_audience": False}, {}, NOON),
    Reason.ERASED: ({"address": "", "suppressed": "erased"}, {}, NOON),
    Reason.NO_ADDRESS: ({"address": ""}, {}, NOON),
    Reason.BAD_ADDRESS: ({"deliverable": False}, {}, NOON),
    Reason.SUPPRESSED: ({"suppressed": "complaint"}, {}, NOON),
    Reason.NO_CONSENT: ({"consent": ConsentState.NONE}, {}, NOON),
    Reason.IMPORTED_UNPROVEN: ({"consent": ConsentState.UNPROVEN}, {}, NOON),
    Reason.TOPIC_OPTED_OUT: ({"consent": ConsentState.OPTED_OUT}, {}, NOON),
    Reason.CONSENT_EXPIRED: (
        {
            "consent_kind": "casl_implied_purchase",
            "jurisdictions": ("CA",),
            "consent_since": NOON - 730 * 24 * HOUR,
        },
        {},
        NOON,
    ),
    Reason.CONSENT_DORMANT: ({"heard_at": NOON - 731 * 24 * HOUR}, {}, NOON),
    Reason.SENDER_FORBIDDEN: (
        {"jurisdictions": ("US-TX",)},
        {"barred_countries": ("US",)},
        NOON,
    ),
    Reason.HOLDOUT: ({"bucket": 0}, {"holdout": 1}, NOON),
    Reason.QUIET_HOURS: ({"jurisdictions": ("DE",)}, {}, NIGHT),
    Reason.QUIET_HOURS_EXPIRED: ({}, {"ends_at": NIGHT + HOUR}, NIGHT),
    Reason.SCHEDULED: ({}, {"send_at": 18 * 60}, NOON),
    Reason.ZONE_UNKNOWN_CLOSED: ({"zone": ""}, {}, NOON),
    Reason.CAP_BRAND: (
        {"contacts": (contact(5),)},
        {"caps": (Cap(1, 24, CapScope.BRAND),)},
        NOON,
    ),
    Reason.CAP_PERSON: ({"contacts": (contact(5),)}, {"caps": (Cap(1, 24),)}, NOON),
    Reason.CAP_SUBJECT: (
        {"jurisdictions": ("US-FL",), "zone": "America/New_York", "contacts": (contact(6),) * 3},
        {"caps": ()},
        at("2026-11-23T15:00Z"),
    ),
    Reason.CAP_CHANNELS: (
        {"jurisdictions": ("CO",), "contacts": (contact(30, Channel.EMAIL),)},
        {"caps": (), "max_hold_hours": inf},
        NOON,
    ),
    Reason.CAP_DISCLOSED_FREQUENCY: (
        {"promised": 1, "contacts": (contact(200),)},
        {"caps": ()},
        NOON,
    ),
    Reason.CAP_OWN_MOST: (
        {"most_a_month": 1, "contacts": (contact(200, Channel.EMAIL, "theatre"),)},
        {"caps": ()},
        NOON,
    ),
    Reason.MIN_GAP: ({"contacts": (contact(1),)}, {"caps": ()}, NOON),
    Reason.ECHO: (
        {"contacts": (contact(30, Channel.EMAIL)._replace(campaign_id=1),)},
        {"caps": (), "max_hold_hours": inf},
        NOON,
    ),
    Reason.CONTEXT_HOLD: ({"context": "complaint", "context_until": inf}, {}, NOON),
    Reason.QUIET_UNTIL: ({"context": "quiet", "context_until": NOON + HOUR}, {}, NOON),
    Reason.FATIGUE: ({"ignored": 8, "contacts": (contact(200),)}, {"asks": True}, NOON),
    Reason.DORMANT: ({"ignored": 12}, {"asks": True}, NOON),
    Reason.NOT_WORTH_IT: ({}, {"worth": Worth(1.0, 0.01, 1.0, 0.02)}, NOON),
    Reason.INTEREST_OVER: ({"interest": Interest(NOON, "bought")}, REMINDS, NOON),
    Reason.REMINDED: ({"interest": Interest(NOON - HOUR, "", 1)}, REMINDS, NOON),
    Reason.REMINDER_WAIT: ({"interest": Interest(NOON - HOUR)}, REMINDS, NOON),
    Reason.REMINDER_GAP: (
        {"interest": Interest(NOON - 9 * HOUR, reminders=(NOON - HOUR,))},
        REMINDS,
        NOON,
    ),
    Reason.REMINDER_REST: (
        {"interest": Interest(NOON - 9 * HOUR, reminders=(NOON - 99 * HOUR,) * 3)},
        REMINDS,
        NOON,
    ),
    Reason.RECONFIRM_NOT_DUE: ({}, {"reconfirms": True}, NOON),
    Reason.RECONFIRM_ASKED: (
        {"heard_at": NOON - 710 * 24 * HOUR, "asks": Asks(0.0, NOON - HOUR)},
        {"reconfirms": True},
        NOON,
    ),
    Reason.TOO_MANY_ATTEMPTS: ({"attempts": 5}, {}, NOON),
}
# What is decided elsewhere: by the operator, between campaigns, by gateways and templates.
NOT_BY_RULES = frozenset(
    {
        *(Reason.TENANT_PAUSED, Reason.CANCELLED, Reason.WITHDRAWN, Reason.OUTRANKED),
        *(Reason.BURST, Reason.OTHER_CHANNEL, Reason.COST_CEILING, Reason.RATE_LIMITED),
        *(Reason.MISSING_FIELD, Reason.RENDER_FAILED, Reason.TOO_MANY_SEGMENTS),
        *(Reason.GATEWAY_DEFERRED, Reason.GATEWAY_REFUSED),
    }
)


@pytest.mark.parametrize("reason", EXAMPLES)
def test_every_reason_can_be_met(reason: Reason) -> None:
    """For each there is somebody whom exactly it befalls."""
    facts, terms, now = EXAMPLES[reason]
    assert one(person(**facts), policy(**terms), now).reason is reason


def test_every_reason_that_rules_give_has_an_example() -> None:
    """A new one cannot be forgotten here."""
    assert set(EXAMPLES) | NOT_BY_RULES == set(Reason)
