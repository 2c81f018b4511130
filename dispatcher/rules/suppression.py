"""Suppression: the address is on a list of those never to be written to."""

from __future__ import annotations

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 1


def suppression(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Refuse suppressed people.

    Only an answer to the person's own act passes, and only where the suppression is the person's
    own opt-out: the one confirmation after STOP must reach those who have just been suppressed.
    """
    if not person.suppressed:
        return None
    own_act = person.suppressed == ConsentState.OPTED_OUT
    if own_act and policy.message_class != MessageClass.PROMOTIONAL:
        return None
    return Ruling(Verdict.SKIP, Reason.SUPPRESSED, detail=person.suppressed)
