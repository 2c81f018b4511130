"""Answers to letters: whether there may be one, in whose name, and in which words."""

from __future__ import annotations

from datetime import timedelta

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
from dispatcher.storage.service_messages import ServiceMessage

# A confirmation later than five minutes would have to be justified (47 CFR 64.1200(a)(12)).
_CONFIRM_WITHIN = timedelta(minutes=5)
# Two machines may answer each other for ever: nobody gets more answers of a kind in a day.
_LOOP_SPAN = timedelta(hours=24)
_MOST_ANSWERS = 2
_APART = timedelta(seconds=5)  # between the texts of an answer that takes more than one
OPT_OUTS = (Intent.OPT_OUT, Intent.WRONG_NUMBER)


def may_answer(conn: Connection, desk: Desk, letter: Letter, said: Said | None) -> bool:
    """Answer texts only, to a number a person can have and that is not ours, and never in a loop.

    What the gateway answers itself is not answered twice; a dialogue goes on, for it knows none.
    Who opted out twice in a day was told so, and gets no answer of any kind for the rest of it.
    """
    if letter.channel is not Channel.SMS or not letter.address:
        return False
    if letter.heard.event.answered and said is None:
        return False
    if desk.programme and letter.address == desk.programme.sms_sender:
        return False
    if replies.is_ours(conn, letter.address):
        return False
    kind = said.kind if said else letter.meaning.intent
    heard = replies.recent(conn, letter.digests[0], letter.heard.heard_at, _LOOP_SPAN)
    opted_out = sum(heard[each] for each in OPT_OUTS)
    return heard[kind] < MOST_A_DAY.get(kind, _MOST_ANSWERS) and opted_out < _MOST_ANSWERS


def queue_answer(
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
    voice = voice_of(conn, desk, letter)
    if voice is None:
        return []  # no brand, no offers, nothing to confirm
    language = letter.meaning.language or (letter.writer.language if letter.writer else "")
    if granted:
        return [wish_text(message_class, language, voice, granted.until)]
    return [service_text(message_class, language, voice)]


def voice_of(conn: Connection, desk: Desk, letter: Letter) -> Voice | None:
    """Give who answers: the programme, if its number was written to, else a brand."""
    programme, number = desk.programme, clean(letter.heard.event.recipient)
    found = replies.voice_for(conn, letter.writer.id if letter.writer else None, number)
    if programme and (found is None or number == programme.sms_sender != ""):
        return Voice(programme.name, programme.contact)
    return found
