"""Decisions: the one verdict on each person of each campaign, with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What is to happen now."""

    SEND = "send"
    DEFER = "defer"
    SKIP = "skip"


class Reason(StrEnum):
    """Why, in the words people see. Stable: reports and tests rely on them.

    Each is told in docs/rules.md#all-reasons.
    """

    OK = "ok"
    TENANT_PAUSED = "tenant_paused"
    OFFER_NOT_STARTED = "offer_not_started"
    OFFER_EXPIRED = "offer_expired"
    LEFT_AUDIENCE = "left_audience"
    ERASED = "erased"
    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    IMPORTED_UNPROVEN = "imported_unproven"
    TOPIC_OPTED_OUT = "topic_opted_out"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_DORMANT = "consent_dormant"
    SENDER_FORBIDDEN = "sender_forbidden"
    HOLDOUT = "holdout"
    CONTEXT_HOLD = "context_hold"
    QUIET_UNTIL = "quiet_until"
    NOT_WORTH_IT = "not_worth_it"
    INTEREST_OVER = "interest_over"
    REMINDED = "reminded"
    REMINDER_WAIT = "reminder_wait"
    REMINDER_GAP = "reminder_gap"
    REMINDER_REST = "reminder_rest"
    RECONFIRM_NOT_DUE = "reconfirm_not_due"
    RECONFIRM_ASKED = "reconfirm_asked"
    QUIET_HOURS = "quiet_hours"
    QUIET_HOURS_EXPIRED = "quiet_hours_expired"
    SCHEDULED = "scheduled"
    ZONE_UNKNOWN_CLOSED = "zone_unknown_closed"
    CAP_BRAND = "cap_brand"
    CAP_PERSON = "cap_person"
    CAP_SUBJECT = "cap_subject"
    CAP_CHANNELS = "cap_channels"
    CAP_DISCLOSED_FREQUENCY = "cap_disclosed_frequency"
    CAP_OWN_MOST = "cap_own_most"
    MIN_GAP = "min_gap"
    ECHO = "echo"
    FATIGUE = "fatigue"
    DORMANT = "dormant"
    OUTRANKED = "outranked"
    OTHER_CHANNEL = "other_channel"
    BURST = "burst"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    COST_CEILING = "cost_ceiling"
    MISSING_FIELD = "missing_field"
    RENDER_FAILED = "render_failed"
    TOO_MANY_SEGMENTS = "too_many_segments"
    GATEWAY_DEFERRED = "gateway_deferred"
    GATEWAY_REFUSED = "gateway_refused"
    RATE_LIMITED = "rate_limited"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class Ruling(NamedTuple):
    """One rule's refusal. `until`: Unix seconds at which a DEFER may be tried again."""

    verdict: Verdict
    reason: Reason
    until: float = 0.0
    detail: str = ""


class Decision(NamedTuple):
    """The verdict on one person, and the rule that spoke.

    `send_before`: Unix seconds, the end of the window in which SEND holds. `rule` is the rule's
    file name. `facts` is the compact record of what the rules saw, at most 200 bytes. `behind` is
    the wave that outranks this one, 0 for none. `late`: seconds after `until` at which a DEFER is
    woken. `asked`: a SEND that answers the person's request.
    """

    customer_id: int
    verdict: Verdict
    reason: Reason
    rule: str
    until: float
    send_before: float
    consent_event: int
    detail: str
    facts: str
    behind: int = 0
    late: float = 0.0
    asked: bool = False
