"""Letters: what people write back, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.inbound.replies import MOST_CHARACTERS, Intent
from dispatcher.inbound.why import asks_why
from dispatcher.inbound.wishes import wish_of
from dispatcher.services import stay
from dispatcher.services.dialogue import WHY, Waiting, converse
from dispatcher.services.letter import Letter, met
from dispatcher.services.letter_answers import (
    OPT_OUTS,
    Taken,
    answerable,
    queue_answers,
    voices_of,
)
from dispatcher.services.letter_ends import Ending, end
from dispatcher.services.spoken import Said, Spoken, conversation
from dispatcher.services.subscribe import Act, Desk, join, rejoinable
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
from dispatcher.words import choose


@dataclass(slots=True)
class Tally:
    """Counts what came of a callback."""

    opted_out: int = 0
    opted_in: int = 0
    answers: int = 0
    unsure: int = 0


def obey(conn: Connection, desk: Desk, turn: Sequence[Letter], tally: Tally) -> list[Letter]:
    """Do what letters ask for, keep them, and answer each at most once; nobody wrote two of them.

    What is read and written for all of them is so at once. Gives them with whoever joined.
    """
    letters = met(conn, turn) if desk.programme else list(turn)
    waiting = Waiting(conn, letters)
    taken = [_take(conn, desk, letter, waiting, tally) for letter in letters]
    ends = [each.letter for each in taken if each.letter.meaning.intent in OPT_OUTS]
    ended = end(conn, desk, ends) if ends else {}
    tally.opted_out += sum(ending.opted_out for ending in ended.values())
    taken = [_after(each, ended) for each in taken]
    if any(each.said and each.said.joined for each in taken):
        known = met(conn, [each.letter for each in taken])
        taken = [each._replace(letter=new) for each, new in zip(taken, known, strict=True)]
    answered = answerable(conn, desk, taken)
    tally.answers += queue_answers(conn, desk, answered)
    heard = {each.letter.digests[0] for each in answered}
    _unask(conn, [each for each in taken if each.said and each.letter.digests[0] not in heard])
    tally.unsure += sum(each.letter.meaning.unsure for each in taken)
    replies.record(conn, [_kept(each) for each in taken])
    return [each.letter for each in taken]


def _take(conn: Connection, desk: Desk, letter: Letter, waiting: Waiting, tally: Tally) -> Taken:
    """Do what a letter asks for, but for an end to it, which is made for many at once."""
    granted = _wish(conn, letter)
    if granted:
        return Taken(letter, granted.message_class, granted=granted)
    said = _why(conn, desk, letter) or _dialogue(conn, desk, letter, waiting, tally)
    if said:
        tally.opted_in += said.joined
        return Taken(letter, said.message_class, said=said)
    stays = _stays(conn, desk, letter)
    if stays:
        return Taken(letter, MessageClass.STAYED)
    if stays is not None:
        return Taken(letter._replace(meaning=letter.meaning._replace(intent=Intent.OPT_OUT)))
    return Taken(letter, _deed(conn, desk, letter, tally))


def _after(taken: Taken, ended: Mapping[bytes, Ending]) -> Taken:
    """Say how an end is answered, where the letter made one."""
    ending = ended.get(taken.letter.digests[0])
    return taken._replace(answer=ending.answer) if ending else taken


def _kept(taken: Taken) -> replies.Reply:
    letter, said = taken.letter, taken.said
    return replies.Reply(
        dedup_key=clean(letter.heard.event.dedup_key),
        gateway=clean(letter.heard.event.gateway),
        channel=letter.channel,
        customer_id=letter.writer.id if letter.writer else None,
        digest=letter.digests[0],
        text=clean(letter.heard.event.text, MOST_CHARACTERS),
        label=said.kind if said else letter.meaning.intent,
        received_at=letter.heard.heard_at,
        unsure=letter.meaning.unsure,
        handed_over=said.handed_over if said else False,
    )


def _dialogue(
    conn: Connection, desk: Desk, letter: Letter, waiting: Waiting, tally: Tally
) -> Said | None:
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
    return converse(conn, desk, programme, spoken, start, waiting)


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
    told = why_text(conn, desk.programme, person, words)
    if told is None and (voice := voices_of(conn, desk, [letter])[0]):
        told = words("text.why_none", brand=voice.name)
    return conversation(WHY, told) if told else None


def _unask(conn: Connection, unanswered: Sequence[Taken]) -> None:
    """Take back questions that were not put: nobody agrees to what they were not shown."""
    asked = {each.letter.writer.id: each for each in unanswered if each.letter.writer}
    for each in unanswered:
        if each.said and each.said.message_class is MessageClass.DOI_REQUEST:
            pending.drop(conn, each.letter.channel, each.letter.digests)
    if not asked:
        return
    now = unanswered[0].letter.heard.heard_at
    opened = conversations.open_with_each(conn, asked, now)
    unseen = [person for person, one in opened.items() if one.asked_at == now]
    conversations.close_all(conn, unseen, Closed.DROPPED, now)


def _deed(conn: Connection, desk: Desk, letter: Letter, tally: Tally) -> MessageClass | None:
    match letter.meaning.intent:
        case Intent.OPT_IN:
            return _start(conn, desk, letter, tally)
        case Intent.HELP:
            return MessageClass.HELP_REPLY
        case Intent.OPT_OUT | Intent.WRONG_NUMBER | Intent.OTHER:
            return None


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
    join(conn, desk, act, topics, letter.writer)
    customers.mark_deliverable(conn, letter.writer.id, letter.channel)  # somebody wrote from there
    permitted = consents.consent_of(conn, letter.channel, topics[0], [act.customer_id])
    if permitted[act.customer_id].state is not ConsentState.ACTIVE:
        return None  # said before a STOP that we heard first
    tally.opted_in += 1
    return MessageClass.WELCOME
