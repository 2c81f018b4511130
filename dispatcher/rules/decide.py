"""Decide: ask every rule in order about every person; the first refusal is the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.asked_for import answers
from dispatcher.rules.book import RuleBook
from dispatcher.rules.facts import record
from dispatcher.rules.quiet_hours import open_until
from dispatcher.rules.reconfirm import due_for


def decide(
    people: Sequence[Recipient], policy: Policy, now: float, book: RuleBook
) -> list[Decision]:
    """Give exactly one decision a person, in the order of `people`; `now` is Unix seconds."""
    return [_decision(person, policy, now, book) for person in people]


def _decision(person: Recipient, policy: Policy, now: float, book: RuleBook) -> Decision:
    seen = record(person, policy, now, book.law)
    for name, judge in book.judges:
        ruling = judge(person, policy, now)
        if ruling is not None:
            verdict, reason, until, detail = ruling
            return Decision(
                person.customer_id,
                verdict,
                reason,
                name,
                until,
                0.0,
                person.consent_event,
                detail,
                seen,
            )
    sending = Decision(
        person.customer_id,
        Verdict.SEND,
        Reason.OK,
        "",
        0.0,
        open_until(person, policy, now, book.law),
        person.consent_event,
        "",
        seen,
    )
    if policy.reconfirms and policy.message_class == MessageClass.PROMOTIONAL:
        # Whoever was asked after the end was asked without a consent.
        ends = due_for(person).ends
        sending = sending._replace(send_before=min(sending.send_before, ends))
    if person.asked_at and answers(person, policy, now):
        return sending._replace(asked=True)
    return sending
