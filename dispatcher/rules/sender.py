"""Sender: the country of the number lets a text come from a name, if this campaign's does."""

from __future__ import annotations

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy

VERSION = 1


def sender(person: Recipient, policy: Policy, _now: float) -> Ruling | None:
    """Refuse numbers of countries where the campaign's sender may not be seen as one.

    Of several jurisdictions that of the number stands last.
    """
    if not policy.barred_countries or person.channel != Channel.SMS or not person.jurisdictions:
        return None
    country = person.jurisdictions[-1][:2]
    if country not in policy.barred_countries:
        return None
    return Ruling(Verdict.SKIP, Reason.SENDER_FORBIDDEN, detail=f"a name may not send to {country}")
