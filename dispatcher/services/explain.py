"""Explain: why somebody got a message or not, with the proof, and each decision made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite

from sqlalchemy import Connection

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.deliveries import CAME
from dispatcher.domain.explanations import (
    DecisionLine,
    Explanation,
    HoursLine,
    Story,
    SuppressionLine,
)
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.people import Person
from dispatcher.domain.policies import Policy, Window
from dispatcher.domain.programme import Programme
from dispatcher.rules.asked_for import answers
from dispatcher.rules.book import RuleBook, rule_book
from dispatcher.rules.facts import recall
from dispatcher.rules.jurisdictions import Jurisdictions, Profile
from dispatcher.rules.permitted_hours import Where, causes, permitted, plan
from dispatcher.rules.quiet_hours import whereabouts, without_courtesies
from dispatcher.rules.replay import replay
from dispatcher.services.why import Teller
from dispatcher.storage import campaigns, chains, context_flags, signals
from dispatcher.storage import explain as records
from dispatcher.storage.stood_on import stood_on

_SAME_INSTANT = 0.001  # seconds: the database keeps microseconds
# Decided on what the rules had said, by what else there was at that moment.
# What is said after the rules were asked, and what they themselves may have said there.
_AFTER_THE_RULES = {
    Reason.OUTRANKED: (Verdict.SEND,),
    Reason.OTHER_CHANNEL: (Verdict.SKIP,),
    Reason.BURST: (Verdict.SEND, Verdict.DEFER),
}


def explain(
    conn: Connection,
    person: Person,
    book: RuleBook,
    campaign_id: int = 0,
    programme: Programme | None = None,
) -> Explanation:
    """Give everything on record about a person; of one campaign only, or (0) of all.

    Decisions made by this very `book`, or by it under the other profile, are made again.
    """
    stories = _with_reasons(conn, person, records.stories(conn, person.id, campaign_id), programme)
    consents = records.consent_lines(conn, person.id)
    given = {line.id: line.occurred_at for line in consents}
    return Explanation(
        person=person,
        standings=records.standings(conn, person.id),
        consents=consents,
        faults=tuple(
            f"event {fault.seq}: {fault.problem}"
            for fault in chains.verify_chain(conn, [person.id])
        ),
        suppressions=_suppressions(conn, person),
        holds=context_flags.of_person(conn, person.id),
        signals=signals.of_person(conn, person.id),
        stories=tuple(_replayed(conn, story, book, given) for story in stories),
        replies=records.replies(conn, person.id),
        answers=records.answers(conn, person.id),
        acts=records.acts(conn, person.id),
    )


def _with_reasons(
    conn: Connection, person: Person, stories: Sequence[Story], programme: Programme | None
) -> list[Story]:
    """Say of each message that came what it said of why, as its reader was told."""
    waves = [story.wave_id for story in stories if story.state in CAME]
    stood = stood_on(conn, person.id, waves) if waves else {}
    teller = Teller(conn, programme)
    return [
        replace(story, why=teller.tell(stood[story.wave_id], person.language))
        if story.wave_id in stood
        else story
        for story in stories
    ]


def _suppressions(conn: Connection, person: Person) -> tuple[SuppressionLine, ...]:
    return tuple(
        line
        for at in person.addresses
        for line in records.suppressions(conn, at.channel, [at.digest, at.digest_wide])
    )


def _replayed(
    conn: Connection, story: Story, book: RuleBook, given: Mapping[int, datetime]
) -> Story:
    policy = campaigns.load_version(conn, story.version_id).spec.policy
    lines = tuple(_again(line, policy, book, given) for line in story.decisions)
    return replace(story, decisions=lines, window=_window(policy))


def _again(
    line: DecisionLine, policy: Policy, book: RuleBook, given: Mapping[int, datetime]
) -> DecisionLine:
    """Decide again on the recorded facts, and say whether that gives the recorded verdict.

    `given`: when the events of the person's ledger happened.
    """
    then = _book_of(line, book)
    if then is None:
        return line
    try:
        decision = replay(line.facts, policy, then)
    except (ValueError, KeyError, IndexError):
        return line._replace(agrees=False, replayed="its facts cannot be read")
    hours = _hours(line, policy, then, given)
    line = line._replace(send_before=_at(decision.send_before), hours=hours)
    if _same(line, decision):
        return line._replace(agrees=True)
    return line._replace(agrees=False, replayed=_words(decision))


def _book_of(line: DecisionLine, book: RuleBook) -> RuleBook | None:
    """Give the book that decided, if it is this one under any profile."""
    profiles = (
        rule_book(book.law._replace(profile=each), book.name, book.version) for each in Profile
    )
    return next((each for each in (book, *profiles) if each.hash == line.rule_book), None)


def _hours(
    line: DecisionLine, policy: Policy, book: RuleBook, given: Mapping[int, datetime]
) -> HoursLine | None:
    """Tell the hours that bound the person then, on the recorded facts."""
    person, now = recall(line.facts, policy)
    data = book.law.on(policy.brand, now)
    if answers(person, policy, now):
        person, policy = without_courtesies(person, policy)
    where = whereabouts(person, policy, data, book.law.profile)
    if where is None or policy.message_class is not MessageClass.PROMOTIONAL:
        return None
    made, told = plan(data, where), permitted(data, where, now)
    shut = (made.problem,) if made.problem else tuple(_shut(data, where, now))
    return HoursLine(
        person.jurisdictions,
        made.bound_by,
        made.zones,
        shut,
        _at(told.next_open),
        _at(told.closes),
        tuple(_opened_by(data, where, now, person, given)) if told.next_open == now else (),
    )


def _opened_by(
    data: Jurisdictions,
    where: Where,
    now: float,
    person: Recipient,
    given: Mapping[int, datetime],
) -> Iterator[str]:
    """Name what the person agreed to without which it would be shut."""
    for each, own in zip(person.agreed, where.own_hand, strict=True):
        others = tuple(other for other in where.own_hand if other != own)
        if permitted(data, where._replace(own_hand=others), now).next_open != now:
            when = f" of {given[each.event]:%Y-%m-%d}" if each.event in given else ""
            hours = f"{_clock(each.opens)}-{_clock(each.closes)}"
            yield f"agreement #{each.event}{when} to {hours} in {each.jurisdiction}"
    if permitted(data, where._replace(consent_lifts=False), now).next_open != now:
        yield "the express written consent, as an override lets it"


def _shut(data: Jurisdictions, where: Where, now: float) -> Iterator[str]:
    for cause in causes(data, where, now):
        if not cause.open:
            yield f"{cause.code} in {cause.zone}" + (f" ({cause.holiday})" * bool(cause.holiday))


def _at(instant: float | None) -> datetime | None:
    """Give an instant; None for none, and for the end of what has no end."""
    return datetime.fromtimestamp(instant, UTC) if instant and isfinite(instant) else None


def _same(line: DecisionLine, decision: Decision) -> bool:
    if line.reason in _AFTER_THE_RULES:
        return decision.verdict in _AFTER_THE_RULES[line.reason]
    told = (line.verdict, line.reason, line.rule)
    if told != (decision.verdict, decision.reason, decision.rule):
        return False
    until = line.until.timestamp() if line.until else 0.0
    deferred = decision.verdict is Verdict.DEFER
    return not deferred or abs(until - decision.until) < _SAME_INSTANT


def _words(decision: Decision) -> str:
    words = f"{decision.verdict} ({decision.reason})"
    if decision.verdict is Verdict.DEFER:
        words += f" until {datetime.fromtimestamp(decision.until, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return words


def _window(policy: Policy) -> str:
    hours = f"{_clock(policy.window.opens)}-{_clock(policy.window.closes)} on the person's clock"
    if policy.window == Window(0, 24 * 60):
        hours = "the whole day"
    return f"{hours}, from {_clock(policy.send_at)}" if policy.send_at >= 0 else hours


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
