"""Letters: what people write back, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.addresses import Problem, normalise_email, normalise_phone
from dispatcher.domain.consents import ConsentSource, ConsentState
from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.people import Person
from dispatcher.inbound.replies import MOST_CHARACTERS, Intent, Reply, read_reply
from dispatcher.inbound.wishes import wish_of
from dispatcher.services import stay
from dispatcher.services.dialogue import MOST_A_DAY, converse
from dispatcher.services.question_texts import together
from dispatcher.services.service_texts import service_text
from dispatcher.services.spoken import Said, Spoken
from dispatcher.services.subscribe import Act, Desk, join, leave, rejoinable
from dispatcher.services.wish_texts import wish_text
from dispatcher.services.wishes import Granted, grant
from dispatcher.storage import (
    consents,
    context_flags,
    conversations,
    customers,
    pending,
    replies,
    requests,
    service_messages,
    suppressions,
)
from dispatcher.storage.conversations import Closed
from dispatcher.storage.events import Heard, clean
from dispatcher.storage.replies import Voice
from dispatcher.storage.service_messages import ServiceMessage
from dispatcher.storage.suppressions import SuppressionReason

# A confirmation later than five minutes would have to be justified (47 CFR 64.1200(a)(12)).
_CONFIRM_WITHIN = timedelta(minutes=5)
# Two machines may answer each other for ever: nobody gets more answers of a kind in a day.
_LOOP_SPAN = timedelta(hours=24)
_MOST_ANSWERS = 2
_APART = timedelta(seconds=5)  # between the texts of an answer that takes more than one
_OPT_OUTS = (Intent.OPT_OUT, Intent.WRONG_NUMBER)
_SHORTEST_NUMBER = 8  # digits; anything shorter is a short code, which no person writes from


@dataclass(slots=True)
class Tally:
    """Counts what came of a callback."""

    opted_out: int = 0
    opted_in: int = 0
    answers: int = 0
    unsure: int = 0


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


def obey(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> None:
    """Do what the letter asks for, keep it, and answer at most once."""
    letter = _met(conn, letter) if desk.programme else letter
    granted = _wish(conn, letter)
    said = None if granted else _dialogue(conn, desk, letter, tally)
    stays = None if granted or said else _stays(conn, desk, letter)
    if stays is not None and not stays:
        letter = letter._replace(meaning=letter.meaning._replace(intent=Intent.OPT_OUT))
    if said:
        answer, tally.opted_in = said.message_class, tally.opted_in + said.joined
        letter = _met(conn, letter)
    elif stays:
        answer = MessageClass.STAYED
    else:
        answer = granted.message_class if granted else _deed(conn, desk, letter, tally)
    if answer and _may_answer(conn, letter, said):
        tally.answers += _queue_answer(conn, desk, letter, answer, granted, said)
    tally.unsure += letter.meaning.unsure
    replies.record(
        conn,
        replies.Reply(
            dedup_key=clean(letter.heard.event.dedup_key),
            gateway=clean(letter.heard.event.gateway),
            channel=letter.channel,
            customer_id=letter.writer.id if letter.writer else None,
            digest=letter.digests[0],
            text=clean(letter.heard.event.text, MOST_CHARACTERS),
            label=said.kind if said else letter.meaning.intent,
            unsure=letter.meaning.unsure,
            handed_over=said.handed_over if said else False,
            received_at=letter.heard.heard_at,
        ),
    )


def _met(conn: Connection, letter: Letter) -> Letter:
    """Know whoever joined by an earlier letter of the same callback."""
    if letter.people or not letter.address:
        return letter
    joined = customers.holder(conn, letter.channel, letter.digests[0])
    if joined is None:
        return letter
    return letter._replace(people=(joined,), writer=customers.person(conn, joined))


def _dialogue(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> Said | None:
    """Take a text as part of a dialogue, where nothing weightier was said."""
    programme, event = desk.programme, letter.heard.event
    if programme is None or letter.channel is not Channel.SMS or not letter.address:
        return None
    if letter.meaning.intent not in (Intent.OTHER, Intent.OPT_IN):
        return None
    spoken = Spoken(
        key=clean(event.dedup_key),
        text=clean(event.text, MOST_CHARACTERS),
        address=letter.address,
        digests=letter.digests,
        person=letter.writer,
        intent=letter.meaning.intent,
        language=letter.meaning.language,
        at=letter.heard.heard_at,
        said_at=letter.heard.at,
        origin=f"over {clean(event.gateway)}",
        to=clean(event.recipient),
    )
    start = partial(_start, conn, desk, letter, tally)
    return converse(conn, desk, programme, spoken, start)


def _wish(conn: Connection, letter: Letter) -> Granted | None:
    """Grant what was wished for in so many words, where nothing weightier was said."""
    if letter.meaning.intent is not Intent.OTHER or letter.writer is None:
        return None
    wish = wish_of(letter.heard.event.text)
    if wish is None:
        return None
    return grant(conn, letter.writer, letter.channel, wish, letter.heard.heard_at)


def _stays(conn: Connection, desk: Desk, letter: Letter) -> bool | None:
    """Take a plain yes, or no, for what the person was asked last: whether they want to stay."""
    if letter.channel is not Channel.SMS or letter.writer is None:
        return None
    if letter.meaning.intent not in (Intent.OTHER, Intent.OPT_IN):
        return None
    said = clean(letter.heard.event.text, MOST_CHARACTERS)
    origin = f"reply over {clean(letter.heard.event.gateway)}"
    reply = stay.Reply(said, letter.heard.heard_at, {"text": said}, origin)
    if stay.refused(conn, letter.writer, reply):
        return False
    return stay.answered(conn, desk, letter.writer, reply) or None


def _deed(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> MessageClass | None:
    match letter.meaning.intent:
        case Intent.OPT_OUT:
            news = _stop(conn, desk, letter, tally)
            return MessageClass.OPTOUT_CONFIRMATION if news else None
        case Intent.WRONG_NUMBER:
            return MessageClass.WRONG_NUMBER if _part(conn, desk, letter, tally) else None
        case Intent.OPT_IN:
            return _start(conn, desk, letter, tally)
        case Intent.HELP:
            return MessageClass.HELP_REPLY
        case Intent.OTHER:
            return None


def _part(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> bool:
    """Part the number from whom we took it for: nothing may go there, whoever has it now.

    The reason is noted before the opt-out is, so that it is the one that stays.
    """
    news = _silence(conn, desk, letter, SuppressionReason.WRONG_NUMBER)
    for person in letter.people:
        customers.mark_undeliverable(conn, person, letter.channel)
    left = _stop(conn, desk, letter, tally, why="wrong_number over")
    return news or left


def _stop(
    conn: Connection, desk: Desk, letter: Letter, tally: Tally, why: str = "reply over"
) -> bool:
    """Take everybody with this address off the channel, known or not; give whether it is news.

    It counts from when we heard it: a gateway whose clock is behind must not make an older
    consent win over a STOP.
    """
    heard_at = letter.heard.heard_at
    evidence = {"text": clean(letter.heard.event.text, MOST_CHARACTERS)}
    origin = f"{why} {clean(letter.heard.event.gateway)}"
    acts = [
        Act(person, letter.channel, heard_at, evidence=evidence, origin=origin)
        for person in letter.people
    ]
    news = any(leave(conn, desk, acts).values())
    pending.drop(conn, letter.channel, letter.digests)
    if letter.channel is Channel.SMS:
        for person in letter.people:
            conversations.close(conn, person, Closed.DROPPED, heard_at)
    stranger = _silence(conn, desk, letter, SuppressionReason.OPTED_OUT)
    news = news if letter.people else stranger
    tally.opted_out += news
    return news


def _silence(conn: Connection, desk: Desk, letter: Letter, reason: SuppressionReason) -> bool:
    address = letter.address
    return suppressions.suppress(
        conn,
        letter.channel,
        desk.digests.store(letter.channel, address) if address else letter.digests,
        reason=reason,
        source=ConsentSource.OWN_HAND,
        at=letter.heard.heard_at,
    )


def _start(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> MessageClass | None:
    """Give back what a STOP took; a stranger's number may be written to again, nothing more."""
    if letter.writer is None:
        suppressions.lift(conn, letter.channel, letter.digests)
        return None
    heard_at = letter.heard.heard_at
    loud = context_flags.close(conn, letter.writer.id, ContextFlag.QUIET, None, heard_at)
    ledger = consents.ledger_of(conn, [letter.writer.id])
    topics = rejoinable(ledger, letter.channel)
    if not topics:
        heard = loud and requests.hears(conn, letter.writer.id, letter.channel)
        return MessageClass.WELCOME if heard else None
    act = Act(
        letter.writer.id,
        letter.channel,
        letter.heard.heard_at,
        done_at=letter.heard.at,
        kind="keyword",
        evidence={"text": clean(letter.heard.event.text, MOST_CHARACTERS)},
        origin=f"reply over {clean(letter.heard.event.gateway)}",
    )
    join(conn, desk, act, topics)
    customers.mark_deliverable(conn, letter.writer.id, letter.channel)  # somebody wrote from there
    permitted = consents.consent_of(conn, letter.channel, topics[0], [act.customer_id])
    if permitted[act.customer_id].state is not ConsentState.ACTIVE:
        return None  # said before a STOP that we heard first
    tally.opted_in += 1
    return MessageClass.WELCOME


