"""Answers to letters: whether there may be one, in whose name, and in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.inbound.replies import Intent
from dispatcher.services.dialogue import MOST_A_DAY
from dispatcher.services.letter import Letter
from dispatcher.services.question_texts import together
from dispatcher.services.service_texts import service_text
from dispatcher.services.spoken import Said
from dispatcher.services.subscribe import Desk
from dispatcher.services.wish_texts import wish_text
from dispatcher.services.wishes import Granted
from dispatcher.storage import replies, service_messages
from dispatcher.storage.events import clean
from dispatcher.storage.replies import Voice
from dispatcher.storage.service_messages import Due, ServiceMessage

# A confirmation later than five minutes would have to be justified (47 CFR 64.1200(a)(12)).
_CONFIRM_WITHIN = timedelta(minutes=5)
# Two machines may answer each other for ever: nobody gets more answers of a kind in a day.
_LOOP_SPAN = timedelta(hours=24)
_MOST_ANSWERS = 2
_APART = timedelta(seconds=5)  # between the texts of an answer that takes more than one
OPT_OUTS = (Intent.OPT_OUT, Intent.WRONG_NUMBER)


class Taken(NamedTuple):
    """How a letter was taken: the kind of its answer, and what was granted or said to it."""

    letter: Letter
    answer: MessageClass | None = None
    granted: Granted | None = None
    said: Said | None = None


def queue_answers(conn: Connection, desk: Desk, answered: Sequence[Taken]) -> int:
    """Queue the answers to letters of different people; give to how many there is a new one."""
    written = [together(each.said.texts) if each.said else [] for each in answered]
    plain = [each.letter for each, texts in zip(answered, written, strict=True) if not texts]
    voices = iter(voices_of(conn, desk, plain))
    due = [
        _messages(desk, each, texts or _plain_answer(each, next(voices)))
        for each, texts in zip(answered, written, strict=True)
    ]
    new = service_messages.queue_all(conn, [message for messages in due for message in messages])
    return sum(any(each.message.key in new for each in messages) for messages in due)


def answerable(conn: Connection, desk: Desk, taken: Sequence[Taken]) -> list[Taken]:
    """Answer texts only, to a number a person can have and that is not ours, and never in a loop.


    What the gateway answers itself is not answered twice; a dialogue goes on, for it knows none.
    Who opted out twice in a day was told so, and gets no answer of any kind for the rest of it.
    """
    wanted = [each for each in taken if _wanted(each)]
    if not wanted:
        return []
    ours = replies.ours(conn, {each.letter.address for each in wanted})
    if desk.programme:
        ours.add(desk.programme.sms_sender)
    digests, now = [each.letter.digests[0] for each in wanted], wanted[0].letter.heard.heard_at
    recent = replies.recent(conn, digests, now, _LOOP_SPAN)
    return [
        each
        for each in wanted
        if each.letter.address not in ours and not _loops(each, recent[each.letter.digests[0]])
    ]


def _wanted(taken: Taken) -> bool:
    by_gateway = taken.letter.heard.event.answered and taken.said is None
    texted = taken.letter.channel is Channel.SMS and taken.letter.address
    return bool(taken.answer and texted and not by_gateway)


def _loops(taken: Taken, recent: Mapping[str, int]) -> bool:
    kind = taken.said.kind if taken.said else taken.letter.meaning.intent
    opted_out = sum(recent[each] for each in OPT_OUTS)
    return recent[kind] >= MOST_A_DAY.get(kind, _MOST_ANSWERS) or opted_out >= _MOST_ANSWERS


def _messages(desk: Desk, taken: Taken, texts: Sequence[str]) -> list[Due]:
    letter, event = taken.letter, taken.letter.heard.event
    assert taken.answer
    sender = clean(event.recipient)
    if taken.said and not sender and desk.programme:
        sender = desk.programme.sms_sender
    now = letter.heard.heard_at
    confirms = taken.answer is MessageClass.OPTOUT_CONFIRMATION
    expires = now + (_CONFIRM_WITHIN if confirms else service_messages.ANSWER_KEPT)
    due = now + taken.granted.after if taken.granted else now
    messages = []
    for place, words in enumerate(texts):
        message = ServiceMessage(
            key=clean(event.dedup_key) + f":{place + 1}" * bool(place),
            customer_id=letter.writer.id if letter.writer else 0,
            channel=letter.channel,
            address=letter.address,
            gateway=clean(event.gateway),
            sender=sender,
            message_class=taken.answer,
            text=words,
        )
        # One after the other, or the second would overtake the first.
        messages.append(Due(message, due + place * _APART, expires))
    return messages


def _plain_answer(taken: Taken, voice: Voice | None) -> list[str]:
    """Give the words of an answer outside of a dialogue; none where nobody could say them."""
    letter = taken.letter
    if voice is None or taken.answer is None:
        return []  # no brand, no offers, nothing to confirm
    language = letter.meaning.language or (letter.writer.language if letter.writer else "")
    if taken.granted:
        return [wish_text(taken.answer, language, voice, taken.granted.until)]
    return [service_text(taken.answer, language, voice)]


def voices_of(conn: Connection, desk: Desk, letters: Sequence[Letter]) -> list[Voice | None]:
    """Give who answers each: the programme, if its number was written to, else a brand."""
    programme = desk.programme
    own = Voice(programme.name, programme.contact) if programme else None
    home = programme.sms_sender if programme else ""
    wrote = [
        (letter.writer.id if letter.writer else None, clean(letter.heard.event.recipient))
        for letter in letters
    ]
    brands = iter(replies.voices_for(conn, [each for each in wrote if not each[1] == home != ""]))
    return [own if number == home != "" else next(brands, own) for _, number in wrote]
