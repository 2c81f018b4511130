"""Promises of the rule frequency cap."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ANY_SUBJECT, DEFAULT_CAPS, Cap, CapScope, Policy
from dispatcher.rules.decide import decide
from dispatcher.rules.frequency_cap import frequency_cap
from tests.rules.people import (
    HOUR,
    NOON,
    caps,
    contact,
    people,
    person,
    policies,
    policy,
)
from tests.support.rules import BOOK, LAW

EMAIL, SMS = Channel.EMAIL, Channel.SMS


def refusal(cap: Cap, *contacts: Contact, channel: Channel = SMS) -> tuple[Reason, float] | None:
    """Ask one cap about somebody with these contacts."""
    ruling = frequency_cap(
        person(channel=channel, contacts=contacts), policy(caps=(cap,)), NOON, LAW
    )
    return ruling and (ruling.reason, ruling.until)


def test_a_slot_frees_when_the_oldest_that_counts_ages_out() -> None:
    """Two in a day, sent 20 and 3 hours ago: in four hours there is room again."""
    used_up = refusal(Cap(2, 24), contact(20), contact(3), contact(30))
    assert used_up == (Reason.CAP_PERSON, NOON + 4 * HOUR)


def test_with_more_than_the_cap_it_takes_until_enough_have_aged_out() -> None:
    """Three where one is allowed: room comes only with the last of them."""
    assert refusal(Cap(1, 24), contact(20), contact(3), contact(2)) == (
        Reason.CAP_PERSON,
        NOON + 22 * HOUR,
    )


def test_the_stretch_is_half_open() -> None:
    """Exactly 24 hours after an offer the next may go."""
    assert refusal(Cap(1, 24), contact(24)) is None
    assert refusal(Cap(1, 24), contact(23.999)) is not None


def test_a_cap_of_a_channel_counts_and_binds_that_channel_only() -> None:
    """E-mails use up no SMS slots, and an SMS cap does not hold an e-mail."""
    assert refusal(Cap(1, 24, channel=SMS), contact(1, EMAIL)) is None
    assert refusal(Cap(1, 24, channel=SMS), contact(1, SMS), channel=EMAIL) is None
    assert refusal(Cap(1, 24, channel=SMS), contact(1, SMS)) is not None


def test_a_cap_over_all_channels_counts_all() -> None:
    """One e-mail and one SMS are two offers."""
    assert refusal(Cap(2, 24), contact(1, EMAIL), contact(2, SMS)) is not None


def test_a_brands_cap_counts_the_brands_own_offers() -> None:
    """Another brand's offers count for the person's cap only."""
    theatre = contact(1, brand="theatre")
    assert refusal(Cap(1, 24, CapScope.BRAND), theatre) is None
    assert refusal(Cap(1, 24, CapScope.BRAND), contact(1)) == (Reason.CAP_BRAND, NOON + 23 * HOUR)


def test_of_several_caps_the_one_that_holds_longest_speaks() -> None:
    """Put off until all caps have room, not until the first has."""
    terms = policy(caps=(Cap(1, 24), Cap(1, 48)))
    ruling = frequency_cap(person(contacts=(contact(1),)), terms, NOON, LAW)
    assert ruling is not None
    assert ruling.until == NOON + 47 * HOUR
    assert ruling.detail == "1 in 48 h"


def test_a_wait_beyond_the_longest_hold_is_a_skip_with_the_same_reason() -> None:
    """Weeks of waiting for a slot help nobody."""
    terms = policy(caps=(Cap(1, 24 * 30),))
    ruling = frequency_cap(person(contacts=(contact(1),)), terms, NOON, LAW)
    assert ruling is not None
    assert ruling[:3] == (Verdict.SKIP, Reason.CAP_PERSON, 0.0)


def test_a_cap_of_none_lets_nothing_through() -> None:
    """`max = 0` refuses for good, contacts or not."""
    ruling = frequency_cap(person(), policy(caps=(Cap(0, 24),)), NOON, LAW)
    assert ruling is not None
    assert ruling.verdict is Verdict.SKIP


def test_answers_are_not_counted_against_caps() -> None:
    """A person who asks is answered, however many offers there were."""
    terms = policy(caps=(Cap(0, 24),), message_class=MessageClass.HELP_REPLY)
    assert frequency_cap(person(), terms, NOON, LAW) is None


def about(ago: float, subject: str, channel: Channel = SMS, brand: str = "roaster") -> Contact:
    """Make an offer about something, sent `ago` hours before noon."""
    return contact(ago, channel, brand)._replace(subject=subject)


def told(someone: Recipient, **terms: Any) -> tuple[Reason, float] | None:
    """Ask about somebody whose campaign has no cap of its own."""
    free = policy(**{"caps": (), "max_hold_hours": inf} | terms)
    ruling = frequency_cap(someone, free, NOON, LAW)
    return ruling and (ruling.reason, ruling.until)


def test_a_cap_of_a_subject_counts_what_may_be_about_it() -> None:
    """Tea does not count for beans; an offer that says no subject may be about either."""
    cap = Cap(1, 24, CapScope.SUBJECT)
    assert refusal(cap, about(1, "tea", brand="theatre")) is None
    assert refusal(cap, about(1, "beans", EMAIL, "theatre")) == (
        Reason.CAP_SUBJECT,
        NOON + 23 * HOUR,
    )
    assert refusal(cap, about(1, ANY_SUBJECT)) is not None
    assert told(person(contacts=(about(1, "tea"),)), subject=ANY_SUBJECT, caps=(cap,)) is not None


@pytest.mark.parametrize(
    "place", ["US-FL", "US-OK", "US-MD", "US-OR", "US-WY", "US", "PR", "US-PR"]
)
def test_three_texts_a_day_about_one_subject_is_all_that_americans_get(place: str) -> None:
    """By law in four states, by default in all others and in the territories."""
    three = (about(1, "beans"), about(2, "beans"), about(23, "beans", brand="theatre"))
    assert told(person(contacts=three, jurisdictions=(place,))) == (
        Reason.CAP_SUBJECT,
        NOON + HOUR,
    )
    assert told(person(contacts=three[1:], jurisdictions=(place,))) is None
    assert told(person(contacts=three, jurisdictions=(place,), channel=EMAIL)) is None
    assert told(person(contacts=three, jurisdictions=("DE",))) is None


def test_of_two_places_both_bind() -> None:
    """A number of one place and a home in another: the caps of both hold."""
    three = (about(1, "beans"), about(2, "beans"), about(3, "beans"))
    someone = person(contacts=three, jurisdictions=("DE", "US-FL"))
    assert told(someone) == (Reason.CAP_SUBJECT, NOON + 21 * HOUR)


def test_vietnam_counts_texts_and_mails_apart() -> None:
    """Three texts a day, and three e-mails a day."""
    texts = (contact(1), contact(2), contact(3))
    assert told(person(contacts=texts, jurisdictions=("VN",))) is not None
    assert told(person(contacts=texts, jurisdictions=("VN",), channel=EMAIL)) is None


def test_colombia_allows_one_contact_a_day_and_one_channel_a_week() -> None:
    """Whoever was written to may be texted a week later; another mail may come the next day."""
    mailed = person(contacts=(contact(30, EMAIL),), jurisdictions=("CO",))
    assert told(mailed) == (Reason.CAP_CHANNELS, NOON + (7 * 24 - 30) * HOUR)
    assert told(mailed._replace(channel=EMAIL)) is None
    fresh = mailed._replace(contacts=(contact(2, EMAIL),), channel=EMAIL)
    assert told(fresh) == (Reason.CAP_PERSON, NOON + 22 * HOUR)


def test_a_cap_says_who_wants_it() -> None:
    """What explain shows names the place and its statute, or the promise."""
    three = (about(1, "beans"), about(2, "beans"), about(3, "beans"))
    free = policy(caps=())
    ruling = frequency_cap(person(contacts=three, jurisdictions=("US-FL",)), free, NOON, LAW)
    statute = "3 in 24 h by sms about one subject (US-FL: Fla. Stat. 501.616(6)(b))"
    assert ruling is not None
    assert ruling.detail == statute
    ruling = frequency_cap(person(contacts=three, promised=2), free, NOON, LAW)
    assert ruling is not None
    assert ruling.detail == "2 in 744 h by sms (promised with consent)"


def test_the_frequency_promised_for_a_topic_caps_its_brand() -> None:
    """Two texts a month were promised: the third waits, another brand and e-mail do not count."""
    two = (
        contact(40 * 24),
        contact(30 * 24),
        contact(2),
        contact(1, EMAIL),
        about(1, "x", SMS, "y"),
    )
    assert told(person(contacts=two, promised=2)) == (
        Reason.CAP_DISCLOSED_FREQUENCY,
        NOON + 24 * HOUR,
    )
    assert told(person(contacts=two, promised=3)) is None
    assert told(person(contacts=two, promised=1, channel=EMAIL)) is not None
    assert told(person(contacts=two, promised=2, channel=EMAIL)) is None


def test_the_frequency_promised_for_every_topic_caps_all_brands() -> None:
    """Whoever agreed to the whole programme counts what the whole programme sends."""
    someone = person(contacts=(contact(1, brand="theatre"), contact(5)), promised_in_all=2)
    assert told(someone) == (Reason.CAP_DISCLOSED_FREQUENCY, NOON + (31 * 24 - 5) * HOUR)
    assert told(someone._replace(promised=9)) == told(someone)


def test_the_shipped_defaults_are_those_of_the_rule_data() -> None:
    """The caps that campaigns come with stand in the rule data too."""
    told = LAW.jurisdictions.defaults
    scopes = {"recipient": CapScope.PERSON, "recipient+brand": CapScope.BRAND}
    wanted = {
        Cap(cap["max"], cap["per_hours"], scopes[cap["scope"]], channel)
        for key, channel in (("sms_caps", SMS), ("email_caps", EMAIL))
        for cap in cast("list[dict[str, Any]]", told[key])
    }
    assert wanted == set(DEFAULT_CAPS)


# Written down from the table of the law alone: most, hours, what is counted, on which channel.
BY_HAND = {
    "US-FL": ((3, 24, "subject", SMS),),
    "US-TX": ((3, 24, "subject", SMS),),
    "VN": ((3, 24, "person", SMS), (3, 24, "person", EMAIL)),
    "CO": ((1, 24, "person", None), (1, 168, "channels", None)),
    "FR": (),
}
places = st.lists(st.sampled_from([*BY_HAND, "ZZ"]), max_size=2, unique=True).map(tuple)


class Offer(NamedTuple):
    """One wish to send: when, how, of which brand and subject, and whether it fails."""

    after: float
    channel: Channel
    brand: str
    subject: str
    fails: bool


offers = st.lists(
    st.builds(
        Offer,
        st.integers(0, 60 * 4).map(lambda quarter: quarter * HOUR / 4) | st.floats(0, 60 * HOUR),
        st.sampled_from(Channel),
        st.sampled_from(["roaster", "theatre"]),
        st.sampled_from(["beans", "tea"]),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=5,
    max_size=60,
)
limits_of = st.lists(caps, max_size=3).map(tuple)


def within(
    sent: list[Contact], most: int, hours: float, what: str, channel: Channel | None
) -> bool:
    """Count by hand, for each offer that went out, what went out in the hours up to it."""
    for one in sent:
        before = [x for x in sent if one.at - hours * HOUR < x.at <= one.at]
        if channel is not None:
            before = [x for x in before if x.channel is channel]
        if what == "brand":
            before = [x for x in before if x.brand == one.brand]
        if what == "subject":
            before = [x for x in before if x.subject == one.subject]
        found = len({x.channel for x in before}) if what == "channels" else len(before)
        if channel in (None, one.channel) and found > most:
            return False
    return True


@settings(max_examples=300)
@given(offers, limits_of, places, st.integers(0, 6), st.integers(0, 6))
def test_no_rolling_stretch_ever_holds_more_than_its_cap(
    wishes: list[Offer], limits: tuple[Cap, ...], where: tuple[str, ...], own: int, in_all: int
) -> None:
    """Whatever is let through keeps within every cap, be it of law, promise or campaign."""
    held: list[Contact] = []
    for wish in sorted(wishes):
        terms = policy(brand=wish.brand, subject=wish.subject, caps=limits)
        someone = person(
            channel=wish.channel,
            contacts=tuple(held),
            jurisdictions=where,
            promised=own,
            promised_in_all=in_all,
        )
        now = NOON + wish.after
        if frequency_cap(someone, terms, now, LAW) is None and not wish.fails:
            held.append(Contact(now, wish.channel, wish.brand, wish.subject))
    for cap in limits:
        assert within(held, cap.max, cap.hours, cap.scope, cap.channel)
    for most, hours, what, channel in [rule for place in where for rule in BY_HAND.get(place, ())]:
        assert within(held, most, hours, what, channel)
    for channel in Channel:
        assert not own or within(held, own, 31 * 24, "brand", channel)
        assert not in_all or within(held, in_all, 31 * 24, "person", channel)


@settings(max_examples=300)
@given(people, policies, caps, places, st.integers(0, 4), st.integers(0, 4))
def test_another_cap_place_or_promise_never_lets_anything_through(
    someone: Recipient, terms: Policy, cap: Cap, where: tuple[str, ...], own: int, in_all: int
) -> None:
    """What was refused stays refused, and for no shorter."""
    bare = someone._replace(promised=0, promised_in_all=0)
    before = frequency_cap(bare, terms, NOON, LAW)
    more = bare._replace(
        jurisdictions=(*bare.jurisdictions, *where), promised=own, promised_in_all=in_all
    )
    tighter = replace(terms, caps=(*terms.caps, cap))
    after = frequency_cap(more, tighter, NOON, LAW)
    if before is not None:
        assert after is not None
        assert after.verdict is Verdict.SKIP or after.until >= before.until


@given(people, limits_of)
def test_a_slot_frees_at_the_instant_told_and_not_before(
    someone: Recipient, limits: tuple[Cap, ...]
) -> None:
    """At `until` the rule passes, half a second before it does not."""
    terms = policy(caps=limits, max_hold_hours=inf)
    ruling = frequency_cap(someone, terms, NOON, LAW)
    if ruling is None or ruling.verdict is Verdict.SKIP:
        return
    assert frequency_cap(someone, terms, ruling.until, LAW) is None
    assert frequency_cap(someone, terms, max(NOON, ruling.until - 0.5), LAW) is not None


@pytest.mark.parametrize("ago", [1.0, 23.0])
def test_the_shipped_caps_hold_a_second_text_of_a_brand_within_a_day(ago: float) -> None:
    """By default a brand sends one text a day."""
    decision = decide([person(contacts=(contact(ago),))], policy(), NOON, BOOK)[0]
    assert decision.reason is Reason.CAP_BRAND
