"""One part of a simulation: five hundred people through a year, decided on as in sending."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import NamedTuple

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Decision, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.proof.cases import Case
from dispatcher.proof.table import Table
from dispatcher.proof.verdicts import faults, judged
from dispatcher.rules.book import RuleBook
from dispatcher.rules.decide import decide
from dispatcher.rules.jurisdictions import Profile
from dispatcher.rules.replay import replay
from dispatcher.simulation.places import DAY
from dispatcher.simulation.programme import (
    HOUR,
    YEAR_DAYS,
    YEAR_STARTS,
    Someone,
    Wave,
    ask,
    change_minds,
    instant,
    look_around,
    people,
    recipient,
    wave,
)
from dispatcher.simulation.tally import Tally, Violation

CROWD = 500  # as many as a batch has
_REPLAYED = 50  # one of so many decisions is made again from its record
_SHOWN = 5  # contacts told of a person with whom something went wrong
_PUT_OFF, _REFUSED = 0.02, 0.02  # of hand-overs
_TRY_AGAIN = 600.0  # seconds after which a gateway that put off is asked again

Books = Mapping[Profile, RuleBook]


class Part(NamedTuple):
    """A share of a simulation that stands alone: same seed and number, same year."""

    seed: int
    number: int
    decisions: int


@dataclass(slots=True)
class _Year:
    """A part at work. `waiting`: (instant, order, wave, people) still to be decided on."""

    part: Part
    books: Books
    table: Table
    dice: random.Random
    crowd: list[Someone]
    tally: Tally = field(default_factory=Tally)
    clock: float = YEAR_STARTS
    waiting: list[tuple[float, int, Wave, list[int]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=partial(count, 1))


def live(part: Part, books: Books, table: Table, tell: Callable[[int], None]) -> Tally:
    """Decide as often as the part says, over a whole year; `tell` hears how often each time."""
    dice = random.Random(f"{part.seed}/{part.number}")
    year = _Year(part, books, table, dice, people(dice, CROWD))
    planned = 0
    while year.tally.decisions < part.decisions:
        due = year.waiting[0][0] if year.waiting else inf
        # Time passes as work is done, so that the year ends with the last decision.
        ahead = YEAR_STARTS + YEAR_DAYS * DAY * year.tally.decisions / part.decisions
        if planned == 0 and ahead <= due:
            planned = _plan(year, ahead)
        year.clock, _, turn, who = heappop(year.waiting)
        if not turn.began:
            planned -= 1
            change_minds(year.dice, year.crowd)
            if turn.policy.reminds_of:
                look_around(year.crowd, turn.policy, year.clock)
        done = _decide(year, turn, who[: part.decisions - year.tally.decisions])
        tell(done)
    return year.tally


def _plan(year: _Year, ahead: float) -> int:
    """Let some campaigns want the same people within hours; give how many."""
    first = max(year.clock, instant(year.dice, ahead))
    waves = year.dice.randint(1, 6)
    for _ in range(waves):
        at = max(year.clock, instant(year.dice, first + year.dice.uniform(0, 8) * HOUR))
        number = next(year.order)
        everybody = list(range(len(year.crowd)))
        heappush(year.waiting, (at, number, wave(year.dice, number, at), everybody))
    return waves


def _decide(year: _Year, turn: Wave, who: Sequence[int]) -> int:
    """Decide on a batch in one instant, judge it, and do as decided."""
    now = year.clock
    ask(year.dice, year.crowd, now)
    asked = [recipient(year.crowd[number], turn, now) for number in who]
    decisions = _told(year, turn, asked, now)
    for person, decision in zip(asked, decisions, strict=False):
        someone = year.crowd[person.customer_id]
        year.tally.count(decision, someone.zone)
        _judge(year, turn, someone, person, decision)
    _ask_again(year, turn, asked, decisions)
    _obey(year, turn, decisions)
    return len(asked)


def _told(year: _Year, turn: Wave, asked: Sequence[Recipient], now: float) -> Sequence[Decision]:
    """Decide as sending does; nobody may be left without a verdict."""
    decisions = decide(asked, turn.policy, now, year.books[turn.profile])
    if len(decisions) != len(asked):
        problem = f"{len(asked)} asked about, {len(decisions)} verdicts"
        year.tally.blame(_violation(year, turn, asked[-1], None, problem))
    return decisions


def _judge(
    year: _Year, turn: Wave, someone: Someone, person: Recipient, decision: Decision
) -> None:
    case = Case(person, turn.policy, year.clock, turn.profile, decision, someone.log)
    for problem in faults(year.table, case):
        _blame(year, turn, person, decision, problem)
    if not judged(decision):
        year.tally.unjudged[decision.reason.value] += 1
    if year.tally.decisions % _REPLAYED == 0:
        year.tally.replayed += 1
        again = replay(decision.facts, turn.policy, year.books[turn.profile])
        if again[1:6] != decision[1:6]:
            _blame(year, turn, person, decision, f"its record gives {again.verdict}")


def _ask_again(
    year: _Year, turn: Wave, asked: Sequence[Recipient], decisions: Sequence[Decision]
) -> None:
    """Ask again, at `until`, about everybody put off, as if nothing else had happened since."""
    put_off: dict[float, list[tuple[Recipient, Decision]]] = {}
    for person, decision in zip(asked, decisions, strict=False):
        if decision.verdict == Verdict.DEFER:
            put_off.setdefault(decision.until, []).append((person, decision))
    for until, pairs in put_off.items():
        held = [person._replace(held_since=person.held_since or year.clock) for person, _ in pairs]
        later = _told(year, turn, held, until)
        year.tally.again += len(later)
        for (person, first), again in zip(pairs, later, strict=False):
            if again.verdict == Verdict.DEFER and again.rule == first.rule:
                _blame(year, turn, person, first, f"at `until` {again.rule} puts it off again")


def _obey(year: _Year, turn: Wave, decisions: Sequence[Decision]) -> None:
    """Send what is to be sent, and note who comes back when."""
    back: dict[float, list[int]] = {}
    for decision in decisions:
        turn.began.setdefault(decision.customer_id, year.clock)
        until = decision.until
        if decision.verdict == Verdict.SEND:
            until = _send(year, turn, decision)
        if until:
            back.setdefault(until, []).append(decision.customer_id)
    for until, who in back.items():
        heappush(year.waiting, (until, next(year.order), turn, who))


def _send(year: _Year, turn: Wave, decision: Decision) -> float:
    """Hand over; what a gateway puts off (when: given) or refuses gives its slot back."""
    luck, policy = year.dice.random(), turn.policy
    number = decision.customer_id
    if luck < _PUT_OFF:
        turn.tries[number] = turn.tries.get(number, 0) + 1
        return year.clock + _TRY_AGAIN
    if luck < 1 - _REFUSED and policy.message_class == MessageClass.PROMOTIONAL:
        told = policy.brand, policy.subject, policy.campaign_id, policy.offer_code
        year.crowd[number].log.append(
            Contact(
                year.clock,
                turn.channel,
                *told,
                decision.asked,
                policy.reminds_of,
                decision.consent_event if policy.reconfirms else 0,
            )
        )
    return 0.0


def _blame(year: _Year, turn: Wave, person: Recipient, decision: Decision, problem: str) -> None:
    year.tally.blame(_violation(year, turn, person, decision, problem))


def _violation(
    year: _Year, turn: Wave, person: Recipient, decision: Decision | None, problem: str
) -> Violation:
    return Violation(
        seed=year.part.seed,
        part=year.part.number,
        number=year.tally.decisions,
        problem=problem,
        verdict=f"{decision.verdict} ({decision.reason})" if decision else "none",
        at=f"{datetime.fromtimestamp(year.clock, UTC):%Y-%m-%dT%H:%M:%SZ}",
        person=str(person._replace(contacts=person.contacts[-_SHOWN:])),
        terms=f"{turn.profile}: {turn.policy}",
        facts=decision.facts if decision else "",
    )
