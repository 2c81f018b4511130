"""The tally of a simulation: what was decided, why and where, and all that was wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatcher.domain.decisions import Decision

UNKNOWN = "not known"
_KEPT = 100  # violations of a part that are told in full


class Violation(NamedTuple):
    """One decision that is wrong. Its part of the simulation, run again, meets it again."""

    seed: int
    part: int
    number: int
    problem: str
    verdict: str
    at: str
    person: str
    terms: str
    facts: str


@dataclass(slots=True)
class Tally:
    """Counts of decisions; two of them add up."""

    decisions: int = 0
    again: int = 0
    replayed: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    zones: Counter[tuple[str, str]] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def zones_met(self) -> set[str]:
        """The zones of people whose zone is known."""
        return {zone for zone, _ in self.zones} - {UNKNOWN}

    def count(self, decision: Decision, zone: str) -> None:
        """Count one decision."""
        self.decisions += 1
        zone = zone or UNKNOWN
        self.reasons[decision.verdict.value, decision.reason.value] += 1
        self.zones[zone, decision.verdict.value] += 1

    def blame(self, violation: Violation) -> None:
        """Note what is wrong."""
        self.wrong += 1
        if len(self.violations) < _KEPT:
            self.violations.append(violation)

    def add(self, other: Tally) -> None:
        """Take up the counts of another part."""
        self.decisions += other.decisions
        self.again += other.again
        self.replayed += other.replayed
        self.reasons += other.reasons
        self.zones += other.zones
        self.unjudged += other.unjudged
        self.wrong += other.wrong
        self.violations = sorted([*self.violations, *other.violations])[:_KEPT]
