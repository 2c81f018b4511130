"""Stay: somebody who was asked says yes, and the consent that was to end begins anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consent_kinds import by_own_hand
from dispatcher.domain.consent_terms import ANSWER_WITHIN, ASK_BEFORE, implied_kinds
from dispatcher.domain.consents import ANY_TOPIC, ConsentAction, ConsentState, fold
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.places import Places, with_home
from dispatcher.domain.programme import Programme, in_language
from dispatcher.domain.promises import Shown
from dispatcher.inbound.commands import says_no, says_yes
from dispatcher.rendering.source import SMS, choose
from dispatcher.services.subscribe import Act, Desk
from dispatcher.storage import consents, customers, reconfirmations, signs_of_life
from dispatcher.storage.reconfirmations import Ask
from dispatcher.words import Words

_OPEN_FOR = timedelta(seconds=ASK_BEFORE + ANSWER_WITHIN)


class Stayed(StrEnum):
    """What comes of an answer; LATE: the consent is gone, by the person's word or by time."""

    NOW = "now"
    BEFORE = "before"
    LATE = "late"


class Reply(NamedTuple):
    """A text that may answer the question, as it was heard."""

    text: str
    at: datetime
    evidence: Mapping[str, str]
    origin: str


def answered(conn: Connection, desk: Desk, person: Person, reply: Reply) -> bool:
    """Take a yes by text for what was asked last; give whether it was one, and in time."""
    if not says_yes(reply.text):
        return False
    ask = reconfirmations.ask_of(conn, person.id, Channel.SMS, reply.at)
    if ask is None:
        return False
    shown = Shown(person.language), _text_sent(conn, ask, person.language)
    return renew(conn, desk, person, ask, reply, shown) is Stayed.NOW


def refused(conn: Connection, person: Person, reply: Reply) -> bool:
    """Tell whether a text is a no to the question, and nothing has been sent since."""
    if not says_no(reply.text):
        return False
    ask = reconfirmations.ask_of(conn, person.id, Channel.SMS, reply.at)
    if ask is None or not ask.newest:
        return False
    return standing(conn, person.id, ask, reply.at) is Stayed.NOW


def standing(conn: Connection, customer_id: int, ask: Ask, now: datetime) -> Stayed:
    """Say what a yes would come to: it renews the very consent that was asked about."""
    for each in consents.standings_of(conn, customer_id):
        if (each.channel, each.topic) == (ask.channel, ask.topic):
            if each.state is not ConsentState.ACTIVE:
                return Stayed.LATE
            if each.event_id != ask.event:
                return Stayed.BEFORE
            return Stayed.NOW if now < ask.at + _OPEN_FOR else Stayed.LATE
    return Stayed.LATE


def renew(
    conn: Connection,
    desk: Desk,
    person: Person,
    ask: Ask,
    reply: Reply,
    shown: tuple[Shown, str],
) -> Stayed:
    """Record the yes with what was shown; whoever says it twice is heard once.

    What was agreed to before still holds, and so do its words and what they promised.
    """
    customers.lock_people(conn, [person.id])
    found = standing(conn, person.id, ask, reply.at)
    if found is not Stayed.NOW:
        return found
    act = Act(
        person.id,
        ask.channel,
        reply.at,
        topic=ask.topic,
        kind=_kind(person, ask),
        wording=_kept(conn, person.id, ask, *shown),
        evidence=reply.evidence,
        origin=reply.origin,
    )
    consents.append(conn, [act.event(ConsentAction.OPT_IN, ask.topic)], desk.entropy)
    signs_of_life.note(conn, [person.id], reply.at)
    return Stayed.NOW


def wording(say: Words, ask: Ask, programme: Programme | None) -> str:
    """Give the sentence that somebody agrees to on the page."""
    return say("stay.wording", brand=ask.brand, topic=topic_name(say, ask, programme))


def topic_name(say: Words, ask: Ask, programme: Programme | None) -> str:
    """Name what the consent is about, in the reader's language."""
    if ask.topic == ANY_TOPIC:
        return say("stay.everything")
    topics = programme.topics if programme else ()
    names = [in_language(topic.names, say.language) for topic in topics if topic.id == ask.topic]
    return next(iter(names), ask.topic)


def before(conn: Connection, customer_id: int, ask: Ask) -> str:
    """Give the words that were shown when the person agreed; "" if none were kept."""
    events = [
        event
        for event in consents.ledger_of(conn, [customer_id])
        if (event.channel, event.topic) == (ask.channel, ask.topic)
    ]
    return consents.wording_of(conn, fold(events).wording)


def _kind(person: Person, ask: Ask) -> str:
    """Give the ground it then stands on: the same one, but a yes where it followed from a deal."""
    if ask.kind not in implied_kinds():
        return ask.kind
    at = person.address(ask.channel)
    number = Places(at.jurisdictions if at else (), ())
    places = with_home(number, person.country, person.region).jurisdictions
    return by_own_hand(places, ask.channel)


def _kept(conn: Connection, customer_id: int, ask: Ask, shown: Shown, words: str) -> str:
    """Keep what was shown, over what was shown before; give its name."""
    promised = next(
        each.promised
        for each in consents.standings_of(conn, customer_id)
        if (each.channel, each.topic) == (ask.channel, ask.topic)
    )
    whole = "\n\n".join(filter(None, (words, before(conn, customer_id, ask))))
    consents.keep_wordings(conn, {whole: shown._replace(max_per_month=promised)})
    return consents.wording_digest(whole)


def _text_sent(conn: Connection, ask: Ask, language: str) -> str:
    """Give the words of the text as they were approved, its slots open."""
    texts, default = reconfirmations.words_of(conn, ask.wave_id)
    written = tuple(path.partition("/")[0] for path in texts)
    return texts.get(f"{choose(written, language, default)}/{SMS}", "")
