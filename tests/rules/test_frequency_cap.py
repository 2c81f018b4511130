"""Promises of the rule frequency cap."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.customers import Contact
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Cap, CapScope, Policy
from dispatcher.rules.decide import decide
from dispatcher.rules.frequency_cap import frequency_cap
from tests.rules.people import HOUR, NOON, caps, contact, person, policy
from tests.support.rules import BOOK

EMAIL, SMS = Channel.EMAIL, Channel.SMS


def refusal(cap: Cap, *contacts: Contact, channel: Channel = SMS) -> tuple[Reason, float] | None:
    """Ask one cap about somebody with these contacts."""
    ruling = frequency_cap(person(channel=channel, contacts=contacts), policy(caps=(cap,)), NOON)
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
    ruling = frequency_cap(person(contacts=(contact(1),)), terms, NOON)
    assert ruling is not None
    assert ruling.until == NOON + 47 * HOUR
    assert ruling.detail == "1 in 48 h"


def test_a_wait_beyond_the_longest_hold_is_a_skip_with_the_same_reason() -> None:
    """Weeks of waiting for a slot help nobody."""
    terms = policy(caps=(Cap(1, 24 * 30),))
    ruling = frequency_cap(person(contacts=(contact(1),)), terms, NOON)
    assert ruling is not None
    assert ruling[:3] == (Verdict.SKIP, Reason.CAP_PERSON, 0.0)


def test_a_cap_of_none_lets_nothing_through() -> None:
    """`max = 0` refuses for good, contacts or not."""
    ruling = frequency_cap(person(), policy(caps=(Cap(0, 24),)), NOON)
    assert ruling is not None
    assert ruling.verdict is Verdict.SKIP


def test_answers_are_not_counted_against_caps() -> None:
    """A person who asks is answered, however many offers there were."""
    terms = policy(caps=(Cap(0, 24),), message_class=MessageClass.HELP_REPLY)
    assert frequency_cap(person(), terms, NOON) is None


def counts(cap: Cap, one: Contact, terms: Policy) -> bool:
    """Tell whether a contact is one that a cap counts."""
    return (cap.channel in (None, one.channel)) and (
        cap.scope is CapScope.PERSON or one.brand == terms.brand
    )


moments = st.lists(
    st.tuples(st.floats(0, 40 * HOUR), st.sampled_from(Channel), st.booleans()),
    min_size=5,
    max_size=60,
)


@given(moments, st.lists(caps, min_size=1, max_size=3).map(tuple))
def test_no_rolling_stretch_ever_holds_more_than_its_cap(
    offers: list[tuple[float, Channel, bool]], limits: tuple[Cap, ...]
) -> None:
    """A stream of offers from two brands: whatever is let through keeps within every cap."""
    sent: list[Contact] = []
    for after, channel, own in sorted(offers, key=lambda offer: offer[0]):
        terms = policy(brand="roaster" if own else "theatre", caps=limits, min_gap_hours=0.0)
        someone = person(channel=channel, contacts=tuple(sent))
        if frequency_cap(someone, terms, NOON + after) is None:
            sent.append(Contact(NOON + after, channel, terms.brand, ""))
    for cap in limits:
        for brand in ("roaster", "theatre"):
            times = [one.at for one in sent if counts(cap, one, policy(brand=brand))]
            if cap.scope is CapScope.PERSON or cap.max == 0:
                times = [one.at for one in sent if cap.channel in (None, one.channel)]
            later = times[cap.max :]
            assert all(b - a >= cap.hours * HOUR for a, b in zip(times, later, strict=False))


@given(moments, st.lists(caps, min_size=1, max_size=3).map(tuple))
def test_a_slot_frees_at_the_instant_told_and_not_before(
    offers: list[tuple[float, Channel, bool]], limits: tuple[Cap, ...]
) -> None:
    """At `until` the rule passes, half a second before it does not."""
    found = tuple(
        Contact(NOON - after, channel, "roaster" if own else "theatre", "")
        for after, channel, own in offers
    )
    terms = policy(caps=limits, max_hold_hours=inf)
    ruling = frequency_cap(person(contacts=found), terms, NOON)
    if ruling is None or ruling.verdict is Verdict.SKIP:
        return
    assert frequency_cap(person(contacts=found), terms, ruling.until) is None
    assert frequency_cap(person(contacts=found), terms, max(NOON, ruling.until - 0.5)) is not None


@pytest.mark.parametrize("ago", [1.0, 23.0])
def test_the_shipped_caps_hold_a_second_text_of_a_brand_within_a_day(ago: float) -> None:
    """By default a brand sends one text a day."""
    decision = decide([person(contacts=(contact(ago),))], policy(), NOON, BOOK)[0]
    assert decision.reason is Reason.CAP_BRAND
