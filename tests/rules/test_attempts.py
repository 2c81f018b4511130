"""Promises of the rule attempts."""

from __future__ import annotations

from dispatcher.domain.decisions import Reason
from dispatcher.rules.attempts import attempts
from tests.rules.people import NOON, person, policy


def test_a_message_is_tried_as_often_as_the_policy_says() -> None:
    """With three attempts allowed the third is made and a fourth is not."""
    terms = policy(max_attempts=3)
    assert attempts(person(attempts=2), terms, NOON) is None
    ruling = attempts(person(attempts=3), terms, NOON)
    assert ruling is not None
    assert ruling.reason is Reason.TOO_MANY_ATTEMPTS
