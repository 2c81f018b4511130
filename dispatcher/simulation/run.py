"""Runs a simulation: shares it out over parts and processes, and adds up what they tell."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from functools import cache

from dispatcher.proof.table import Table
from dispatcher.resources import jurisdictions_file
from dispatcher.rules import override_file
from dispatcher.rules.book import rule_book
from dispatcher.rules.jurisdiction_overrides import overridden
from dispatcher.rules.jurisdictions import Law, Profile
from dispatcher.services.jurisdictions import shipped
from dispatcher.simulation.tally import Tally
from dispatcher.simulation.year import Books, Part, live

# In the made-up programme compliance lets express written consent lift the hours of these two.
_LIFTED = ("US-LA", "US-UT")
_OVERRIDES = "".join(
    f'[[override]]\njurisdiction = "{code}"\nconsent_lifts_hours = true\nby = "made up"\n'
    'role = "compliance"\nreason = "to be judged"\n'
    for code in _LIFTED
).encode()
_SHARE = 25_000  # decisions of one part: fifty a person


def simulate(
    decisions: int, seed: int, processes: int = 1, tell: Callable[[int], None] = lambda _: None
) -> Tally:
    """Decide so often, judge every decision; the same for a seed however many processes there are.

    `tell` hears of so many more decisions each time.
    """
    total = Tally()
    shares = list(parts(decisions, seed))
    if processes == 1:
        for part in shares:
            total.add(live(part, books(), table(), tell))
        return total
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done in pool.imap(_alone, shares):
            total.add(done)
            tell(done.decisions)
    return total


def parts(decisions: int, seed: int) -> Iterator[Part]:
    """Share decisions out over parts."""
    for number, begun in enumerate(range(0, decisions, _SHARE)):
        yield Part(seed, number, min(_SHARE, decisions - begun))


def _alone(part: Part) -> Tally:
    return live(part, books(), table(), lambda _: None)


@cache
def books() -> Books:
    """Give the rule book of this build under each profile."""
    data = shipped()
    found = override_file.parse(_OVERRIDES, "(made up)", data)
    under = overridden(data, found, override_file.digest(_OVERRIDES))
    return {profile: rule_book(Law(under, profile)) for profile in Profile}


@cache
def table() -> Table:
    """Give the rule data as the checker reads it."""
    return Table(jurisdictions_file().read_bytes(), _OVERRIDES).on(brand="", at=0.0)
