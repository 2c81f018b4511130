"""What a programme says it knows of people: where each fact came from and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.sensitive import Category


class FactSource(StrEnum):
    """How a fact came to us."""

    DECLARED = "declared"
    PURCHASE = "purchase"
    INFERRED = "inferred"
    BOUGHT_IN = "bought_in"
    LOCATION = "location"
    OTHER_DEVICE = "other_device"


class Precision(StrEnum):
    """How finely a fact tells a place, a time or how often."""

    COUNTRY = "country"
    REGION = "region"
    CITY = "city"
    STREET = "street"
    POINT = "point"
    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    MINUTE = "minute"
    OFTEN = "often"
    COUNT = "count"


# What people told us, or did with us: they expect us to know it.
OWN = frozenset({FactSource.DECLARED, FactSource.PURCHASE})
# What is too fine to be said, and the finest that may be said instead.
TOO_FINE: Mapping[Precision, Precision] = {
    Precision.STREET: Precision.CITY,
    Precision.POINT: Precision.CITY,
    Precision.DAY: Precision.WEEK,
    Precision.MINUTE: Precision.WEEK,
    Precision.COUNT: Precision.OFTEN,
}


@dataclass(frozen=True, slots=True)
class KnownFact:
    """One attribute of customers. `topic` is the one whose explicit consent permits its use."""

    name: str
    source: FactSource
    purpose: str
    may_show: bool
    precision: Precision | None = None
    sensitive: bool = False
    topic: str = ""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """All facts that are declared. `covers`: what the consent to a topic names explicitly."""

    facts: Mapping[str, KnownFact] = field(default_factory=dict)
    covers: Mapping[str, frozenset[Category]] = field(default_factory=dict)

    def sensitive(self, topic: str) -> bool:
        """Tell whether a topic is about what only a consent of its own permits."""
        return topic in self.covers or any(
            fact.sensitive and fact.topic == topic for fact in self.facts.values()
        )

    def also(self, others: KnownFacts) -> KnownFacts:
        """Add the facts of others, which win where both speak of the same."""
        return KnownFacts({**self.facts, **others.facts}, {**self.covers, **others.covers})
