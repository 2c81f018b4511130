"""Promises of the rule worth it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Policy, Worth
from dispatcher.rules.decide import decide
from dispatcher.rules.replay import replay
from dispatcher.rules.worth_it import worth_it
from tests.rules.people import NOON, instants, people, person, policies, policy
from tests.support.rules import BOOK

WORTH = Worth(gain=4.0, response=0.02, loss=30.0, leaving=0.001, email_price=0.001, sms_price=0.05)
amounts = st.floats(0, 100)
shares = st.floats(0, 1)
worths = st.builds(Worth, amounts, shares, amounts, shares, amounts, amounts)


@pytest.mark.parametrize(
    ("worth", "goes"),
    [
        (WORTH, True),
        (replace(WORTH, gain=3.9), False),
        (replace(WORTH, sms_price=0.06), False),
        (replace(WORTH, leaving=0.002), False),
        (replace(WORTH, gain=0.0, loss=0.0, sms_price=0.0), True),
        (None, True),
    ],
)
def test_it_goes_if_it_brings_at_least_what_it_costs(worth: Worth | None, *, goes: bool) -> None:
    """0.08 against 0.05 and 0.03 of goodwill is just enough; without numbers nothing is asked."""
    assert (worth_it(person(), policy(worth=worth), NOON) is None) is goes


def test_the_price_is_that_of_the_channel() -> None:
    """What a text is not worth, a mail may be."""
    terms = policy(worth=replace(WORTH, gain=3.0))
    assert worth_it(person(channel=Channel.EMAIL), terms, NOON) is None
    assert worth_it(person(), terms, NOON) == Ruling(
        Verdict.SKIP,
        Reason.NOT_WORTH_IT,
        detail="brings 0.0600, costs 0.0500 and 0.0300 of goodwill",
    )


def test_whoever_ignores_offers_is_less_likely_to_respond() -> None:
    """After one that was ignored half as many respond: not worth it any more."""
    assert worth_it(person(ignored=1), policy(worth=WORTH), NOON) is not None


def test_answers_pass() -> None:
    """Nobody reckons whether a question deserves its answer."""
    terms = policy(worth=replace(WORTH, gain=0.0), message_class=MessageClass.HELP_REPLY)
    assert worth_it(person(), terms, NOON) is None


@given(people, policies, instants, worths)
def test_reckoning_never_turns_a_refusal_into_a_send(
    someone: Recipient, terms: Policy, now: float, worth: Worth
) -> None:
    """Numbers only ever refuse more, and the record gives the same again."""
    (before,) = decide([someone], replace(terms, worth=None), now, BOOK)
    reckoned = replace(terms, worth=worth)
    (after,) = decide([someone], reckoned, now, BOOK)
    if before.verdict is not Verdict.SEND:
        assert after.verdict is not Verdict.SEND
    assert replay(after.facts, reckoned, BOOK)[1:6] == after[1:6]
