"""Letters: what people write back, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentSource, ConsentState
from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.inbound.replies import MOST_CHARACTERS, Intent
from dispatcher.inbound.why import asks_why
from dispatcher.inbound.wishes import wish_of
from dispatcher.services import stay
from dispatcher.services.dialogue import WHY, converse
from dispatcher.services.letter import Letter
from dispatcher.services.letter_answers import OPT_OUTS, may_answer, queue_answer, voice_of
from dispatcher.services.spoken import Said, Spoken, conversation
from dispatcher.services.subscribe import Act, Desk, join, leave, rejoinable
from dispatcher.services.why import why_text
from dispatcher.services.wishes import Granted, grant
from dispatcher.storage import (
    consents,
    context_flags,
    conversations,
    customers,
    pending,
    replies,
    requests,
    suppressions,
)
from dispatcher.storage.conversations import Closed
from dispatcher.storage.events import clean
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.words import choose


@dataclass(slots=True)
class Tally:
    """Counts what came of a callback."""

    opted_out: int = 0
    opted_in: int = 0
    answers: int = 0
    unsure: int = 0


def obey(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> None:
    """Do what the letter asks for, keep it, and answer at most once."""
    letter = _met(conn, letter) if desk.programme else letter
    granted = _wish(conn, letter)
    said = None if granted else _why(conn, desk, letter) or _dialogue(conn, desk, letter, tally)
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
    if answer and may_answer(conn, desk, letter, said):
        tally.answers += queue_answer(conn, desk, letter, answer, granted, said)
    elif said:
        _unask(conn, letter, said)
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


def _why(conn: Connection, desk: Desk, letter: Letter) -> Said | None:
    """Tell whoever asks why they were written to; strangers were not."""
    if letter.meaning.intent in OPT_OUTS or letter.channel is not Channel.SMS:
        return None
    language, person = asks_why(letter.heard.event.text), letter.writer
    if language is None or person is None:
        return None
    words = choose(person.language, language)
    voice = voice_of(conn, desk, letter)
    told = why_text(conn, desk.programme, person, words)
    if told is None and voice:
        told = words("text.why_none", brand=voice.name)
    return conversation(WHY, told) if told else None


def _unask(conn: Connection, letter: Letter, said: Said) -> None:
    """Take back a question that was not put: nobody agrees to what they were not shown."""
    if said.message_class is MessageClass.DOI_REQUEST:
        pending.drop(conn, letter.channel, letter.digests)
    elif letter.writer:
        now = letter.heard.heard_at
        opened = conversations.open_with(conn, letter.writer.id, now)
        if opened is not None and opened.asked_at == now:
            conversations.close(conn, letter.writer.id, Closed.DROPPED, now)


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

    The reason is noted before the opt-out is, so that it is the one that stays. Whoever joins from
    there later is somebody new. A mail's sender is not proven, so its address is only silenced.
    """
    news = _silence(conn, desk, letter, SuppressionReason.WRONG_NUMBER)
    for person in letter.people:
        customers.mark_undeliverable(conn, person, letter.channel)
    left = _stop(conn, desk, letter, tally, why="wrong_number over")
    if letter.channel is Channel.SMS:
        for person in letter.people:
            customers.part(conn, person, letter.channel)
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
