"""Consent: the person asked for this topic on this channel, provably, and that has not ended."""

from __future__ import annotations

from dispatcher.domain.consent_terms import DAY, terms_at
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
    lasts, once, silence, answer, _, wrong, _ = terms_at(
        person.consent_kind, person.channel, person.jurisdictions
    )
    if wrong:
        return _refusal(Reason.NO_CONSENT, f"{person.consent_kind}: {wrong}")
    if now >= person.consent_since + lasts:
        return _refusal(Reason.CONSENT_EXPIRED, f"{person.consent_kind}: {lasts / DAY:.0f} days")
    if once and person.consent_used:
        return _refusal(Reason.CONSENT_EXPIRED, f"{person.consent_kind}: one message")
    silent = now - person.heard_at
    if silent < silence:
        return None
    days = f"{int(silent / DAY)} days of silence"
    if silent < silence + answer:
        return _refusal(Reason.CONSENT_DORMANT, days)
    return _refusal(Reason.CONSENT_EXPIRED, days)


def _refusal(reason: Reason, detail: str) -> Ruling:
    return Ruling(Verdict.SKIP, reason, detail=detail)
