"""Grounds judged: whether a consent of this kind holds in these places, at this age and silence."""

from __future__ import annotations

from math import inf

from dispatcher.domain.consent_kinds import ConsentKind as Kind
from dispatcher.domain.customers import Recipient
from dispatcher.domain.messages import Channel

_DAYS = {Kind.CASL_IMPLIED_PURCHASE: 730, Kind.CASL_IMPLIED_INQUIRY: 181, Kind.CASL_REFERRAL: 181}
_SINGLE = (Kind.CASL_REFERRAL, Kind.ASK_ONCE)
_CANADIAN = (*_DAYS, Kind.CASL_IMPLIED_PUBLISHED)
_AMERICAN = ("US", "PR", "GU", "VI", "AS", "MP")
_BY_MAIL = (Kind.LEGITIMATE_INTEREST_B2B, Kind.US_CANSPAM_NOTICE)
_LIKE_GOODS = (
    *("AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GP"),
    *("GR", "HR", "IE", "IL", "IS", "IT", "LI", "LT", "LU", "LV", "MQ", "MT", "NL", "NO", "PT"),
    *("RE", "RO", "SE", "SI", "SK", "YT"),
)
_DAY = 86_400


def good(person: Recipient) -> bool:
    """Whether the kind of consent is a ground for an offer wherever the person may be."""
    kind, text = person.consent_kind, person.channel == Channel.SMS
    lands = {place.split("-")[0] for place in person.jurisdictions}
    if kind == Kind.TCPA_PEC or (text and kind in _BY_MAIL):
        return False
    named = kind in tuple(Kind)
    if text and named and kind != Kind.TCPA_PEWC and lands.intersection(_AMERICAN):
        return False
    if kind == Kind.SOFT_OPT_IN and text and lands.intersection(("IT", "DK")):
        return False
    home = _home_of(kind)
    return home is None or (bool(lands) and lands.issubset(home))


def _home_of(kind: str) -> tuple[str, ...] | None:
    """Name the only countries that know a kind; None if all do."""
    if kind in _CANADIAN:
        return ("CA",)
    if kind == Kind.SOFT_OPT_IN:
        return _LIKE_GOODS
    if kind == Kind.ASK_ONCE:
        return ("ZA", "VN")
    return _AMERICAN if kind == Kind.US_CANSPAM_NOTICE else None


def over(person: Recipient, now: float) -> bool:
    """Whether the consent has ended for good: by its time, its use, or a silence unbroken."""
    kind = person.consent_kind
    aged = kind in _DAYS and now - person.consent_since >= _DAYS[Kind(kind)] * _DAY
    used = kind in _SINGLE and person.consent_used
    return aged or used or now - person.heard_at >= _bearable(person)[1]


def asleep(person: Recipient, now: float) -> bool:
    """Whether it rests until the person gives a sign."""
    silent = now - person.heard_at
    return _bearable(person)[0] <= silent < _bearable(person)[1]


def aging(person: Recipient) -> bool:
    """Whether the consent has an end by time."""
    return person.consent_kind in _DAYS


def silent_since(person: Recipient) -> float:
    """Give since when a silence lasts that may end it; infinite where none does."""
    return person.heard_at if _bearable(person)[0] < inf else inf


def end(person: Recipient) -> float:
    """Give when it ends or rests if nothing happens."""
    days = _DAYS[Kind(person.consent_kind)] if aging(person) else inf
    return min(person.consent_since + days * _DAY, person.heard_at + _bearable(person)[0])


def _bearable(person: Recipient) -> tuple[float, float]:
    """Give after how much silence a consent rests, and ends."""
    if person.consent_kind == Kind.KR_AD_CONSENT:
        return inf, inf
    irish = any(place.split("-")[0] == "IE" for place in person.jurisdictions)
    if person.consent_kind == Kind.SOFT_OPT_IN and irish:
        return 365.0 * _DAY, 365.0 * _DAY
    return 730.0 * _DAY, 790.0 * _DAY
