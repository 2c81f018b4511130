"""Context hold: no offers while something is wrong, nor while the person wants to be left alone."""

from __future__ import annotations

from math import ceil, isinf

from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import hold

VERSION = 1


def context_hold(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse until the hold ends: an open one has no end, so that the person is skipped."""
    if not person.context or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    until = person.context_until
    until = until if isinf(until) else ceil(until)
    if until <= now:
        return None
    quiet = person.context == ContextFlag.QUIET
    reason = Reason.QUIET_UNTIL if quiet else Reason.CONTEXT_HOLD
    return hold(Ruling(Verdict.DEFER, reason, until, person.context), person, policy, now)