def _may_answer(conn: Connection, letter: Letter, said: Said | None) -> bool:
    """Answer texts only, to a number a person can have, and never in a loop.

    Who opted out twice in a day was told so, and gets no answer of any kind for the rest of it.
    """
    if letter.channel is not Channel.SMS or not letter.address:
        return False
    kind = said.kind if said else letter.meaning.intent
    heard = replies.recent(conn, letter.digests[0], letter.heard.heard_at, _LOOP_SPAN)
    opted_out = sum(heard[each] for each in _OPT_OUTS)
    return heard[kind] < MOST_A_DAY.get(kind, _MOST_ANSWERS) and opted_out < _MOST_ANSWERS


def _queue_answer(
    conn: Connection,
    desk: Desk,
    letter: Letter,
    message_class: MessageClass,
    granted: Granted | None,
    said: Said | None,
) -> bool:
    event, now = letter.heard.event, letter.heard.heard_at
    sender = clean(event.recipient)
    if said and not sender and desk.programme:
        sender = desk.programme.sms_sender
    confirms = message_class is MessageClass.OPTOUT_CONFIRMATION
    expires = now + (_CONFIRM_WITHIN if confirms else service_messages.ANSWER_KEPT)
    due = now + granted.after if granted else now
    texts = together(said.texts) if said else []
    texts = texts or _plain_answer(conn, desk, letter, message_class, granted)
    new = False
    for place, words in enumerate(texts):
        message = ServiceMessage(
            key=clean(event.dedup_key) + f":{place + 1}" * bool(place),
            customer_id=letter.writer.id if letter.writer else 0,
            channel=letter.channel,
            address=letter.address,
            gateway=clean(event.gateway),
            sender=sender,
            message_class=message_class,
            text=words,
        )
        # One after the other, or the second would overtake the first.
        new |= service_messages.queue(conn, message, due + place * _APART, expires)
    return new


def _plain_answer(
    conn: Connection,
    desk: Desk,
    letter: Letter,
    message_class: MessageClass,
    granted: Granted | None,
) -> list[str]:
    """Give the words of an answer outside of a dialogue; none where nobody could say them."""
    voice = _voice(conn, desk, letter)
    if voice is None:
        return []  # no brand, no offers, nothing to confirm
    language = letter.meaning.language or (letter.writer.language if letter.writer else "")
    if granted:
        return [wish_text(message_class, language, voice, granted.until)]
    return [service_text(message_class, language, voice)]


def _voice(conn: Connection, desk: Desk, letter: Letter) -> Voice | None:
    """Give who answers: the programme, if its number was written to, else a brand."""
    programme, number = desk.programme, clean(letter.heard.event.recipient)
    found = replies.voice_for(conn, letter.writer.id if letter.writer else None, number)
    if programme and (found is None or number == programme.sms_sender != ""):
        return Voice(programme.name, programme.contact)
    return found
