"""Audit of hours: each hand-over on record, judged again from the table of jurisdictions alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.proof.cases import Case
from dispatcher.proof.clocks import clock_of
from dispatcher.proof.hours import open_end
from dispatcher.proof.table import Table
from dispatcher.proof.verdicts import in_hours
from dispatcher.rules.facts import recall
from dispatcher.storage import campaigns, rule_books
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


class _Judge(NamedTuple):
    """What a rule book's decisions are judged by."""

    table: Table
    profile: str


_Judges = Mapping[str, _Judge]  # by the hash of the rule book


def audit_hours(
    database: Database,
    since: datetime,
    until: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> HoursAudit:
    """Look at all that was handed over on decisions of [since, until); `tell` hears how many.

    Each is judged by the rule data of the time, overrides included, from the bytes on record.
    """
    done = HoursAudit()
    with database.begin() as conn:
        judges = _judges(conn)
        found = waves(conn, since, until)
    for wave, version in found:
        with database.begin() as conn:
            policy = campaigns.load_version(conn, version).spec.policy
            for some in hand_overs(conn, wave, since, until):
                for each in some:
                    _look(judges, each, policy, done)
                tell(len(some))
    return done


def _judges(conn: Connection) -> _Judges:
    """Read the files of every rule book again; those that are not what they were judge nobody."""
    tables: dict[tuple[bytes, bytes | None], Table] = {}
    judges: dict[str, _Judge] = {}
    for name, kept in rule_books.sources(conn).items():
        files = kept.data, kept.overrides
        if files not in tables:
            tables[files] = Table(*files)
        if tables[files].fingerprint == kept.fingerprint:
            judges[name] = _Judge(tables[files], kept.profile)
    return judges


def _look(judges: _Judges, each: HandOver, policy: Policy, done: HoursAudit) -> None:
    done.looked_at += 1
    case = _case(judges, each, policy)
    if isinstance(case, str):
        doubt, problems = case, []
    else:
        table = judges[each.rule_book].table.on(policy.brand, case.now)
        doubt, problems = _doubt(table, each, case), list(_problems(table, each, case))
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


def _case(judges: _Judges, each: HandOver, policy: Policy) -> Case | str:
    """Give what is to be judged, or say why it cannot be."""
    if not each.facts:
        return "its decision is not on record"
    if each.rule_book not in judges:
        return f"its rule book, {each.rule_book}, is not on record"
    try:
        person, now = recall(each.facts, policy)
    except (ValueError, KeyError, IndexError):
        return "its facts cannot be read"
    before = each.send_before.timestamp() if each.send_before else inf
    decision = Decision(0, Verdict.SEND, Reason.OK, "", 0.0, before, 0, "", each.facts)
    return Case(person, policy, now, judges[each.rule_book].profile, decision, ())


def _problems(table: Table, each: HandOver, case: Case) -> Iterator[str]:
    if abs(case.now - each.decided_at.timestamp()) > 1:
        yield "its facts are of another instant"
    if case.policy.message_class == MessageClass.PROMOTIONAL:
        yield from in_hours(table, case)


def _doubt(table: Table, each: HandOver, case: Case) -> str:
    """A receipt that came after closing does not prove that the hand-over was before it."""
    if each.settled_at is None or case.policy.message_class != MessageClass.PROMOTIONAL:
        return ""
    ends = open_end(clock_of(table, case).hours, case.now)
    if each.settled_at.timestamp() < ends:
        return ""
    closed = datetime.fromtimestamp(ends, UTC)
    return f"it was settled only after the hours had ended at {closed:%Y-%m-%dT%H:%MZ}"
