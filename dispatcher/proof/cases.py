"""Cases: one decision with all it was made from, and what is true of the person in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Decision
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Policy, Window
from dispatcher.proof.pressure import HOUR, asked_for, newest

WHOLE_DAY = (0, 1440)
TIRED = 30 * 86400  # seconds
FEW, NONE_FROM = 8, 12  # offers ignored in a row: from then on one a month, and none
_ECHO = 48 * 3600.0  # seconds


class Case(NamedTuple):
    """One decision with what it was made from. `log`: all offers the person has had."""

    person: Recipient
    policy: Policy
    now: float
    profile: str
    decision: Decision
    log: Sequence[Contact]


def offer(case: Case) -> bool:
    """Whether it is about an offer, and no answer of ours."""
    return case.policy.message_class == MessageClass.PROMOTIONAL


def answers(case: Case) -> bool:
    """Whether it answers what the person asked for."""
    return offer(case) and asked_for(case.person, case.log, case.now)


def waived(case: Case) -> Case:
    """Give the case without the courtesies that answering a request does without."""
    if not answers(case):
        return case
    person = case.person._replace(hours_from=0, hours_until=0, days="")
    policy = replace(case.policy, window=Window(*WHOLE_DAY), send_at=-1)
    return case._replace(person=person, policy=policy)


def unasked(case: Case) -> Case:
    """Give the case as if the person had asked for nothing."""
    return case._replace(person=case.person._replace(asked_at=0.0))


def rested(case: Case) -> bool:
    """Whether the cool-down after the newest offer is over."""
    return case.now >= newest(case.log, case.now) + case.policy.min_gap_hours * HOUR


def tired(case: Case) -> bool:
    """Whether the person took no notice of too many offers."""
    if not case.policy.asks or case.person.ignored < FEW:
        return False
    return case.person.ignored >= NONE_FROM or case.now < newest(case.log, case.now) + TIRED


def held(case: Case) -> bool:
    """Whether something is going on that offers wait for."""
    return bool(case.person.context) and case.now < case.person.context_until


def echoes_until(case: Case) -> float:
    """Give until when the same offer rests that came on another channel."""
    person, policy = case.person, case.policy
    heard = [
        contact.at
        for contact in case.log
        if contact.channel != person.channel
        and contact.at <= case.now
        and (
            contact.campaign_id == policy.campaign_id
            or (contact.brand, contact.offer_code) == (policy.brand, policy.offer_code or None)
        )
    ]
    return max(heard, default=-inf) + _ECHO


def worthless(case: Case) -> bool:
    """Whether it costs more than it brings."""
    worth = case.policy.worth
    if worth is None:
        return False
    price = worth.sms_price if case.person.channel == Channel.SMS else worth.email_price
    brings = worth.gain * worth.response / (1 + case.person.ignored)
    return brings < price + worth.loss * worth.leaving
