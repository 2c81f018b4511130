"""Reminder: of what people looked at they are reminded once, not at once, and seldom."""

from __future__ import annotations

from math import ceil

from dispatcher.domain.customers import Interest, Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import HOUR, hold

VERSION = 1

DAY = 24 * HOUR
VIEW_LASTS = 30 * DAY  # whoever looked longer ago has other things in mind
END_LASTS = 365 * DAY  # so long nothing begins anew what was bought, disliked or returned
LOOK_BACK = 44 * DAY  # the third of three reminders, and the first before it
MOST, _STRETCH = 3, 14 * DAY  # so many reminders in so long call for rest
_WAIT, _GAP, _REST = 4 * HOUR, 72 * HOUR, 30 * DAY


def reminder(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse a reminder that comes too soon, too often, a second time, or after it is all over."""
    if not policy.reminds_of or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    interest = person.interest or Interest()
    over = interest.ended or _lapsed(interest, now)
    if over:
        return Ruling(Verdict.SKIP, Reason.INTEREST_OVER, detail=over)
    if interest.reminded_of_it:
        return Ruling(Verdict.SKIP, Reason.REMINDED, detail="once is enough")
    until, reason, detail = max(
        (ceil(interest.seen_at) + _WAIT, Reason.REMINDER_WAIT, "4 h after the last look"),
        (_rested(interest.reminders[-1:], _GAP), Reason.REMINDER_GAP, "72 h between reminders"),
        (_rested(_crowded(interest.reminders), _REST), Reason.REMINDER_REST, "30 days after three"),
    )
    if until <= now:
        return None
    return hold(Ruling(Verdict.DEFER, reason, until, detail), person, policy, now)


def _lapsed(interest: Interest, now: float) -> str:
    if not interest.seen_at:
        return "never looked"
    return "looked long ago" if ceil(interest.seen_at) + VIEW_LASTS <= now else ""


def _rested(reminders: tuple[float, ...], rest: int) -> int:
    return ceil(reminders[-1]) + rest if reminders else 0


def _crowded(reminders: tuple[float, ...]) -> tuple[float, ...]:
    """Give the newest three if they lie within 14 days: whoever had these had none since.

    Rounded to seconds they may be one further apart than they were, so 14 days sharp counts.
    """
    newest = reminders[-MOST:]
    crowded = len(newest) == MOST and ceil(newest[-1]) - ceil(newest[0]) <= _STRETCH
    return newest if crowded else ()
