"""Promises of the arbitration between offers: the best speak, in whatever order they come."""

from __future__ import annotations

from collections import deque
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Interest, Recipient
from dispatcher.domain.decisions import Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ALL_DAY, Cap, CapScope, Policy
from dispatcher.rules.decide import decide
from dispatcher.rules.one_voice import (
    Voice,
    competes,
    outranked_by,
    rank,
    room_for_all,
    speakers,
)
from tests.rules.people import HOUR, NOON, person, policy
from tests.support.rules import BOOK


def spec(terms: Policy, priority: int = 5, value: float = 0.0) -> CampaignSpec:
    """Make a campaign of which only rank and policy matter."""
    return CampaignSpec(
        "an offer",
        Brand(terms.brand, "", "", "", ""),
        Offer("an offer", value=value),
        Audience("coffee"),
        (Channel.SMS,),
        "",
        terms,
        priority=priority,
    )


def voice(wave_id: int, terms: Policy, someone: Recipient | None = None, **ranked: float) -> Voice:
    """Make an offer that wants to speak at noon."""
    made = spec(terms, int(ranked.get("priority", 5)), ranked.get("value", 0.0))
    return Voice(wave_id, made, someone or person(), NOON)


caps = st.builds(
    Cap,
    st.integers(1, 3),
    st.sampled_from([24, 72]),
    st.sampled_from(CapScope),
    st.none() | st.sampled_from(Channel),
)


@st.composite
def crowds(draw: st.DrawFn) -> list[Voice]:
    """Draw up to six offers of two brands and channels, each with limits of its own."""
    said = draw(
        st.lists(
            st.builds(
                Contact,
                st.sampled_from([NOON - 2 * HOUR, NOON - 30 * HOUR]),
                st.sampled_from(Channel),
                st.sampled_from(["roaster", "theatre"]),
                st.just("beans"),
            ),
            max_size=2,
        )
    )
    some = []
    for wave_id in range(1, draw(st.integers(1, 6)) + 1):
        terms = policy(
            campaign_id=wave_id,
            brand=draw(st.sampled_from(["roaster", "theatre"])),
            window=ALL_DAY,
            caps=tuple(draw(st.lists(caps, max_size=2))),
            min_gap_hours=draw(st.sampled_from([0.0, 0.0, 4.0])),
            offer_code=draw(st.sampled_from(["", "", "WEEK26"])),
        )
        consent = draw(st.sampled_from([ConsentState.ACTIVE] * 4 + [ConsentState.NONE]))
        channel = draw(st.sampled_from(Channel))
        someone = person(channel=channel, consent=consent, contacts=tuple(said))
        priority, value = draw(st.integers(1, 3)), draw(st.sampled_from([0.0, 5.0, 9.5]))
        some.append(voice(wave_id, terms, someone, priority=priority, value=value))
    return some


def heard(spoken: list[Voice]) -> tuple[Contact, ...]:
    """Give what the person has heard of these."""
    return tuple(
        Contact(
            NOON,
            each.person.channel,
            each.spec.policy.brand,
            each.spec.policy.subject,
            each.spec.policy.campaign_id,
            each.spec.policy.offer_code,
        )
        for each in spoken
    )


def passes(one: Voice, before: list[Voice]) -> bool:
    """Ask the rules about one offer, after some others were sent."""
    knowing = one.person._replace(contacts=(*one.person.contacts, *heard(before)))
    return decide([knowing], one.spec.policy, NOON, BOOK)[0].verdict is Verdict.SEND


def best_by_trying_all(crowd: list[Voice]) -> list[int]:
    """Try every set of offers that could be sent one after another; give the one ranked best."""
    ranked = sorted(crowd, key=lambda each: each.rank)
    possible = [
        chosen
        for size in range(len(ranked) + 1)
        for chosen in combinations(ranked, size)
        if all(passes(each, list(chosen[:place])) for place, each in enumerate(chosen))
    ]
    best = max(possible, key=lambda chosen: [each in chosen for each in ranked])
    return sorted(each.wave_id for each in best)


@settings(max_examples=150)
@given(crowds())
def test_the_most_valuable_offers_speak_that_there_is_room_for(crowd: list[Voice]) -> None:
    """No other set of offers is ranked better, of all that keep every limit."""
    spoken = speakers(crowd, NOON, BOOK)
    assert sorted(each.voice.wave_id for each in spoken) == best_by_trying_all(crowd)


