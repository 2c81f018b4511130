"""Wishes granted: quiet for a while, and offers that people ask for themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.people import Person
from dispatcher.errors import Conflict
from dispatcher.inbound.wishes import Wish
from dispatcher.rules.asked_for import ANSWER_WITHIN
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Desk
from dispatcher.storage import audit, context_flags, customers, requests, signs_of_life
from dispatcher.storage.withdrawals import withdraw


class Granted(NamedTuple):
    """How a wish is answered: `until` is the day on which quiet ends, `after` so much later.

    An offer in the meantime is the better answer to whoever asked for one.
    """

    message_class: MessageClass
    until: str = ""
    after: timedelta = timedelta()


def grant(
    conn: Connection, person: Person, channel: Channel, wish: Wish, now: datetime
) -> Granted | None:
    """Do as somebody wishes who is locked already; None where there is nothing to answer.

    Asking is not agreeing: whoever has not agreed to anything on the channel is not answered.
    """
    if wish.span is not None:
        until = now + wish.span
        context_flags.put(conn, person.id, ContextFlag.QUIET, ANY_BRAND, now, until)
        withdraw(conn, [person.id])
    if not requests.hears(conn, person.id, channel):
        return None
    standing = context_flags.standing(conn, [person.id], ANY_BRAND, now.timestamp())
    held = standing.get(person.id)
    if held and held.flag == ContextFlag.QUIET:
        return Granted(MessageClass.QUIET_CONFIRMATION, _day(held.until, person.zone))
    if wish.span is not None or held:
        return None  # something is wrong between us, and no time for pleasantries
    requests.ask(conn, person.id, now)
    waits = requests.may_be_met(conn, person.id)
    after = timedelta(seconds=ANSWER_WITHIN) if waits else timedelta()
    return Granted(MessageClass.NOTHING_NEW, after=after)


def asked(desk: Desk, person: Person, by: By) -> int:
    """Note that somebody asked for an offer (in a shop, on a page); give how many it wakes."""
    with desk.database.begin() as conn:
        if person.erased or not customers.lock_people(conn, [person.id]):
            raise Conflict(f"customer {person.id} was erased: nobody could be answered")
        signs_of_life.note(conn, [person.id], by.now)
        woken = requests.ask(conn, person.id, by.now)
        audit.write(conn, by.actor, "asked", f"customer:{person.id}")
    return woken


def _day(until: float, zone: str) -> str:
    return f"{datetime.fromtimestamp(until, ZoneInfo(zone) if zone else UTC):%Y-%m-%d}"
