"""Clocks: the hours that bind a case, found in the table a second time."""

from __future__ import annotations

from typing import NamedTuple

from dispatcher.domain.customers import Recipient
from dispatcher.domain.messages import Channel
from dispatcher.proof.cases import WHOLE_DAY, Case, waived
from dispatcher.proof.hours import Hours, allowed, readable
from dispatcher.proof.table import Table

_WITH_AREA_CODES = ("US-", "CA-")


class Clock(NamedTuple):
    """The hours that bind a case, and how many seconds before closing nothing may go."""

    hours: Hours
    margin: float


def clock_of(table: Table, case: Case) -> Clock:
    """Find what binds: the table's sheets, the campaign's window, the person's own hours and days.

    The table is that of the brand and the day; what holds on later days counts from then on. What
    answers the person's request keeps to the sheets alone.
    """
    case = waived(case)
    person, policy, _, profile = case[:4]
    own, window = (person.hours_from, person.hours_until), policy.window
    daily = [(window.opens, window.closes)]
    if own[0] != own[1]:
        daily.append(own)
    days = tuple(map(int, person.days))
    zones = (person.zone,) if person.zone else _possible(table, person)
    given = allowed(person)
    sheets = table.sheets(person.jurisdictions, person.channel, profile, given)
    margin = policy.close_margin_minutes
    if person.channel == Channel.SMS:
        margin = max(margin, table.margin_minutes)
    bound = tuple(each for each in dict.fromkeys(daily) if each != WHOLE_DAY)
    later = tuple(
        (first, then.sheets(person.jurisdictions, person.channel, profile, given))
        for first, then in table.later
    )
    return Clock(Hours(sheets, bound, zones, later, days), margin * 60.0)


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
