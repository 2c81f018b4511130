"""Addressable: there is an address for this channel, and messages to it arrive."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.policies import Policy

VERSION = 2

_ERASED = Ruling(Verdict.SKIP, Reason.ERASED)
_NONE = Ruling(Verdict.SKIP, Reason.NO_ADDRESS)
_BAD = Ruling(Verdict.SKIP, Reason.BAD_ADDRESS)


def addressable(person: Recipient, _policy: Policy, _now: float) -> Ruling | None:
    """Refuse people without an address on this channel, or with one known to be dead."""
    if not person.address:
        return _ERASED if person.suppressed == Reason.ERASED else _NONE
    return None if person.deliverable else _BAD
