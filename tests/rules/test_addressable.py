"""Promises of the rule addressable."""

from __future__ import annotations

from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.rules.addressable import addressable
from tests.rules.people import NOON, person, policy


def test_without_an_address_nothing_is_sent() -> None:
    """No address on this channel: skipped, and said so."""
    assert addressable(person(address=""), policy(), NOON) == (
        Verdict.SKIP,
        Reason.NO_ADDRESS,
        0.0,
        "",
    )


def test_a_dead_address_is_left_alone() -> None:
    """An address that bounced for good is not tried again."""
    ruling = addressable(person(deliverable=False), policy(), NOON)
    assert ruling is not None
    assert ruling.reason is Reason.BAD_ADDRESS


def test_a_living_address_passes() -> None:
    """Nothing is asked but an address that works."""
    assert addressable(person(), policy(), NOON) is None
