"""A person's own page: what they may choose there, and what happens when they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consent_kinds import by_own_hand
from dispatcher.domain.consents import ANY_TOPIC, ConsentState
from dispatcher.domain.hours_agreements import is_agreement
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.masks import mask
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme, Topic, in_language
from dispatcher.domain.promises import Shown
from dispatcher.domain.sensitive import in_text
from dispatcher.services.click import is_echo
from dispatcher.services.joining import wording
from dispatcher.services.subscribe import Act, Desk, join, leave
from dispatcher.storage import audit, consents, customers, own_page, signs_of_life
from dispatcher.words import Words

ORIGIN = "own page, by the link in a message of wave {}"


class Pair(NamedTuple):
    """One box on the page: a topic on a channel."""

    channel: Channel
    topic: str

    @property
    def name(self) -> str:
        """Give its name in a form."""
        return f"{self.channel}:{self.topic}"


class Way(NamedTuple):
    """One channel of a topic. `wording` is what ticking it agrees to; `ticked`: agreed to now."""

    pair: Pair
    address: str  # masked
    ticked: bool
    wording: str


class Choice(NamedTuple):
    """One topic, in the reader's language. `sensitive`: it wants an express tick of its own."""

    id: str
    name: str
    about: str
    brands: tuple[str, ...]
    sensitive: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand it is, by which message's link, and what proves it."""

    person: Person
    wave_id: int
    now: datetime
    evidence: Mapping[str, str] = field(default_factory=dict)

    def act(self, pair: Pair, kind: str = "page", shown: str = "") -> Act:
        """Give the act for the ledger; `shown` is the digest of what was shown."""
        return Act(
            self.person.id,
            pair.channel,
            self.now,
            topic=pair.topic,
            kind=kind,
            wording=shown,
            origin=ORIGIN.format(self.wave_id),
            evidence=self.evidence,
        )


def choices(
    conn: Connection, desk: Desk, person: Person, known: KnownFacts, say: Words
) -> list[Choice]:
    """Give all that a person may choose, and what of it they have agreed to.

    Without a programme there are no words to agree to, so only what is agreed to is there.
    """
    topics = _topics(conn, desk, person, say)
    every = [_choice(conn, desk.programme, person, known, say, topic) for topic in topics]
    return [choice for choice in every if choice.ways]


def change_topics(
    desk: Desk, hand: Hand, had: set[str], wanted: set[str], known: KnownFacts, say: Words
) -> int:
    """Obey the boxes that the person's hand has changed, and no other; give how many those are.

    `had` are the boxes that were ticked when the page was made: whoever left in the meantime, by
    another way, is not brought back by an old page.
    """
    with desk.database.begin() as conn:
        customers.lock_people(conn, [hand.person.id])
        ways = [way for c in choices(conn, desk, hand.person, known, say) for way in c.ways]
        joins = [way for way in ways if way.pair.name in wanted - had and not way.ticked]
        leaves = [way for way in ways if way.pair.name in had - wanted and way.ticked]
        for way in joins:
            _join(conn, desk, hand, way, say)
        for way in leaves:
            leave(conn, desk, [hand.act(way.pair)])
        if joins:
            signs_of_life.note(conn, [hand.person.id], hand.now)
    return len(joins) + len(leaves)


def leave_everything(desk: Desk, hand: Hand) -> None:
    """Take a person off every topic of every channel; committed when this returns.

    A second press of the same button is none.
    """
    with desk.database.begin() as conn:
        customers.lock_people(conn, [hand.person.id])
        told = consents.ledger_of(conn, [hand.person.id])
        for act in [hand.act(Pair(channel, ANY_TOPIC)) for channel in Channel]:
            if not is_echo(told, act):
                leave(conn, desk, [act])


def keep_language(desk: Desk, hand: Hand, language: str) -> None:
    """Note the language in which a person wants to be written to."""
    with desk.database.begin() as conn:
        own_page.keep_language(conn, hand.person.id, language)
        detail = {"language": language}
        audit.write(conn, "the person", "language", f"customer:{hand.person.id}", detail)


def topic_name(programme: Programme | None, topic: str, language: str) -> str:
    """Give a topic's name as people read it; its short name, if nobody has written one down."""
    found = programme.topic(topic) if programme else None
    return in_language(found.names, language) if found else topic


def _join(conn: Connection, desk: Desk, hand: Hand, way: Way, say: Words) -> None:
    most = desk.programme.most_a_month if desk.programme else 0
    consents.keep_wordings(conn, {way.wording: Shown(say.language, most)})
    at = hand.person.address(way.pair.channel)
    kind = by_own_hand(at.jurisdictions if at else (), way.pair.channel)
    act = hand.act(way.pair, kind, consents.wording_digest(way.wording))
    join(conn, desk, act, [way.pair.topic])


def _topics(conn: Connection, desk: Desk, person: Person, say: Words) -> Sequence[Topic]:
    """Give what the programme offers, then what else the person has agreed to.

    Whoever agreed to everything may end just that, too: it ends the channel.
    """
    offered = desk.programme.topics if desk.programme else ()
    known = {topic.id for topic in offered}
    others = {
        row.topic
        for row in consents.standings_of(conn, person.id)
        if row.state is ConsentState.ACTIVE
        and not is_agreement(row.topic)
        and row.topic not in known
    }
    names = {ANY_TOPIC: say("prefs.everything")}
    return [*offered, *(Topic(name, {"en": names.get(name, name)}) for name in sorted(others))]


def _choice(
    conn: Connection,
    programme: Programme | None,
    person: Person,
    known: KnownFacts,
    say: Words,
    topic: Topic,
) -> Choice:
    offered = programme is not None and programme.topic(topic.id) is not None
    name, about = in_language(topic.names, say.language), in_language(topic.about, say.language)
    sensitive = known.sensitive(topic.id) or _speaks_of_more(topic)
    ways = []
    for at in person.addresses:
        permission = consents.consent_of(conn, at.channel, topic.id, [person.id])[person.id]
        ticked = permission.state is ConsentState.ACTIVE and not (sensitive and permission.in_all)
        if offered or ticked:
            pair = Pair(at.channel, topic.id)
            text = _words(programme, pair, say, expressly=sensitive) if offered else ""
            ways.append(Way(pair, mask(at.address), ticked, text))
    return Choice(topic.id, name, about, topic.brands, sensitive, tuple(ways))


def _speaks_of_more(topic: Topic) -> bool:
    """Say whether a topic's own words are about what is specially protected."""
    texts = [*topic.names.values(), *topic.about.values(), topic.id.replace("_", " ")]
    return any(in_text(text) for text in texts)


def _words(programme: Programme | None, pair: Pair, say: Words, *, expressly: bool) -> str:
    """Give the very words that a tick agrees to."""
    if programme is None:
        return ""
    text = wording(programme, pair.channel, [pair.topic], say.language)
    return f"{text} {say('prefs.expressly')}" if expressly else text
