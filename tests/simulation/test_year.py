"""Promises of the simulation: repeatable, without a fault, and a broken build is found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Ruling, Verdict
from dispatcher.domain.policies import Policy
from dispatcher.rules.book import Judge, RuleBook
from dispatcher.rules.decide import decide
from dispatcher.simulation import year
from dispatcher.simulation.places import PLACES, clock_changes
from dispatcher.simulation.programme import YEAR_DAYS, YEAR_STARTS
from dispatcher.simulation.run import books, parts, simulate, table
from dispatcher.simulation.tally import Tally, Violation
from dispatcher.simulation.year import Part, live

FEW = 20_000
SHORT = 2_500
LONGER = 15_000
SEED = 13  # its year has all that a broken build stumbles over


@cache
def short() -> Tally:
    """A short simulation of the build as it is."""
    return simulate(FEW, seed=7)


def test_a_year_of_decisions_is_without_a_fault() -> None:
    """The checker agrees with every one, and could judge every one."""
    tally = short()
    assert tally.violations == []
    assert (tally.decisions, tally.wrong, tally.unjudged) == (FEW, 0, Counter())


def test_all_zones_and_verdicts_are_met() -> None:
    """Forty zones, each with messages sent, and every kind of refusal by the rules."""
    tally = short()
    assert tally.zones_met == {place.zone for place in PLACES}
    assert len(PLACES) == 40
    assert all(tally.zones[place.zone, Verdict.SEND] for place in PLACES)
    assert {reason for _, reason in tally.reasons} > {
        *("quiet_hours", "quiet_hours_expired", "zone_unknown_closed", "scheduled"),
        *("cap_brand", "cap_person", "min_gap", "holdout", "suppressed", "no_consent"),
    }


def test_put_off_people_were_asked_again() -> None:
    """Every DEFER was decided again at its time, and some verdicts from their record."""
    tally = short()
    put_off = sum(n for (verdict, _), n in tally.reasons.items() if verdict == Verdict.DEFER)
    assert tally.again == put_off > FEW / 10
    assert tally.replayed == FEW // 50


def test_the_year_holds_every_clock_change() -> None:
    """Spring and autumn of both hemispheres are days of the simulated year."""
    months = {
        datetime.fromtimestamp(day, UTC).month for day in clock_changes(YEAR_STARTS, YEAR_DAYS)
    }
    assert {3, 4, 9, 10, 11} <= months


def test_the_same_seed_gives_the_same_year() -> None:
    """However many processes share the work; another seed gives another."""
    once, again, shared = (simulate(SHORT, 3, processes) for processes in (1, 1, 2))
    assert once == again == shared
    assert simulate(SHORT, 4).reasons != once.reasons


def test_progress_is_told() -> None:
    """Whoever waits hears of every decision."""
    heard: list[int] = []
    simulate(SHORT, 3, tell=heard.append)
    assert sum(heard) == SHORT


def test_the_work_is_shared_out_whole() -> None:
    """No decision is lost between the parts."""
    assert sum(part.decisions for part in parts(60_001, 1)) == 60_001


def broken(rule: str, change: Callable[[Judge], Judge], decisions: int = SHORT) -> Tally:
    """Simulate with one rule of the book changed."""
    spoilt = {profile: _with(book, rule, change) for profile, book in books().items()}
    return live(Part(SEED, 0, decisions), spoilt, table(), lambda _: None)


def _with(book: RuleBook, rule: str, change: Callable[[Judge], Judge]) -> RuleBook:
    judges = [(name, change(judge) if name == rule else judge) for name, judge in book.judges]
    assert rule in dict(judges)
    return book._replace(judges=tuple(judges))


def forgotten(_judge: Judge) -> Judge:
    """A rule that is never asked."""
    return lambda _person, _policy, _now: None


def without_summer_time(judge: Judge) -> Judge:
    """Hours by the offset of January all through the year."""

    def shifted(person: Recipient, policy: Policy, now: float) -> Ruling | None:
        return judge(person, policy, now - _summer(person.zone, now) if person.zone else now)

    return shifted


def _summer(zone: str, now: float) -> float:
    wall = datetime.fromtimestamp(now, ZoneInfo(zone))
    january = wall.replace(month=1, day=15)
    return (
        (wall.utcoffset() or timedelta()) - (january.utcoffset() or timedelta())
    ).total_seconds()


def closes_late(judge: Judge) -> Judge:
    """Windows that end a quarter of an hour late."""

    def late(person: Recipient, policy: Policy, now: float) -> Ruling | None:
        return judge(person, policy, now) and judge(person, policy, now - 900)

    return late


def one_zone_is_enough(judge: Judge) -> Judge:
    """Of the zones possible only the first is looked at."""
    return lambda person, policy, now: judge(
        person._replace(zone=person.zone or "".join(person.zones[:1])), policy, now
    )


def one_place_is_enough(judge: Judge) -> Judge:
    """The number's country is looked at, the residence is not."""
    return lambda person, policy, now: judge(
        person._replace(jurisdictions=person.jurisdictions[:1]), policy, now
    )


