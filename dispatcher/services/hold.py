"""Hold: offers to a person wait while something is wrong, or while they want quiet."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import Connection

from dispatcher.campaign_files.words import Unreadable, duration
from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.people import Person
from dispatcher.errors import Conflict, WrongInput
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Desk
from dispatcher.storage import audit, brands, context_flags, customers, signs_of_life
from dispatcher.storage.withdrawals import withdraw

_MONTHS = re.compile(r"(\d{1,2}) months?")
LONGEST_QUIET = timedelta(days=366)


def hold(desk: Desk, person: Person, flag: ContextFlag, brand: str, by: By) -> bool:
    """Hold a brand's offers ("*": all) until `release`; give whether that is news.

    Committed when this returns; running workers learn of it as of an opt-out.
    """
    with desk.database.begin() as conn:
        _lock(conn, person)
        if brand != ANY_BRAND:
            brands.load(conn, brand)  # a name spelt wrongly would hold nothing
        news = context_flags.put(conn, person.id, flag, brand, by.now)
        withdraw(conn, [person.id])
        detail = {"flag": str(flag), "brand": brand}
        audit.write(conn, by.actor, "hold", f"customer:{person.id}", detail)
    return news


def quiet(desk: Desk, person: Person, span: timedelta, by: By) -> bool:
    """Send a person no offers for some time, as they wish; give whether that is news."""
    if not timedelta() < span <= LONGEST_QUIET:
        raise WrongInput("quiet lasts from a moment to a year; for good there is opt-out")
    with desk.database.begin() as conn:
        _lock(conn, person)
        until = by.now + span
        news = context_flags.put(conn, person.id, ContextFlag.QUIET, ANY_BRAND, by.now, until)
        withdraw(conn, [person.id])
        detail = {"until": until.isoformat()}
        audit.write(conn, by.actor, "quiet", f"customer:{person.id}", detail)
    return news


def release(desk: Desk, person: Person, flag: ContextFlag | None, brand: str | None, by: By) -> int:
    """Close holds, of one flag and brand or (None) all there are; give how many were open.

    Offers rest for 72 hours more; only quiet that the person asked for ends at once.
    """
    with desk.database.begin() as conn:
        _lock(conn, person)
        closed = context_flags.close(conn, person.id, flag, brand, by.now)
        detail = {"flag": str(flag or "any"), "brand": brand or "any", "closed": closed}
        audit.write(conn, by.actor, "release", f"customer:{person.id}", detail)
    return closed


def seen(desk: Desk, person: Person, by: By) -> None:
    """Note a sign of life that no gateway tells of: a purchase, a redemption, a visit."""
    with desk.database.begin() as conn:
        _lock(conn, person)
        signs_of_life.note(conn, [person.id], by.now)
        audit.write(conn, by.actor, "seen", f"customer:{person.id}")


def span_of(text: str) -> timedelta:
    """Read "1 week" or "3 months"; a month has 30 days."""
    months = _MONTHS.fullmatch(text.strip().lower())
    try:
        return timedelta(days=30 * int(months[1]) if months else duration(text) / 86400)
    except Unreadable:
        raise WrongInput('--for: write "1 week", "1 month" or "3 months"') from None


def _lock(conn: Connection, person: Person) -> None:
    if person.erased or not customers.lock_people(conn, [person.id]):
        raise Conflict(f"customer {person.id} was erased: there is nothing to hold back")
