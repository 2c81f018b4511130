"""Context flags: what may be going on with a person that offers wait for."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class ContextFlag(StrEnum):
    """Why offers are held. Words of at most 24 letters: they stand in each decision's facts.

    `hard_times` is one word for illness and bereavement, so that no record tells which it was.
    `quiet` is the person's own wish.
    """

    COMPLAINT = "complaint"
    DELIVERY_FAILURE = "delivery_failure"
    PAYMENT_FAILURE = "payment_failure"
    SUPPORT_CHAT = "support_chat"
    FRAUD_ALERT = "fraud_alert"
    HARD_TIMES = "hard_times"
    DO_NOT_DISTURB = "do_not_disturb"
    QUIET = "quiet"


# Nobody is sold to on the day their complaint was settled.
REST = timedelta(hours=72)
ANY_BRAND = "*"
