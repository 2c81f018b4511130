"""A letter: what somebody wrote back, with everything known of who wrote."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.addresses import Problem, normalise_email, normalise_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.inbound.replies import Reply, read_reply
from dispatcher.services.subscribe import Desk
from dispatcher.storage import customers
from dispatcher.storage.events import Heard, clean

_SHORTEST_NUMBER = 8  # digits; anything shorter is a short code, which no person writes from


class Letter(NamedTuple):
    """A reply with everything known of its sender."""

    heard: Heard
    channel: Channel
    address: str  # in normal form, or "" when nobody could be answered
    digests: tuple[bytes, ...]  # the first is the sender's own
    people: tuple[int, ...]
    writer: Person | None
    meaning: Reply


def sender_of(text: str) -> tuple[Channel, str | Problem]:
    """Read who wrote: an e-mail address, or a number that gateways may give without its +."""
    text = text.strip()
    if "@" in text:
        return Channel.EMAIL, normalise_email(text)
    found = normalise_phone(text)
    digits = text.removeprefix("00")
    if isinstance(found, Problem) and digits.isdecimal() and len(digits) >= _SHORTEST_NUMBER:
        found = normalise_phone(f"+{digits}")
    return Channel.SMS, found


def read(conn: Connection, desk: Desk, heard: Heard) -> Letter:
    """Find out who wrote, and what it means."""
    event = heard.event
    channel, found = sender_of(clean(event.sender))
    address = "" if isinstance(found, Problem) else found
    # Somebody without a proper address is remembered by what the gateway called them.
    known_as = address or clean(event.sender).strip().casefold()
    digests = desk.digests.look_up(channel, known_as)
    people = tuple(customers.holders(conn, channel, digests)) if address else ()
    writer = customers.holder(conn, channel, digests[0])
    person = customers.person(conn, writer or people[0]) if people else None
    return Letter(
        heard=heard,
        channel=channel,
        address=address,
        digests=digests,
        people=people,
        writer=person,
        meaning=read_reply(event.text, person.language if person else None),
    )
