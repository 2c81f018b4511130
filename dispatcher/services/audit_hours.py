"""Audit of hours: each hand-over on record, judged again from the table of jurisdictions alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.proof.cases import Case
from dispatcher.proof.hours import open_end
from dispatcher.proof.table import Table
from dispatcher.proof.verdicts import clock_of, in_hours
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.book import RuleBook, rule_book
from dispatcher.rules.facts import recall
from dispatcher.rules.jurisdictions import Profile
from dispatcher.storage import campaigns
from dispatcher.storage.database import Database
from dispatcher.storage.hand_overs import HandOver, hand_overs, waves

_KEPT = 1_000  # findings of each kind that are told in full


class Finding(NamedTuple):
    """One hand-over that was not in its hours, or cannot be judged, and why."""

    wave_id: int
    customer_id: int
    campaign: str
    decided_at: datetime
    settled_at: datetime | None
    problem: str
    facts: str


@dataclass(slots=True)
class HoursAudit:
    """What an audit looked at and found; of many findings the first are told."""

    looked_at: int = 0
    in_hours: int = 0
    outside: int = 0
    unjudged: int = 0
    findings: list[Finding] = field(default_factory=list)
    doubts: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What judging needs: the table, and the profile that each rule book stands for."""

    table: Table
    profiles: Mapping[str, Profile]


def audit_hours(
    database: Database,
    book: RuleBook,
    since: datetime,
    until: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> HoursAudit:
    """Look at all that was handed over on decisions of [since, until); `tell` hears how many.

    Only decisions of the `book` in use (under any profile) can be judged: the rule data that
    others read may have been another.
    """
    done, judge = HoursAudit(), _judge(book)
    with database.begin() as conn:
        found = waves(conn, since, until)
    for wave, version in found:
        with database.begin() as conn:
            policy = campaigns.load_version(conn, version).spec.policy
            for some in hand_overs(conn, wave, since, until):
                for each in some:
                    _look(judge, each, policy, done)
                tell(len(some))
    return done


def _judge(book: RuleBook) -> _Judge:
    table = Table(jurisdictions_file().read_bytes())
    if table.fingerprint != book.law.jurisdictions.fingerprint:
        return _Judge(table, {})
    books = {
        rule_book(book.law._replace(profile=profile), book.name, book.version).hash: profile
        for profile in Profile
    }
    return _Judge(table, books)


def _look(judge: _Judge, each: HandOver, policy: Policy, done: HoursAudit) -> None:
    done.looked_at += 1
    case = _case(judge, each, policy)
    doubt = case if isinstance(case, str) else _doubt(judge, each, case)
    problems = [] if isinstance(case, str) else list(_problems(judge, each, case))
    if problems:
        done.outside += 1
        _note(done.findings, each, "; ".join(problems))
    elif doubt:
        done.unjudged += 1
        _note(done.doubts, each, doubt)
    else:
        done.in_hours += 1


def _note(findings: list[Finding], each: HandOver, problem: str) -> None:
    if len(findings) < _KEPT:
        findings.append(
            Finding(
                wave_id=each.wave_id,
                customer_id=each.customer_id,
                campaign=each.campaign,
                decided_at=each.decided_at,
                settled_at=each.settled_at,
                problem=problem,
                facts=each.facts,
            )
        )


def _case(judge: _Judge, each: HandOver, policy: Policy) -> Case | str:
    """Give what is to be judged, or say why it cannot be."""
    if not each.facts:
        return "its decision is not on record"
    if each.rule_book not in judge.profiles:
        return f"it was decided by another rule book, {each.rule_book}"
    try:
        person, now = recall(each.facts, policy)
    except (ValueError, KeyError, IndexError):
        return "its facts cannot be read"
    before = each.send_before.timestamp() if each.send_before else inf
    decision = Decision(0, Verdict.SEND, Reason.OK, "", 0.0, before, 0, "", each.facts)
    return Case(person, policy, now, judge.profiles[each.rule_book], decision, ())


def _problems(judge: _Judge, each: HandOver, case: Case) -> Iterator[str]:
    if abs(case.now - each.decided_at.timestamp()) > 1:
        yield "its facts are of another instant"
    if case.policy.message_class == MessageClass.PROMOTIONAL:
        yield from in_hours(judge.table, case)


def _doubt(judge: _Judge, each: HandOver, case: Case) -> str:
    """A receipt that came after closing does not prove that the hand-over was before it."""
    if each.settled_at is None or case.policy.message_class != MessageClass.PROMOTIONAL:
        return ""
    ends = open_end(clock_of(judge.table, case).hours, case.now)
    if each.settled_at.timestamp() < ends:
        return ""
    closed = datetime.fromtimestamp(ends, UTC)
    return f"it was settled only after the hours had ended at {closed:%Y-%m-%dT%H:%MZ}"
