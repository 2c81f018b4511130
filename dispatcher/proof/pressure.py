"""Caps and gaps, counted again from a log of everything that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.policies import ANY_SUBJECT, Policy
from dispatcher.proof.table import Table

HOUR = 3600
DAY = 24 * HOUR
_ANSWER = 900  # seconds in which a request may be answered
_MONTH = 31 * 24  # hours: of the longest month
# As policies say it, and as the table does.
PERSON = ("person", "recipient")
BRAND = ("brand", "recipient+brand")
SUBJECT = ("subject", "recipient+subject")
CHANNELS = ("channels", "recipient_channels")


def full_caps(
    table: Table, person: Recipient, policy: Policy, log: Sequence[Contact], at: float
) -> Iterator[str]:
    """Name each cap that leaves no room at `at` for one more offer to a person."""
    own = 0.5 if asked_for(person, log, at) else 1.0
    for cap in policy.caps:
        if cap.channel in (None, person.channel):
            found = _within(log, cap.hours, at, cap.channel)
            if _over(cap.scope, found, person, policy, cap.max, own):
                yield f"{cap.max} in {cap.hours} h ({cap.scope}, {cap.channel or 'any channel'})"
    for law in table.caps(person.jurisdictions, person.channel):
        found = _within(log, law.hours, at, None if law.scope in CHANNELS else law.channel)
        if _used(law.scope, found, person, policy) >= law.most:
            yield f"{law.most} in {law.hours} h ({law.scope}, {law.code})"
    for promised, scope in ((person.promised, "brand"), (person.promised_in_all, "person")):
        found = _within(log, _MONTH, at, person.channel) if promised else []
        if promised and _used(scope, found, person, policy) >= promised:
            yield f"{promised} promised for a month ({scope})"
    if person.most_a_month and len(_within(log, _MONTH, at, None)) >= person.most_a_month:
        yield f"{person.most_a_month} a month are the most they want"


def asked_for(person: Recipient, log: Sequence[Contact], at: float) -> bool:
    """Whether an offer at this instant answers a request that none has answered yet."""
    asked = int(person.asked_at)
    if not asked or any(each.asked and -(-each.at // 1) >= asked for each in log):
        return False
    return asked <= at < asked + _ANSWER


def _over(
    scope: str, found: Sequence[Contact], person: Recipient, policy: Policy, most: int, own: float
) -> bool:
    """Whether one more is over a campaign's cap; of messages, those asked for count half."""
    if scope in CHANNELS:
        return _used(scope, found, person, policy) >= most
    asked = [each for each in found if each.asked]
    whole = [each for each in found if not each.asked]
    used = _used(scope, whole, person, policy) + _used(scope, asked, person, policy) / 2
    return used + own > most


def _used(scope: str, found: Sequence[Contact], person: Recipient, policy: Policy) -> int:
    """Count what a cap of this scope counts, by the words of policies and those of the table."""
    if scope in CHANNELS:
        return len({contact.channel for contact in found if contact.channel != person.channel})
    if scope in BRAND:
        return sum(contact.brand == policy.brand for contact in found)
    if scope in SUBJECT:
        return sum(_same(contact.subject, policy.subject) for contact in found)
    if scope in PERSON:
        return len(found)
    raise ValueError(scope)


def _same(one: str, other: str) -> bool:
    """Whether two offers may be about the same; one that does not say may be about any."""
    return one == other or ANY_SUBJECT in (one, other)


def newest(log: Sequence[Contact], at: float) -> float:
    """Give the instant of the newest contact before `at`; 0 if there is none."""
    return max((contact.at for contact in log if contact.at <= at), default=0.0)


def _within(log: Sequence[Contact], hours: float, at: float, channel: str | None) -> list[Contact]:
    seconds = hours * HOUR
    return [
        contact
        for contact in log
        if contact.at <= at < contact.at + seconds and channel in (None, contact.channel)
    ]


def too_many_reminders(log: Sequence[Contact]) -> Iterator[str]:
    """Say what is wrong with the reminders in a log of everything that was sent to a person."""
    sent = sorted((contact for contact in log if contact.reminds_of), key=lambda each: each.at)
    products = [(contact.brand, contact.reminds_of) for contact in sent]
    for brand, product in {each for each in products if products.count(each) > 1}:
        yield f"two reminders of {product} of {brand}"
    for place, later in enumerate(sent):
        before = sent[:place]
        if before and later.at - before[-1].at < 72 * HOUR:
            yield "less than 72 h between two reminders"
        if len(before) >= 3 and later.at - before[-3].at < 14 * DAY:
            yield "four reminders in 14 days"
        for first, third in zip(before, before[2:], strict=False):
            if third.at - first.at < 14 * DAY and later.at < third.at + 30 * DAY:
                yield "a reminder in the 30 days of rest after three"


def reminder_due(log: Sequence[Contact]) -> float:
    """Give when the next reminder may go, after those in a log; instants may be a second off."""
    sent = sorted(contact.at for contact in log if contact.reminds_of)
    due = sent[-1] + 72 * HOUR if sent else 0.0
    rests = [
        third + 30 * DAY
        for first, third in zip(sent, sent[2:], strict=False)
        if third - first < 14 * DAY + 1
    ]
    return max(due, *rests) if rests else due
