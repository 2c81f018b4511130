"""Serve: what an operator does for one customer at the counter, each act with its audit line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from dispatcher.campaign_files.values import topic
from dispatcher.campaign_files.words import Unreadable, window
from dispatcher.domain import weekdays
from dispatcher.domain.addresses import Problem
from dispatcher.domain.consents import ConsentSource, ConsentState
from dispatcher.domain.homes import read_country, read_region
from dispatcher.domain.messages import Channel
from dispatcher.domain.names import language_tag
from dispatcher.domain.people import Address, Person
from dispatcher.domain.promises import MOST_A_MONTH, Shown
from dispatcher.errors import Conflict, WrongInput
from dispatcher.services.address_rows import address_row
from dispatcher.services.erase import erase
from dispatcher.services.find import address_of
from dispatcher.services.subscribe import Act, Desk, join, leave
from dispatcher.storage import audit, consents, customers, signs_of_life, suppressions
from dispatcher.storage.erasures import Receipt
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.storage.withdrawals import withdraw
from dispatcher.tokens import Digests

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
ANY = "any"  # lifts what was set before
_LONGEST = 1000  # characters of an attribute, as in rendering


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of a new customer. `hours` such as "09:00-20:00" are the person's own."""

    email: str = ""
    phone: str = ""
    language: str = ""
    country: str = ""
    zone: str = ""
    hours: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    prefers: Channel | None = None
    days: str = ""
    most_a_month: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How much somebody wants to hear, and when; None is left as it is, "any" and 0 lift it."""

    hours: str | None = None
    days: str | None = None
    most_a_month: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Why an opt-in is one: its kind, the very words shown, and where it was given."""

    kind: str
    wording: str
    origin: str
    given_at: datetime | None = None


class By(NamedTuple):
    """Who gives the order, and when; `now` is on the programme's clock."""

    actor: str
    now: datetime


def add(desk: Desk, facts: Facts, by: By, country: str = "") -> Person:
    """Add a customer, who has agreed to nothing yet; Conflict when an address is somebody's.

    `country` is for states, and numbers written the national way, of somebody whose is not known.
    """
    person = _person(desk, facts, country)
    try:
        with desk.database.begin() as conn:
            for at in person.addresses:
                _refuse_taken(conn, at)
            customers.add(conn, person)
            audit.write(conn, by.actor, "add", f"customer:{person.id}")
    except IntegrityError:
        raise Conflict("somebody was just added with this address; look again") from None
    return person


def opt_in(
    desk: Desk, person: Person, channels: Sequence[Channel], topic: str, proof: Proof, by: By
) -> dict[Channel, bool]:
    """Record an opt-in that somebody gave on paper or by phone; give where it is in force.

    It never undoes an opt-out: only the person's own hand may.
    """
    in_force = {}
    with desk.database.begin() as conn:
        consents.keep_wordings(conn, {proof.wording: Shown(person.language)})
        for channel in channels:
            act = Act(
                person.id,
                channel,
                by.now,
                topic=topic,
                source=ConsentSource.OPERATOR,
                done_at=proof.given_at,
                kind=proof.kind,
                wording=consents.wording_digest(proof.wording),
                origin=proof.origin,
            )
            join(conn, desk, act, [topic])
            permission = consents.consent_of(conn, channel, topic, [person.id])
            in_force[channel] = permission[person.id].state is ConsentState.ACTIVE
        signs_of_life.note(conn, [person.id], by.now)
        detail = {"topic": topic, "channels": [str(channel) for channel in channels]}
        audit.write(conn, by.actor, "opt_in", f"customer:{person.id}", detail)
    return in_force


def opt_out(desk: Desk, person: Person, channels: Sequence[Channel], topic: str, by: By) -> bool:
    """Take somebody off a topic or off whole channels; give whether that is news."""
    source, origin = ConsentSource.OPERATOR, "told to an operator"
    acts = [
        Act(person.id, channel, by.now, topic=topic, source=source, origin=origin)
        for channel in channels
    ]
    with desk.database.begin() as conn:
        news = [leave(conn, desk, [act])[person.id] for act in acts]
        detail = {"topic": topic, "channels": [str(channel) for channel in channels]}
        audit.write(conn, by.actor, "opt_out", f"customer:{person.id}", detail)
    return any(news)


def prefer(desk: Desk, person: Person, channel: Channel | None, by: By) -> None:
    """Note the channel somebody wants to be reached on first; None: they do not mind."""
    with desk.database.begin() as conn:
        customers.prefer(conn, person.id, channel)
        audit.write(conn, by.actor, "prefer", f"customer:{person.id}", {"channel": channel or ""})


