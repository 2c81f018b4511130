"""Receive: what gateways report and people reply, recorded and obeyed before it is acknowledged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentSource
from dispatcher.domain.messages import DeliveryKey, Event, EventKind
from dispatcher.inbound.replies import Intent
from dispatcher.services import letters
from dispatcher.services.letter import read, turns
from dispatcher.services.subscribe import Act, Desk, leave
from dispatcher.storage import customers, events, setbacks, settlements, signs_of_life, soft_bounces
from dispatcher.storage.events import Heard, clean
from dispatcher.storage.setbacks import Setback

_SETBACKS = {EventKind.COMPLAINED: Setback.COMPLAINT, EventKind.BOUNCED: Setback.BOUNCE}


class Received(NamedTuple):
    """What came of a callback: counts, and the meaning of each new reply."""

    events: int = 0
    new: int = 0
    opted_out: int = 0
    opted_in: int = 0
    answers: int = 0
    labels: tuple[Intent, ...] = ()
    unsure: int = 0


def receive(desk: Desk, told: Sequence[Event], now: datetime) -> Received:
    """Record events and obey them in one transaction; when this returns, it is committed.

    `now` is the programme's clock. Events told before change nothing. StorageDown: nothing was
    recorded, and the gateway must not be told otherwise.
    """
    tally = letters.Tally()
    with desk.database.begin() as conn:
        fresh = events.record(conn, [Heard(event, _trusted(event.at, now), now) for event in told])
        replied = [heard for heard in fresh if heard.event.kind is EventKind.REPLIED]
        written = read(conn, desk, replied)
        obeyed = [
            letter for turn in turns(written) for letter in letters.obey(conn, desk, turn, tally)
        ]
        for heard in fresh:
            _obey_report(conn, desk, heard, tally)
        # All in one statement, in order, so that callbacks do not deadlock here either.
        awake = {person.id for letter in obeyed for person in letter.people}
        signs_of_life.note(conn, awake | set(_clicked(conn, fresh)), now)
        settlements.resolve_unsure(conn, [key for heard in fresh if (key := _arrived(heard.event))])
    labels = tuple(letter.meaning.intent for letter in written)
    counts = (tally.opted_out, tally.opted_in, tally.answers)
    return Received(len(told), len(fresh), *counts, labels, tally.unsure)


def reply(
    desk: Desk, sender: str, text: str, now: datetime, *, gateway: str, recipient: str = ""
) -> Received:
    """Take a reply typed by an operator, on the same path as one from a gateway."""
    event = Event(
        dedup_key=f"typed:{desk.entropy(16).hex()}",
        gateway=gateway,
        kind=EventKind.REPLIED,
        at=now.timestamp(),
        sender=sender,
        recipient=recipient,
        text=text,
    )
    return receive(desk, [event], now)


def _trusted(at: float, now: datetime) -> datetime:
    """Give when it happened, never later than now; a gateway's nonsense counts as now."""
    if not math.isfinite(at) or not 0 < at < now.timestamp():
        return now
    return datetime.fromtimestamp(at, UTC)


def _arrived(event: Event) -> DeliveryKey | None:
    """Give our own name of a message that surely reached its gateway, whatever became of it."""
    told = event.kind in (EventKind.DELIVERED, EventKind.BOUNCED, EventKind.DELAYED)
    return event.key if told and events.ours(event) else None


def _clicked(conn: Connection, fresh: Sequence[Heard]) -> Iterator[int]:
    for heard in fresh:
        if heard.event.kind is EventKind.CLICKED:
            subject = events.subject_of(conn, heard.event)
            if subject is not None:
                yield subject.customer_id


def _obey_report(conn: Connection, desk: Desk, heard: Heard, tally: letters.Tally) -> None:
    """Act on a dead address, a complaint, or a gateway that blocks the person for us."""
    event = heard.event
    ends = event.contact_stopped or event.kind in (EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)
    if not (ends or event.dead_address or event.blocked or event.soft):
        return
    subject = events.subject_of(conn, event)
    if subject is None or not customers.lock_people(conn, [subject.customer_id]):
        return
    if event.kind in _SETBACKS and not event.soft:
        setbacks.note(conn, subject.wave_id, subject.customer_id, _SETBACKS[event.kind])
    person, now = subject.customer_id, heard.heard_at
    if event.dead_address or (event.soft and soft_bounces.gave_up(conn, person, now)):
        customers.mark_undeliverable(conn, subject.customer_id, subject.channel)
    if ends:
        act = Act(
            subject.customer_id,
            subject.channel,
            heard.heard_at,
            source=ConsentSource.GATEWAY,
            origin=f"{event.kind} over {clean(event.gateway)}",
        )
        tally.opted_out += leave(conn, desk, [act])[subject.customer_id]
