"""A case: one decision with what it was made from, and the hours that bind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Decision
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy
from dispatcher.proof.hours import Hours, allowed, readable
from dispatcher.proof.table import Table

_WHOLE_DAY = (0, 1440)
_WITH_AREA_CODES = ("US-", "CA-")


class Case(NamedTuple):
    """One decision with what it was made from. `log`: all offers the person has had."""

    person: Recipient
    policy: Policy
    now: float
    profile: str
    decision: Decision
    log: Sequence[Contact]


class Clock(NamedTuple):
    """The hours that bind a case, and how many seconds before closing nothing may go."""

    hours: Hours
    margin: float


def clock_of(table: Table, case: Case) -> Clock:
    """Find what binds: the table's sheets, the campaign's window and the person's own hours.

    The table is that of the brand and the day; what holds on later days counts from then on.
    """
    person, policy, _, profile = case[:4]
    own, window = (person.hours_from, person.hours_until), policy.window
    daily = [(window.opens, window.closes)]
    if own[0] != own[1]:
        daily.append(own)
    zones = (person.zone,) if person.zone else _possible(table, person)
    given = allowed(person)
    sheets = table.sheets(person.jurisdictions, person.channel, profile, given)
    margin = policy.close_margin_minutes
    if person.channel == Channel.SMS:
        margin = max(margin, table.margin_minutes)
    bound = tuple(each for each in dict.fromkeys(daily) if each != _WHOLE_DAY)
    later = tuple(
        (first, then.sheets(person.jurisdictions, person.channel, profile, given))
        for first, then in table.later
    )
    return Clock(Hours(sheets, bound, zones, later), margin * 60.0)


def _possible(table: Table, person: Recipient) -> tuple[str, ...]:
    """Give every zone there may be, when the person has not said.

    A number's area code tells all clocks of its states; of any other place all clocks count.
    """
    known = person.zones
    if not known:
        return table.zones(person.jurisdictions)
    if not person.jurisdictions or not all(map(readable, known)):
        return known
    found: dict[str, None] = {}
    for code in person.jurisdictions:
        theirs = () if code[:3] in _WITH_AREA_CODES else table.zones([code])
        found.update(dict.fromkeys(theirs or known))
    return tuple(found)
