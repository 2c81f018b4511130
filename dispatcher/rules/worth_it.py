"""Worth it: an offer goes out only if it is expected to bring more than it costs, goodwill too."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Policy

VERSION = 1


def worth_it(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Refuse where the expected gain is less than the message and the expected loss of people.

    Each offer in a row that was ignored makes a response less likely: after one it counts half,
    after two a third.
    """
    worth = policy.worth
    if worth is None or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    expected = worth.gain * worth.response / (1 + person.ignored)
    price = worth.sms_price if person.channel == Channel.SMS else worth.email_price
    goodwill = worth.loss * worth.leaving
    if expected >= price + goodwill:
        return None
    detail = f"brings {expected:.4f}, costs {price:.4f} and {goodwill:.4f} of goodwill"
    return Ruling(Verdict.SKIP, Reason.NOT_WORTH_IT, detail=detail)
