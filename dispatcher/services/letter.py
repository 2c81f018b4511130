"""Letters of a callback: what people wrote back, with everything known of who wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.addresses import Problem, normalise_email, normalise_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.inbound.replies import Intent, Reply, read_reply
from dispatcher.services.subscribe import Desk
from dispatcher.storage import customers
from dispatcher.storage.events import Heard, clean

_UNREAD = Reply(Intent.OTHER)
_SHORTEST_NUMBER = 8  # digits; anything shorter is a short code, which no person writes from


class Letter(NamedTuple):
    """A reply with everything known of its sender."""

    heard: Heard
    channel: Channel
    address: str  # in normal form, or "" when nobody could be answered
    digests: tuple[bytes, ...]  # the first is the sender's own
    people: tuple[Person, ...]  # everybody with this address, in plain form too
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


def read(conn: Connection, desk: Desk, told: Sequence[Heard]) -> list[Letter]:
    """Find out who wrote, all at once, and what it means.

    Everybody concerned is locked at once and in order, so that callbacks never deadlock; what is
    then read of them is theirs until the transaction ends.
    """
    letters = [_sealed(desk, heard) for heard in told]
    held = _held(conn, letters)
    ids = {person for people in held.values() for person in people}
    known = customers.people(conn, customers.lock_people(conn, ids))
    return [_opened(letter, held, known) for letter in letters]


def turns(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Put letters into turns, each person's in order, so that a turn has one of each at most.

    People with the same address, in plain form too, count as one: what is said from it is
    done to all of them.
    """
    taken: list[list[Letter]] = []
    last: dict[int | bytes, int] = {}
    for letter in letters:
        whose: list[int | bytes] = [*(person.id for person in letter.people), *letter.digests]
        turn = max(last.get(each, 0) for each in whose)
        last.update(dict.fromkeys(whose, turn + 1))
        if turn == len(taken):
            taken.append([])
        taken[turn].append(letter)
    return taken


def met(conn: Connection, letters: Sequence[Letter]) -> list[Letter]:
    """Know whoever joined by an earlier letter of the same callback."""
    joined: dict[bytes, int] = {}
    for channel in Channel:
        strange = [
            letter.digests[0]
            for letter in letters
            if letter.channel is channel and letter.address and not letter.people
        ]
        joined |= customers.holders_of(conn, channel, strange) if strange else {}
    known = customers.people(conn, customers.lock_people(conn, joined.values()))
    return [
        letter._replace(people=(known[new],), writer=known[new])
        if not letter.people and (new := joined.get(letter.digests[0])) in known
        else letter
        for letter in letters
    ]


def _held(conn: Connection, letters: Sequence[Letter]) -> dict[bytes, set[int]]:
    """Give who has an address, in plain form too, by digest."""
    held: dict[bytes, set[int]] = {}
    for channel in Channel:
        mine = [letter for letter in letters if letter.channel is channel and letter.address]
        digests = {digest for letter in mine for digest in letter.digests}
        found = customers.held_by(conn, channel, sorted(digests)) if digests else ()
        for person, *forms in found:
            for form in forms:
                held.setdefault(form, set()).add(person)
    return held


def _opened(letter: Letter, held: Mapping[bytes, set[int]], known: Mapping[int, Person]) -> Letter:
    """Read a letter, in the language of whoever wrote it: with exactly this address, if anybody."""
    ids = {person for digest in letter.digests for person in held.get(digest, ())}
    people = tuple(known[each] for each in sorted(ids) if letter.address and each in known)
    exactly = (person for person in people if _has(person, letter))
    writer = next(exactly, people[0] if people else None)
    meaning = read_reply(letter.heard.event.text, writer.language if writer else None)
    return letter._replace(people=people, writer=writer, meaning=meaning)


def _has(person: Person, letter: Letter) -> bool:
    at = person.address(letter.channel)
    return at is not None and at.digest == letter.digests[0]


def _sealed(desk: Desk, heard: Heard) -> Letter:
    """Take a letter unread: from where it comes, not yet from whom."""
    channel, found = sender_of(clean(heard.event.sender))
    address = "" if isinstance(found, Problem) else found
    # Somebody without a proper address is remembered by what the gateway called them.
    known_as = address or clean(heard.event.sender).strip().casefold()
    digests = desk.digests.look_up(channel, known_as)
    return Letter(heard, channel, address, digests, (), None, _UNREAD)
