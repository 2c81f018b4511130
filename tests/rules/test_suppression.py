"""Promises of the rule suppression."""

from __future__ import annotations

import pytest

from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.rules.suppression import suppression
from tests.rules.people import NOON, person, policy

ANSWERS = [kind for kind in MessageClass if kind is not MessageClass.PROMOTIONAL]


@pytest.mark.parametrize("why", ["opted_out", "complaint", "anything at all"])
def test_no_offer_goes_to_a_suppressed_address(why: str) -> None:
    """Whatever the reason of the suppression, offers stop, and the reason is told."""
    ruling = suppression(person(suppressed=why), policy(), NOON)
    assert ruling == Ruling(Verdict.SKIP, Reason.SUPPRESSED, 0.0, why)


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_one_answer_to_a_stop_arrives(kind: MessageClass) -> None:
    """After the person's own opt-out its confirmation and answers to further words still pass."""
    assert suppression(person(suppressed="opted_out"), policy(message_class=kind), NOON) is None


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_answer_goes_to_an_address_suppressed_for_another_cause(kind: MessageClass) -> None:
    """A complaint, a dead or a reassigned number silence everything."""
    assert suppression(person(suppressed="complaint"), policy(message_class=kind), NOON)


def test_who_is_on_no_list_passes() -> None:
    """Nothing is asked of the others."""
    assert suppression(person(), policy(), NOON) is None
