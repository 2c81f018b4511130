"""Erase: a person is forgotten, in steps that may be interrupted; a receipt says what is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from dispatcher.errors import NotFound
from dispatcher.services.subscribe import Desk, ends_of_agreements
from dispatcher.storage import clock, consents, customers, erasures, suppressions
from dispatcher.storage.database import Database
from dispatcher.storage.erasures import Receipt
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.storage.withdrawals import withdraw

_AT_ONCE = 100  # erasures that one round of tidying takes up


def erase(desk: Desk, customer_id: int, now: datetime) -> Receipt:
    """Erase a customer: only digests that keep the address silent and the bare chain stay.

    From the first commit on nobody can be written to. Erasing again goes on where it stopped.
    """
    with desk.database.begin() as conn:
        _begin(conn, desk, customer_id, now, keeps_proof=False)
    return _wipe_traces(desk.database, customer_id, now)


def forget(
    desk: Desk, customer_id: int, now: datetime, still: Callable[[Connection], bool]
) -> bool:
    """Erase somebody because time is over, if it `still` is; give whether it was.

    Nobody asked for it, so what proves a consent or its end stays for its own time.
    """
    with desk.database.begin() as conn:
        customers.lock_people(conn, [customer_id])
        if not still(conn):
            return False
        _begin(conn, desk, customer_id, now, keeps_proof=True)
    _wipe_traces(desk.database, customer_id, now)
    return True


def forget_again(desk: Desk, erased: Mapping[int, datetime]) -> int:
    """Erase whoever an old backup has brought back; give how many that were."""
    with desk.database.begin() as conn:
        found = customers.people(conn, erased)
        back = [each for each, person in found.items() if not person.erased]
    for customer_id in back:
        erase(desk, customer_id, erased[customer_id])
    return len(back)


def go_on(desk: Desk) -> int:
    """Finish what was interrupted, and look again for what came late; give how many people."""
    with desk.database.begin() as conn:
        people = erasures.unfinished(conn, _AT_ONCE)
        now = datetime.fromtimestamp(clock.now(conn), UTC)
    for customer_id in people:
        with desk.database.begin() as conn:
            _begin(conn, desk, customer_id, now, keeps_proof=True)  # where it was begun so
        _wipe_traces(desk.database, customer_id, now)
    return len(people)


def _begin(
    conn: Connection, desk: Desk, customer_id: int, now: datetime, *, keeps_proof: bool
) -> None:
    """Make a person unreachable and unreadable, in one transaction."""
    found = customers.lock_people(conn, [customer_id])
    person = customers.person(conn, customer_id)
    if not found or person is None:
        raise NotFound(f"there is no customer {customer_id}")
    keeps_proof = erasures.open_receipt(conn, customer_id, now, keeps_proof=keeps_proof)
    for at in person.addresses:
        digests, reason = [at.digest, at.digest_wide], SuppressionReason.ERASED
        suppressions.suppress(conn, at.channel, digests, reason=reason, source="erasure", at=now)
    withdraw(conn, [customer_id])
    consents.append(conn, ends_of_agreements(conn, customer_id, now), desk.entropy)
    profile = erasures.PROFILE_BUT_PROOF if keeps_proof else erasures.PROFILE
    erasures.wipe(conn, profile, customer_id, now)


def _wipe_traces(database: Database, customer_id: int, now: datetime) -> Receipt:
    """Wipe what lies far apart, a table at a time: nobody at work waits for all of it."""
    for table, statement in erasures.TRACES.items():
        with database.begin_by_key() as conn:
            erasures.wait_for_reservations(conn, customer_id)
            erasures.wipe(conn, {table: statement}, customer_id, now)
    with database.begin() as conn:
        return erasures.finish(conn, customer_id, now)
