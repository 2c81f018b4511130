"""A person's own record: what is known of them and where it came from, and why offers reached them.

Nothing here names anybody: addresses and facts are masked unless they are asked for in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentAction
from dispatcher.domain.deliveries import CAME, DeliveryState
from dispatcher.domain.explanations import ConsentLine, HoldLine
from dispatcher.domain.hours_agreements import is_agreement
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.masks import mask
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.rendering.why import in_words
from dispatcher.services.own_page import topic_name
from dispatcher.services.why import Teller
from dispatcher.storage import context_flags, exports, own_page
from dispatcher.storage import explain as records
from dispatcher.storage.own_page import Amounts, Met
from dispatcher.storage.stood_on import StoodOn, stood_on
from dispatcher.words import Words, choose

MOST_TOLD = 20
_IMPORTED = "import"
_UNNAMED = "unnamed"


class Reached(NamedTuple):
    """Where a person is reached."""

    channel: str
    address: str


class Fact(NamedTuple):
    """One fact; `source` is a word of the page's own, `purpose` what it is for, if that is told."""

    name: str
    value: str
    source: str
    purpose: str


class Agreement(NamedTuple):
    """One line of what was agreed to or ended, with the very words shown."""

    day: str
    channel: str
    topic: str
    joined: bool
    source: str
    wording: str


class Record(NamedTuple):
    """What is known of a person."""

    since: str
    reached: list[Reached]
    facts: list[Fact]
    files: list[str]
    agreements: list[Agreement]
    holds: list[HoldLine]
    amounts: Amounts


class Offer(NamedTuple):
    """One offer: `why` says why it came, in the words it bore, or why not."""

    day: str
    brand: str
    campaign: str
    channel: str
    came: bool
    why: str


def record(
    conn: Connection,
    person: Person,
    programme: Programme | None,
    known: KnownFacts,
    say: Words,
    *,
    clear: bool = False,
) -> Record:
    """Tell what is known of a person, in their language; masked unless `clear`."""
    lines = records.consent_lines(conn, person.id)
    files = exports.sources(conn, person.id)
    return Record(
        since=_day(exports.added_at(conn, person.id), say),
        reached=[
            Reached(at.channel, at.address if clear else mask(at.address))
            for at in person.addresses
        ],
        facts=[
            _fact(name, value, known, imported=bool(files), clear=clear)
            for name, value in sorted(person.attributes.items())
        ],
        files=[f"{source.source}, {_day(source.at, say)}" for source in files],
        agreements=[_agreement(line, programme, say) for line in reversed(lines)],
        holds=list(context_flags.of_person(conn, person.id)),
        amounts=own_page.amounts(conn, person.id),
    )


def offers(
    conn: Connection, person: Person, programme: Programme | None, say: Words
) -> list[Offer]:
    """Tell of the last offers why each came, or did not."""
    met = own_page.last_met(conn, person.id, MOST_TOLD)
    waves = [each.wave_id for each in met if each.state in CAME]
    stood = stood_on(conn, person.id, waves) if waves else {}
    teller = Teller(conn, programme)
    # The page may be read in another language than the person's own.
    own = choose(person.language).language == say.language
    language = person.language if own and person.language else say.language
    return [
        Offer(
            day=_day(each.at, say),
            brand=each.brand,
            campaign=each.campaign,
            channel=each.channel,
            came=each.state in CAME,
            why=_told(each, teller, stood, language, say),
        )
        for each in met
    ]


def _told(met: Met, teller: Teller, stood: Mapping[int, StoodOn], language: str, say: Words) -> str:
    """Say why an offer came, in the words it bore; or why not, in those of `explain`."""
    if met.state in CAME:
        return teller.tell(stood[met.wave_id], language)
    if met.state is DeliveryState.RESERVED:
        return say("offers.on_its_way")
    return say(f"reason.{met.reason}")


def _fact(name: str, value: str, known: KnownFacts, *, imported: bool, clear: bool) -> Fact:
    told = known.facts.get(name)
    source = told.source if told else _IMPORTED if imported else _UNNAMED
    shown = value if clear else f"{value[:1]}•••"
    return Fact(name, shown, source, told.purpose if told else "")


def _agreement(line: ConsentLine, programme: Programme | None, say: Words) -> Agreement:
    return Agreement(
        day=_day(line.occurred_at, say),
        channel=line.channel,
        topic=say("prefs.everything")
        if line.topic == "*"
        else line.kind
        if is_agreement(line.topic)
        else topic_name(programme, line.topic, say.language),
        joined=line.action is not ConsentAction.OPT_OUT,
        source=line.source,
        wording=line.wording,
    )


def _day(at: datetime, say: Words) -> str:
    return in_words(say.language, at.date())
