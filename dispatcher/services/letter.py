"""Letters of a callback: what people wrote back, with everything known of who wrote."""

from __future__ import annotations

from collections.abc import Sequence
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


def read(conn: Connection, desk: Desk, told: Sequence[Heard]) -> list[Letter]:
    """Find out who wrote, all at once, and what it means."""
    letters = [_sealed(desk, heard) for heard in told]
    known = _Known(conn, letters)
    return [known.open(letter) for letter in letters]


def turns(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Put letters into turns, each person's in order, so that a turn has one of each at most.

    People with the same address, in plain form too, count as one: what is said from it is
    done to all of them.
    """
    taken: list[list[Letter]] = []
    last: dict[int | bytes, int] = {}
    for letter in letters:
        whose = (*letter.people, *letter.digests)
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
    known = customers.people(conn, sorted(joined.values()))
    return [
        letter._replace(people=(new,), writer=known.get(new))
        if not letter.people and (new := joined.get(letter.digests[0]))
        else letter
        for letter in letters
    ]


class _Known:
    """Whoever may have written these letters, looked up at once."""

    def __init__(self, conn: Connection, letters: Sequence[Letter]) -> None:
        self._exactly: dict[bytes, int] = {}
        self._holders: dict[bytes, set[int]] = {}
        for channel in Channel:
            mine = [letter for letter in letters if letter.channel is channel]
            digests = {digest for letter in mine if letter.address for digest in letter.digests}
            for person, digest, wide in (
                customers.held_by(conn, channel, sorted(digests)) if digests else ()
            ):
                self._exactly[digest] = person
                for form in (digest, wide):
                    self._holders.setdefault(form, set()).add(person)
        people = {person for letter in letters for person in self._people(letter)}
        self._people_known = customers.people(conn, sorted(people))

    def open(self, letter: Letter) -> Letter:
        """Read a letter, in the language of whoever wrote it."""
        people = self._people(letter)
        writer = self._exactly.get(letter.digests[0])
        person = self._people_known.get(writer or people[0]) if people else None
        language = person.language if person else None
        meaning = read_reply(letter.heard.event.text, language)
        return letter._replace(people=people, writer=person, meaning=meaning)

    def _people(self, letter: Letter) -> tuple[int, ...]:
        found = (self._holders.get(digest, set()) for digest in letter.digests)
        return tuple(sorted(set().union(*found))) if letter.address else ()


def _sealed(desk: Desk, heard: Heard) -> Letter:
    """Take a letter from its envelope's side: from where it comes, not yet who that is."""
    channel, found = sender_of(clean(heard.event.sender))
    address = "" if isinstance(found, Problem) else found
    # Somebody without a proper address is remembered by what the gateway called them.
    known_as = address or clean(heard.event.sender).strip().casefold()
    digests = desk.digests.look_up(channel, known_as)
    return Letter(heard, channel, address, digests, (), None, _UNREAD)
