"""Deliveries: the state of each person in a wave, and how one state may follow another."""

from __future__ import annotations

from enum import StrEnum

from dispatcher.domain.messages import Outcome


class DeliveryState(StrEnum):
    """The life of a delivery row."""

    RESERVED = "reserved"  # decided SEND, ordinal given, not settled
    DEFERRED = "deferred"  # comes back when due and meets all rules again
    SKIPPED = "skipped"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNSURE = "unsure"  # was on the wire when its worker died: never repeated by itself


FINAL = frozenset(
    {
        DeliveryState.SKIPPED,
        DeliveryState.ACCEPTED,
        DeliveryState.REFUSED,
        DeliveryState.UNSURE,
    }
)

# What somebody may well have read; of the second nobody is sure.
CAME = (DeliveryState.ACCEPTED, DeliveryState.UNSURE)

# A receipt is a fact: it counts whenever it arrives, unless a certain one is already there.
SETTLES: dict[DeliveryState, frozenset[Outcome]] = {
    DeliveryState.RESERVED: frozenset(Outcome),
    DeliveryState.UNSURE: frozenset({Outcome.ACCEPTED, Outcome.REFUSED}),
    DeliveryState.DEFERRED: frozenset(),
    DeliveryState.SKIPPED: frozenset(),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.REFUSED: frozenset(),
}

SETTLED_AS: dict[Outcome, DeliveryState] = {
    Outcome.ACCEPTED: DeliveryState.ACCEPTED,
    Outcome.REFUSED: DeliveryState.REFUSED,
    Outcome.DEFERRED: DeliveryState.DEFERRED,
    Outcome.UNSURE: DeliveryState.UNSURE,
    Outcome.WITHHELD: DeliveryState.DEFERRED,
}


def settle(state: DeliveryState, outcome: Outcome) -> DeliveryState:
    """Give the state after a receipt; unchanged when the receipt says nothing new."""
    return SETTLED_AS[outcome] if outcome in SETTLES[state] else state
