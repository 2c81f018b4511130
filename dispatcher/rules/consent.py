"""Consent: the person asked for this topic on this channel, and there is proof of it."""

from __future__ import annotations

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 2

_REASONS = {
    ConsentState.UNPROVEN: Reason.IMPORTED_UNPROVEN,
    ConsentState.OPTED_OUT: Reason.TOPIC_OPTED_OUT,
}


def consent(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Refuse an offer to anyone whose consent is not active; an unknown state is none at all.

    For a sensitive topic a consent to everything is none either.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    if person.consent == ConsentState.ACTIVE and not (policy.own_consent and person.consent_in_all):
        return None
    return Ruling(Verdict.SKIP, _REASONS.get(person.consent, Reason.NO_CONSENT))
