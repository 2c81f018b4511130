"""A person's own record: what is known of them and where it came from, and why offers reached them.

Nothing here names anybody: addresses and facts are masked unless they are asked for in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consents import ConsentAction
from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.explanations import ConsentLine, HoldLine
from dispatcher.domain.hours_agreements import is_agreement
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.masks import mask
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.domain.reasons import MEANING
from dispatcher.rendering.why import in_words, sentence
from dispatcher.services.own_page import topic_name
from dispatcher.storage import context_flags, exports, own_page
from dispatcher.storage import explain as records
from dispatcher.storage.own_page import Amounts, Met
from dispatcher.words import Words

MOST_TOLD = 20
_IMPORTED = "import"
_UNNAMED = "unnamed"
_REACHED = (DeliveryState.ACCEPTED, DeliveryState.UNSURE)

# What a reason amounts to for the person; each kind has its sentence in all languages.
_KINDS: Mapping[str, tuple[Reason, ...]] = {
    "over": (
        Reason.OFFER_NOT_STARTED,
        Reason.OFFER_EXPIRED,
        Reason.COST_CEILING,
        Reason.CANCELLED,
        Reason.TENANT_PAUSED,
    ),
    "not_meant": (
        Reason.LEFT_AUDIENCE,
        Reason.NOT_WORTH_IT,
        Reason.INTEREST_OVER,
        Reason.RECONFIRM_NOT_DUE,
    ),
    "address": (Reason.NO_ADDRESS, Reason.BAD_ADDRESS, Reason.OTHER_CHANNEL),
    "not_agreed": (Reason.NO_CONSENT, Reason.IMPORTED_UNPROVEN),
    "left": (Reason.SUPPRESSED, Reason.TOPIC_OPTED_OUT, Reason.ERASED, Reason.WITHDRAWN),
    "kept_back": (Reason.HOLDOUT,),
    "held": (Reason.CONTEXT_HOLD,),
    "quiet": (Reason.QUIET_UNTIL,),
    "hours": (
        Reason.QUIET_HOURS,
        Reason.QUIET_HOURS_EXPIRED,
        Reason.SCHEDULED,
        Reason.ZONE_UNKNOWN_CLOSED,
    ),
    "better": (Reason.OUTRANKED,),
    "enough": (
        Reason.CAP_BRAND,
        Reason.CAP_PERSON,
        Reason.CAP_SUBJECT,
        Reason.CAP_CHANNELS,
        Reason.CAP_DISCLOSED_FREQUENCY,
        Reason.CAP_OWN_MOST,
        Reason.MIN_GAP,
        Reason.ECHO,
        Reason.FATIGUE,
        Reason.DORMANT,
        Reason.BURST,
        Reason.REMINDED,
        Reason.RECONFIRM_ASKED,
        Reason.REMINDER_WAIT,
        Reason.REMINDER_GAP,
        Reason.REMINDER_REST,
    ),
}
_KIND_OF = {reason: kind for kind, reasons in _KINDS.items() for reason in reasons}
_TROUBLE = "trouble"  # of ours, or of those who carry messages


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
    """One offer: `why` says why it came, or why not; `meaning` is what `explain` says."""

    day: str
    brand: str
    campaign: str
    channel: str
    came: bool
    why: str
    meaning: str


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
    return [_offer(each, programme, say) for each in met]


def kind_of(reason: Reason) -> str:
    """Give what a reason amounts to for the person."""
    return _KIND_OF.get(reason, _TROUBLE)


def _offer(met: Met, programme: Programme | None, say: Words) -> Offer:
    came = met.state in _REACHED
    topic = topic_name(programme, met.topic, say.language)
    why = sentence(say.language, topic, met.since) if came else say(f"offers.{_why(met)}")
    meaning = MEANING[met.reason]
    return Offer(_day(met.at, say), met.brand, met.campaign, met.channel, came, why, meaning)


def _why(met: Met) -> str:
    return "on_its_way" if met.state is DeliveryState.RESERVED else kind_of(met.reason)


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
