"""The rule book: which rules are asked, in which order, and a hash that names this very state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dispatcher.domain import consent_terms
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Ruling
from dispatcher.domain.policies import Policy
from dispatcher.rules import (
    addressable,
    asked_for,
    attempts,
    consent,
    context_hold,
    cool_down,
    echo,
    fatigue,
    frequency_cap,
    holding,
    holdout,
    hours,
    jurisdiction_overrides,
    left_audience,
    offer_window,
    permitted_hours,
    possible_zones,
    quiet_hours,
    reconfirm,
    reminder,
    sender,
    suppression,
    worth_it,
)
from dispatcher.rules.jurisdictions import Law

Judge = Callable[[Recipient, Policy, float], Ruling | None]


class Rule(NamedTuple):
    """One rule: its file's name, the version of its code, and the question itself.

    `by_law`: the question takes the rule data too, as `law`.
    """

    name: str
    version: int
    judge: Callable[..., Ruling | None]
    by_law: bool = False


class RuleBook(NamedTuple):
    """All that decisions hang on besides person and policy. `hash`: 16 hex digits."""

    name: str
    version: str
    hash: str
    law: Law
    judges: tuple[tuple[str, Judge], ...]


# What costs least and settles most comes first; hours and caps only put off, so they come last.
ORDER = (
    Rule("addressable", addressable.VERSION, addressable.addressable),
    Rule("left_audience", left_audience.VERSION, left_audience.left_audience),
    Rule("offer_window", offer_window.VERSION, offer_window.offer_window),
    Rule("suppression", suppression.VERSION, suppression.suppression),
    Rule("consent", consent.VERSION, consent.consent),
    Rule("sender", sender.VERSION, sender.sender),
    Rule("holdout", holdout.VERSION, holdout.holdout),
    Rule("attempts", attempts.VERSION, attempts.attempts),
    Rule("context_hold", context_hold.VERSION, context_hold.context_hold),
    Rule("worth_it", worth_it.VERSION, worth_it.worth_it),
    Rule("reminder", reminder.VERSION, reminder.reminder),
    Rule("reconfirm", reconfirm.VERSION, reconfirm.reconfirm),
    Rule("quiet_hours", quiet_hours.VERSION, quiet_hours.quiet_hours, by_law=True),
    Rule("echo", echo.VERSION, echo.echo),
    Rule("frequency_cap", frequency_cap.VERSION, frequency_cap.frequency_cap, by_law=True),
    Rule("cool_down", cool_down.VERSION, cool_down.cool_down),
    Rule("fatigue", fatigue.VERSION, fatigue.fatigue),
)

# Not rules, but rules stand on them.
GROUND = (
    ("consent_terms", consent_terms.VERSION),
    ("hours", hours.VERSION),
    ("permitted_hours", permitted_hours.VERSION),
    ("jurisdiction_overrides", jurisdiction_overrides.VERSION),
    ("holding", holding.VERSION),
    ("asked_for", asked_for.VERSION),
    ("possible_zones", possible_zones.VERSION),
)


NAME, EDITION = "jurisdictions", "1"


def rule_book(law: Law, name: str = NAME, version: str = EDITION) -> RuleBook:
    """Make the book of the rules in this build and of the data they are to read."""
    digest = hashlib.sha256("\n".join([*made_of(name, version), ""]).encode())
    digest.update(law.fingerprint)
    judges = tuple((rule.name, _bound(rule, law)) for rule in ORDER)
    return RuleBook(name, version, digest.hexdigest()[:16], law, judges)


def made_of(name: str, version: str) -> list[str]:
    """Name the code that a book's hash stands for; the rule data comes after it."""
    code = [f"{rule.name}:{rule.version}" for rule in ORDER]
    return [name, version, *code, *(f"{module}:{number}" for module, number in GROUND)]


def _bound(rule: Rule, law: Law) -> Judge:
    return partial(rule.judge, law=law) if rule.by_law else rule.judge
