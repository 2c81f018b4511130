"""Letters that end something: opt-outs, and numbers that are not whose we took them for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentSource
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.inbound.replies import MOST_CHARACTERS, Intent
from dispatcher.services.letter import Letter
from dispatcher.services.subscribe import Act, Desk, leave
from dispatcher.storage import conversations, customers, pending, suppressions
from dispatcher.storage.conversations import Closed
from dispatcher.storage.events import clean
from dispatcher.storage.suppressions import SuppressionReason


class Ending(NamedTuple):
    """What a letter came to: whether it is an opt-out that is news, and how it is answered."""

    opted_out: bool
    answer: MessageClass | None


def end(conn: Connection, desk: Desk, letters: Sequence[Letter]) -> dict[bytes, Ending]:
    """Take everybody with these addresses off the channel, known or not; by their own digest.

    Of letters that have nobody and no address in common. Why a number was parted from whom we took
    it for is noted before the opt-out is, so that it is the reason that stays. Whoever joins from
    such a number later is somebody new.
    """
    wrong = [letter for letter in letters if letter.meaning.intent is Intent.WRONG_NUMBER]
    parted = _silence(conn, desk, wrong, SuppressionReason.WRONG_NUMBER)
    known = {person.id: person for letter in letters for person in letter.people}
    left = leave(conn, desk, [act for letter in letters for act in _acts(letter)], known)
    _forget_talks(conn, letters)
    silenced = _silence(conn, desk, letters, SuppressionReason.OPTED_OUT)
    # A mail's sender is not proven, so its address stays where it is and is only silenced.
    parts = {Channel.SMS: customers.part, Channel.EMAIL: customers.mark_undeliverable}
    for letter in wrong:
        for person in letter.people:
            parts[letter.channel](conn, person.id, letter.channel)
    ended = {}
    for letter in letters:
        mine = letter.digests[0]
        news = any(left[person.id] for person in letter.people)
        opted_out = news if letter.people else mine in silenced
        answer = _answer(letter) if opted_out or mine in parted else None
        ended[mine] = Ending(opted_out, answer)
    return ended


def _answer(letter: Letter) -> MessageClass:
    wrong = letter.meaning.intent is Intent.WRONG_NUMBER
    return MessageClass.WRONG_NUMBER if wrong else MessageClass.OPTOUT_CONFIRMATION


def _acts(letter: Letter) -> Iterator[Act]:
    """Give the opt-out of everybody with this address.

    It counts from when we heard it: a gateway whose clock is behind must not make an older
    consent win over a STOP.
    """
    event = letter.heard.event
    why = "wrong_number" if letter.meaning.intent is Intent.WRONG_NUMBER else "reply"
    for person in letter.people:
        yield Act(
            person.id,
            letter.channel,
            letter.heard.heard_at,
            evidence={"text": clean(event.text, MOST_CHARACTERS)},
            origin=f"{why} over {clean(event.gateway)}",
        )


def _forget_talks(conn: Connection, letters: Sequence[Letter]) -> None:
    """Forget what was asked for and not confirmed, and drop questions by text that are open."""
    for channel in Channel:
        digests = [d for letter in letters if letter.channel is channel for d in letter.digests]
        if digests:
            pending.drop(conn, channel, sorted(digests))
    texts = [letter for letter in letters if letter.channel is Channel.SMS]
    people = {person.id for letter in texts for person in letter.people}
    conversations.close_all(conn, people, Closed.DROPPED, letters[0].heard.heard_at)


def _silence(
    conn: Connection, desk: Desk, letters: Sequence[Letter], reason: SuppressionReason
) -> set[bytes]:
    """Suppress the addresses of letters; give those, by their own digest, of whom it is news."""
    news = set()
    for channel in Channel:
        forms = {
            letter.digests[0]: desk.digests.store(channel, letter.address)
            if letter.address
            else letter.digests
            for letter in letters
            if letter.channel is channel
        }
        if forms:
            new = suppressions.suppress(
                conn,
                channel,
                [digest for each in forms.values() for digest in each],
                reason=reason,
                source=ConsentSource.OWN_HAND,
                at=letters[0].heard.heard_at,
            )
            news |= {mine for mine, each in forms.items() if not new.isdisjoint(each)}
    return news
