"""Promises of the rule sender."""

from __future__ import annotations

import pytest

from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.rules.sender import sender
from tests.rules.people import NOON, person, policy

NAMED = policy(barred_countries=("CA", "PR", "US"))


@pytest.mark.parametrize("places", [("US-TX",), ("GB", "US-NY"), ("CA",), ("PR",)])
def test_a_number_that_takes_no_names_gets_no_text(places: tuple[str, ...]) -> None:
    """What the number says stands behind what was stated of the home."""
    ruling = sender(person(jurisdictions=places), NAMED, NOON)
    assert ruling is not None
    assert ruling[:2] == (Verdict.SKIP, Reason.SENDER_FORBIDDEN)


@pytest.mark.parametrize("places", [("DE",), ("US-TX", "GB"), ()])
def test_other_numbers_do(places: tuple[str, ...]) -> None:
    """Whoever lives in America but has a British number can be sent a text by a name."""
    assert sender(person(jurisdictions=places), NAMED, NOON) is None


def test_numbers_may_send_anywhere_and_mails_have_no_such_senders() -> None:
    """Only names on texts are asked."""
    american = person(jurisdictions=("US-TX",))
    assert sender(american, policy(), NOON) is None
    assert sender(american._replace(channel=Channel.EMAIL), NAMED, NOON) is None
