"""Reminders, judged a second time: of what was looked at, at the right moment, and not often."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from dispatcher.domain.customers import Contact
from dispatcher.proof.cases import Case
from dispatcher.proof.pressure import HOUR, reminder_due, too_many_reminders

_AFTER_A_LOOK, _FORGOTTEN = 4 * HOUR, 30 * 24 * HOUR  # seconds


def unwanted(case: Case, rounded: float) -> Iterator[str]:
    """Name what is wrong with sending this reminder; `rounded`: seconds the record may be off."""
    if done_with(case, rounded):
        yield "nobody has an interest in the product"
    elif case.now < _seen(case) + _AFTER_A_LOOK:
        yield "it was looked at less than 4 h ago"
    policy = case.policy
    this = Contact(case.now, case.person.channel, policy.brand, "", reminds_of=policy.reminds_of)
    yield from too_many_reminders([*case.log, this])


def _seen(case: Case) -> float:
    return case.person.interest.seen_at if case.person.interest else -inf


def done_with(case: Case, slack: float = 0.0) -> bool:
    """Tell whether the person has no interest in the product, or none any more."""
    interest = case.person.interest
    forgotten = case.now >= _seen(case) + _FORGOTTEN + slack
    return interest is None or bool(interest.ended) or forgotten


def reminded(case: Case) -> bool:
    """Tell whether they were reminded of this very product."""
    of = case.policy.brand, case.policy.reminds_of
    return any((contact.brand, contact.reminds_of) == of for contact in case.log)


def right_moment(case: Case) -> float:
    """Give from when on a reminder may go, as far as reminders are concerned."""
    return max(_seen(case) + _AFTER_A_LOOK, reminder_due(case.log))
