"""Consent: the person asked for this topic on this channel, provably, and that has not ended."""

from __future__ import annotations

from dispatcher.domain.consent_terms import ending, terms_at
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 3

_REASONS = {
    ConsentState.UNPROVEN: Reason.IMPORTED_UNPROVEN,
    ConsentState.OPTED_OUT: Reason.TOPIC_OPTED_OUT,
}


def consent(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse an offer to anyone whose consent is not active; an unknown state is none at all.

    For a sensitive topic a consent to everything is none either.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    if person.consent == ConsentState.ACTIVE and not (policy.own_consent and person.consent_in_all):
        terms = terms_at(person.consent_kind, person.channel, person.jurisdictions)
        if terms.plain and now - person.heard_at < terms.silence:
            return None
        return ended(person, now)
    return Ruling(Verdict.SKIP, _REASONS.get(person.consent, Reason.NO_CONSENT))


def ended(person: Recipient, now: float) -> Ruling | None:
    """Say why the consent in force is none here, or none any more."""
    kind = person.consent_kind
    terms = terms_at(kind, person.channel, person.jurisdictions)
    if terms.wrong:
        return _refusal(Reason.NO_CONSENT, f"{kind}: {terms.wrong}")
    end = ending(terms, person.consent_since, person.heard_at, person.consent_used, now)
    if end is None:
        return None
    reason = Reason.CONSENT_EXPIRED if end.for_good else Reason.CONSENT_DORMANT
    return _refusal(reason, f"{kind}: {end.why}" if kind else end.why)


def _refusal(reason: Reason, detail: str) -> Ruling:
    return Ruling(Verdict.SKIP, reason, detail=detail)