def set_terms(desk: Desk, person: Person, terms: Terms, by: By) -> Person:
    """Keep somebody's own hours, days and most offers a month, which every campaign obeys.

    Running workers learn of it as of an opt-out: what is not handed over yet meets it.
    """
    if terms.hours is not None:
        opens, closes = _hours(terms.hours)
        person = replace(person, hours_from=opens, hours_until=closes)
    if terms.days is not None:
        person = replace(person, days=_days(terms.days))
    if terms.most_a_month is not None:
        person = replace(person, most_a_month=_most(terms.most_a_month))
    with desk.database.begin() as conn:
        if person.erased or not customers.lock_people(conn, [person.id]):
            raise Conflict(f"customer {person.id} was erased: there is nobody to want anything")
        customers.keep_terms(conn, person)
        withdraw(conn, [person.id])
        told = {name: value for name, value in asdict(terms).items() if value is not None}
        audit.write(conn, by.actor, "terms", f"customer:{person.id}", told)
    return person


def suppress(
    desk: Desk,
    channel: Channel,
    address: str,
    reason: SuppressionReason,
    by: By,
) -> bool:
    """Send nothing to an address any more, known or not; give whether that is news."""
    digests = desk.digests.store(channel, address)
    with desk.database.begin() as conn:
        news = suppressions.suppress(
            conn, channel, digests, reason=reason, source="operator", at=by.now
        )
        audit.write(conn, by.actor, "suppress", f"{channel}:{digests[0].hex()[:16]}")
    return bool(news)


def forget(desk: Desk, person: Person, by: By) -> Receipt:
    """Erase a customer; what keeps the address silent stays. Give the receipt."""
    with desk.database.begin() as conn:
        audit.write(conn, by.actor, "forget", f"customer:{person.id}")
    return erase(desk, person.id, by.now)


def topic_of(text: str) -> str:
    """Read a topic as campaign files write it."""
    try:
        return topic(text)
    except Unreadable as problem:
        raise WrongInput(f"--topic: {problem}") from None


def channels_of(person: Person, wanted: Channel | None) -> list[Channel]:
    """Give the channels meant: the one named, else all on which the person has an address."""
    return [wanted] if wanted else [at.channel for at in person.addresses]


def _person(desk: Desk, facts: Facts, country: str) -> Person:
    if not (facts.email or facts.phone):
        raise WrongInput("a customer needs an e-mail address (--email) or a number (--phone)")
    typed = ((Channel.EMAIL, facts.email), (Channel.SMS, facts.phone))
    home, region = _home(facts.country or (country if facts.region else ""), facts.region)
    addresses = [
        _address(desk.digests, channel, text, home or country) for channel, text in typed if text
    ]
    hours_from, hours_until = _hours(facts.hours)
    return Person(
        id=int.from_bytes(desk.entropy(8), "big") >> 1 or 1,
        language=_language(facts.language),
        country=home,
        region=region,
        zone=_zone(facts.zone),
        hours_from=hours_from,
        hours_until=hours_until,
        attributes=_attributes(facts.attributes),
        addresses=tuple(addresses),
        prefers=facts.prefers,
        days=_days(facts.days),
        most_a_month=_most(facts.most_a_month),
    )


def _address(digests: Digests, channel: Channel, text: str, country: str) -> Address:
    found, address = address_of(text, country)
    if found is not channel:
        raise WrongInput(f'"{text[:80]}" is no {"e-mail address" if "@" not in text else "number"}')
    return address_row(digests, channel, address)


def _language(text: str) -> str:
    tag = language_tag(text)
    if text and not tag:
        raise WrongInput('--language is written like "fr" or "fr-CA"')
    return tag


def _home(country: str, region: str) -> tuple[str, str]:
    found = read_country(country)
    if isinstance(found, Problem):
        raise WrongInput(f"--country: {found.text}")
    part = read_region(region or found[1], found[0])
    if isinstance(part, Problem):
        raise WrongInput(f"--region: {part.text}")
    if found[1] and part != found[1]:
        raise WrongInput(f"--region: the country says {'-'.join(found)}; which of the two is it?")
    return found[0], part


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, a folder
        raise WrongInput(f'"{name[:40]}" is no time zone; write it like "Europe/Paris"') from None


def _hours(text: str) -> tuple[int, int]:
    if text in ("", ANY):
        return 0, 0
    try:
        hours = window(text)
    except Unreadable as problem:
        raise WrongInput(f"--hours: {problem}") from None
    return hours.opens, hours.closes % (24 * 60)


def _days(text: str) -> str:
    days = weekdays.read(text) if text not in ("", ANY) else ""
    if days is None:
        raise WrongInput(f'--days: "{text[:40]}" is written like "mon-fri" or "tue, sat"')
    return days


def _most(number: int) -> int:
    if not 0 <= number <= MOST_A_MONTH:
        raise WrongInput(f"--most-a-month is a number up to {MOST_A_MONTH}; 0 is any number")
    return number


def _attributes(given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not _NAME.match(name):
            raise WrongInput(f'"{name[:40]}": names have small letters, digits and _ only')
        if not value.isprintable():
            raise WrongInput(f"{name} holds a line break or another control character")
        if len(value) > _LONGEST:
            raise WrongInput(f"{name} is longer than {_LONGEST} characters")
    return dict(given)


def _refuse_taken(conn: Connection, at: Address) -> None:
    holder = customers.holder(conn, at.channel, at.digest)
    if holder is not None:
        raise Conflict(f"{at.address} is customer {holder} already")
