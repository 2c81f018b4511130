"""Promises of the rule consent."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import MessageClass
from dispatcher.rules.consent import consent
from tests.rules.people import NOON, person, policy

REFUSALS: list[tuple[Any, Reason]] = [
    (ConsentState.NONE, Reason.NO_CONSENT),
    (ConsentState.UNPROVEN, Reason.IMPORTED_UNPROVEN),
    (ConsentState.OPTED_OUT, Reason.TOPIC_OPTED_OUT),
    ("a state of tomorrow", Reason.NO_CONSENT),
]


@pytest.mark.parametrize(("state", "reason"), REFUSALS)
def test_only_active_consent_allows_an_offer(state: Any, reason: Reason) -> None:
    """Every other state refuses with its own reason; one we do not know refuses too."""
    ruling = consent(person(consent=state), policy(), NOON)
    assert ruling is not None
    assert ruling.reason is reason


def test_active_consent_passes() -> None:
    """Who asked for it gets it."""
    assert consent(person(), policy(), NOON) is None


def test_a_consent_to_everything_is_none_to_a_sensitive_topic() -> None:
    """Who agreed to everything was not asked about that; for other topics it does."""
    everything, sensitive = person(consent_in_all=True), policy(own_consent=True)
    ruling = consent(everything, sensitive, NOON)
    assert ruling is not None
    assert ruling.reason is Reason.NO_CONSENT
    assert consent(everything, policy(), NOON) is None
    assert consent(person(), sensitive, NOON) is None


@pytest.mark.parametrize("state", ConsentState)
def test_answers_to_the_persons_own_act_need_no_consent(state: ConsentState) -> None:
    """A STOP is confirmed and a HELP answered, whoever asks."""
    terms = policy(message_class=MessageClass.OPTOUT_CONFIRMATION)
    assert consent(person(consent=state), terms, NOON) is None