def too_early(judge: Judge) -> Judge:
    """Whoever is put off comes back a minute before it opens."""

    def early(person: Recipient, policy: Policy, now: float) -> Ruling | None:
        ruling = judge(person, policy, now)
        return ruling and ruling._replace(until=ruling.until and ruling.until - 60)

    return early


def too_late(judge: Judge) -> Judge:
    """Whoever is put off comes back a minute later than need be."""

    def late(person: Recipient, policy: Policy, now: float) -> Ruling | None:
        ruling = judge(person, policy, now)
        return ruling and ruling._replace(until=ruling.until and ruling.until + 60)

    return late


def agreements_need_no_proof(judge: Judge) -> Judge:
    """Hours that nobody can prove an agreement to are taken for agreed."""
    return lambda person, policy, now: judge(
        person._replace(agreed=tuple(each._replace(event=1) for each in person.agreed)),
        policy,
        now,
    )


def agreements_count_everywhere(judge: Judge) -> Judge:
    """Who agreed to the nights of one place is written to at night wherever they live."""
    return lambda person, policy, now: judge(
        person._replace(
            agreed=tuple(
                each._replace(jurisdiction=code)
                for each in person.agreed
                for code in person.jurisdictions
            )
        ),
        policy,
        now,
    )


def agreements_are_forgotten(judge: Judge) -> Judge:
    """Who agreed to the night is made to wait for the day."""
    return lambda person, policy, now: judge(person._replace(agreed=()), policy, now)


def every_consent_lifts(judge: Judge) -> Judge:
    """A general opt-in is taken for an express one in writing."""
    return lambda person, policy, now: judge(person._replace(consent_kind="tcpa_pewc"), policy, now)


_RARE = ("frequency_cap", "cool_down", "holdout", "offer_window", "reminder")
_SELDOM = (
    *(without_summer_time, closes_late),
    *(agreements_need_no_proof, agreements_count_everywhere, every_consent_lifts),
)
BROKEN = [
    ("quiet_hours", forgotten, "sent while closed"),
    ("quiet_hours", without_summer_time, ""),
    ("quiet_hours", closes_late, "minutes before"),
    ("quiet_hours", one_zone_is_enough, "sent while closed"),
    ("quiet_hours", one_place_is_enough, "sent while closed"),
    ("quiet_hours", too_early, "without cause, or not until"),
    ("quiet_hours", too_late, "without cause, or not until"),
    ("quiet_hours", agreements_need_no_proof, "sent while closed in"),
    ("quiet_hours", agreements_count_everywhere, "sent while closed in"),
    ("quiet_hours", agreements_are_forgotten, "without cause, or not until"),
    ("quiet_hours", every_consent_lifts, "sent while closed in"),
    ("frequency_cap", forgotten, "over a cap"),
    ("frequency_cap", too_early, "without cause, or not until"),
    ("cool_down", forgotten, "after the last offer"),
    ("reminder", forgotten, "has an interest in the product"),
    ("consent", forgotten, "sent without consent"),
    ("suppression", forgotten, "somebody suppressed"),
    ("holdout", forgotten, "who is held back"),
    ("offer_window", forgotten, "outside the offer's time"),
    ("addressable", forgotten, "nobody who can be reached"),
]


class Blamed(Exception):
    """The build was blamed for what is wrong with it: the rest of the year is not needed."""


def _stopping_at(problem: str) -> Callable[[Tally, Violation], None]:
    def blame(_tally: Tally, violation: Violation) -> None:
        if problem in violation.problem:
            raise Blamed

    return blame


@pytest.mark.parametrize(("rule", "change", "problem"), BROKEN)
def test_a_broken_rule_is_found(
    rule: str, change: Callable[[Judge], Judge], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks a rule on purpose is blamed in words that name it."""
    rare = change in _SELDOM or rule in _RARE
    monkeypatch.setattr(Tally, "blame", _stopping_at(problem))
    with pytest.raises(Blamed):
        broken(rule, change, LONGER if rare else SHORT)


def test_a_violation_can_be_met_again() -> None:
    """It names seed, part and place, and shows what the verdict was made from."""
    found = broken("consent", forgotten).violations[0]
    assert (found.seed, found.part, found.verdict) == (SEED, 0, "send (ok)")
    assert "consent" in found.person
    assert "Policy(" in found.terms
    assert found == broken("consent", forgotten).violations[0]


def test_nobody_may_be_left_without_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that forgets the last of a batch is found out."""
    whole = decide

    def forgetful(people: Sequence[Recipient], *more: object) -> object:
        return whole(people, *more)[:-1] if len(people) > 1 else whole(people, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(year, "decide", forgetful)
    tally = live(Part(SEED, 0, SHORT), books(), table(), lambda _: None)
    assert any("asked about" in found.problem for found in tally.violations)