@settings(max_examples=150)
@given(crowds(), st.randoms(use_true_random=False))
def test_in_whatever_order_batches_are_taken_the_same_offers_are_sent(
    crowd: list[Voice], dice: object
) -> None:
    """Each offer asks in its turn who is better, and waits or goes; the outcome is the best one."""
    queue = deque(crowd)
    dice.shuffle(queue)  # type: ignore[attr-defined]
    sent: list[Voice] = []
    while queue:
        ours = queue.popleft()
        better = [
            each._replace(
                person=each.person._replace(contacts=(*each.person.contacts, *heard(sent)))
            )
            for each in queue
            if each.rank < ours.rank
        ]
        knowing = ours.person._replace(contacts=(*ours.person.contacts, *heard(sent)))
        ours_now = ours._replace(person=knowing)
        if not passes(ours_now, []):
            continue
        if outranked_by(ours_now, speakers(better, NOON, BOOK), BOOK):
            queue.append(ours)
        else:
            sent.append(ours)
    assert sorted(each.wave_id for each in sent) == best_by_trying_all(crowd)


@settings(max_examples=150)
@given(crowds())
def test_where_there_is_room_for_all_nobody_waits(crowd: list[Voice]) -> None:
    """The short cut never lets anybody through whom the long way would hold back."""
    if room_for_all(crowd, NOON, BOOK):
        for ours in crowd:
            better = [each for each in crowd if each.rank < ours.rank]
            assert outranked_by(ours, speakers(better, NOON, BOOK), BOOK) is None


def test_offers_are_ranked_by_priority_then_value_then_age() -> None:
    """The least rank speaks first."""
    terms = policy()
    ranks = [
        rank(spec(terms, priority=8), 9),
        rank(spec(terms, priority=5, value=20.0), 8),
        rank(spec(terms, priority=5, value=3.0), 1),
        rank(spec(terms, priority=5, value=3.0), 2),
    ]
    assert ranks == sorted(ranks)


def test_answers_do_not_compete() -> None:
    """What a person asked for waits for no offer and takes no offer's place."""
    assert competes(spec(policy()))
    assert not competes(spec(policy(message_class=MessageClass.HELP_REPLY)))


def test_an_offer_that_opens_within_the_hold_speaks_then() -> None:
    """Its slot is kept for it; one that opens later has no claim yet."""
    early = policy(window=ALL_DAY, starts_at=NOON + HOUR, caps=(Cap(1, 24),))
    soon = voice(1, early)
    assert speakers([soon], NOON + 0.5 * HOUR, BOOK) == []
    (spoken,) = speakers([soon], NOON + HOUR, BOOK)
    assert spoken.voice.at == NOON + HOUR
    ours = voice(2, policy(window=ALL_DAY, caps=(Cap(1, 24),)))
    assert outranked_by(ours, [spoken], BOOK) == spoken


def test_a_lesser_offer_with_wide_limits_leaves_room_to_a_better_one_with_narrow_ones() -> None:
    """It would itself keep within its own caps, but shut the better one out."""
    better = voice(1, policy(window=ALL_DAY, caps=(Cap(1, 24),), min_gap_hours=0.0), priority=9)
    lesser = voice(2, policy(window=ALL_DAY, caps=(), min_gap_hours=0.0))
    spoken = speakers([better], NOON, BOOK)
    assert outranked_by(lesser, spoken, BOOK) == spoken[0]


def test_of_two_reminders_one_speaks() -> None:
    """What a better one is about to remind of counts as said, the product and the moment."""
    looked = person(interest=Interest(NOON - 9 * HOUR))
    free: dict[str, Any] = {"window": ALL_DAY, "caps": (), "min_gap_hours": 0.0}
    machine = policy(reminds_of="machine", **free)
    better, again = voice(1, machine, looked, priority=9), voice(2, machine, looked)
    other = voice(3, policy(reminds_of="grinder", **free), looked)
    offer = voice(4, policy(**free))
    spoken = speakers([better, again, other, offer], NOON, BOOK)
    assert [each.voice.wave_id for each in spoken] == [1, 4]
    assert outranked_by(other, spoken[:1], BOOK) == spoken[0]
    assert not room_for_all([better, other], NOON, BOOK)
