"""Agree on hours: people permit other hours than the law's by their own hand, and take that back.

Only where the law knows it. The agreement is a line of the consent ledger for one channel, under a
reserved topic, with the hours, the words shown and evidence of the person's own act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.domain.consent_kinds import HoursKind
from dispatcher.domain.consents import ConsentAction, ConsentSource
from dispatcher.domain.hours_agreements import AgreedHours, topic_of
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.promises import Shown
from dispatcher.errors import Conflict, WrongInput
from dispatcher.rules.jurisdictions import EmailHours, Jurisdiction, Jurisdictions
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, Desk
from dispatcher.storage import audit, consents, customers, hours_agreements, signs_of_life
from dispatcher.storage.withdrawals import withdraw

_NIGHT = "separate_night_consent"  # the rule data's word for a law that names the hours itself
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class OwnAct:
    """What somebody did with their own hand: the words they agreed to, and what proves it.

    `evidence`, such as the text of their reply or the number of the signed form, is personal.
    """

    wording: str
    evidence: Mapping[str, str]
    origin: str
    done_at: datetime | None = None


def agreement(
    data: Jurisdictions, jurisdiction: str, hours: tuple[int, int] | None = None
) -> AgreedHours:
    """Give what may be agreed to; WrongInput where the law knows no such agreement.

    `hours` in minutes after midnight; None where the law itself names them.
    """
    place = _place(data, jurisdiction)
    if place.more.get(_NIGHT):
        night = _night(place)
        if hours not in (None, night[2:]):
            raise WrongInput(f"in {place.name} the night is the law's: {night.words}; leave it out")
        return night
    if hours is None:
        raise WrongInput(f"in {place.name} people agree to hours: say which, as in 19:00-22:00")
    return AgreedHours(place.code, HoursKind.WRITTEN_HOURS, *hours)


def agree(
    desk: Desk,
    data: Jurisdictions,
    person: Person,
    channels: Sequence[Channel],
    agreed: AgreedHours,
    act: OwnAct,
    by: By,
) -> dict[Channel, bool]:
    """Record an agreement in the place of any older one; give on which channels it counts.

    It does not where the person opted out of everything since.
    """
    place = _place(data, agreed.jurisdiction)
    bound = _bound(place, channels)
    if not bound:
        raise WrongInput(f"the hours of {place.name} bind texts only: for e-mail none are needed")
    if not act.evidence:
        raise WrongInput("without evidence of the person's own act an agreement opens nothing")
    with desk.database.begin() as conn:
        _lock(conn, person)
        consents.keep_wordings(conn, {act.wording: Shown(person.language)})
        lines = [_act(person, channel, agreed, act, by) for channel in bound]
        events = [line.event(ConsentAction.OPT_IN, agreed.topic) for line in lines]
        consents.append(conn, events, desk.entropy)
        withdraw(conn, [person.id])  # the hours before may have been others
        signs_of_life.note(conn, [person.id], by.now)
        detail = {"hours": f"{agreed.jurisdiction} {agreed.words}", "channels": _names(bound)}
        audit.write(conn, by.actor, "agree_hours", f"customer:{person.id}", detail)
        return {channel: _counts(conn, person, channel, agreed) for channel in bound}


def take_back(
    desk: Desk,
    data: Jurisdictions,
    person: Person,
    channels: Sequence[Channel],
    jurisdiction: str,
    by: By,
) -> list[Channel]:
    """End an agreement on hours and nothing else; give on which channels there was one.

    Committed when this returns; running workers learn of it as of an opt-out. It is recorded where
    there was none as well: one that was signed before, and is filed later, must not open anything.
    """
    bound, topic = _bound(_place(data, jurisdiction), channels), topic_of(jurisdiction)
    source, origin = ConsentSource.OPERATOR, "told to an operator"
    with desk.database.begin() as conn:
        _lock(conn, person)
        ended = [channel for channel in bound if _agreed(conn, person, channel, topic)]
        acts = [Act(person.id, channel, by.now, source=source, origin=origin) for channel in bound]
        lines = [act.event(ConsentAction.OPT_OUT, topic) for act in acts]
        consents.append(conn, lines, desk.entropy)
        detail = {"hours": jurisdiction, "channels": _names(bound)}
        audit.write(conn, by.actor, "take_back_hours", f"customer:{person.id}", detail)
    return ended


def _place(data: Jurisdictions, jurisdiction: str) -> Jurisdiction:
    place = data.entries.get(jurisdiction)
    if place is None or not place.own_hand:
        name = place.name if place else f'"{jurisdiction[:20]}"'
        known = ", ".join(sorted(code for code, each in data.entries.items() if each.own_hand))
        raise WrongInput(f"the rules of {name} let nobody agree to other hours; only {known} do")
    return place


def _night(place: Jurisdiction) -> AgreedHours:
    """Give what the law leaves closed every day, as one stretch."""
    opens = min(window.opens for day in place.week.days for window in day)
    closes = max(window.closes for day in place.week.days for window in day)
    return AgreedHours(place.code, HoursKind.KR_NIGHT_CONSENT, closes % _DAY, opens)


def _act(person: Person, channel: Channel, agreed: AgreedHours, act: OwnAct, by: By) -> Act:
    return Act(
        person.id,
        channel,
        by.now,
        done_at=act.done_at,
        kind=agreed.kind,
        wording=consents.wording_digest(act.wording),
        origin=act.origin,
        evidence=act.evidence,
    )


def _bound(place: Jurisdiction, channels: Sequence[Channel]) -> list[Channel]:
    return [on for on in channels if on is Channel.SMS or place.email is EmailHours.SAME]


def _agreed(conn: Connection, person: Person, channel: Channel, topic: str) -> bool:
    standing = hours_agreements.standing(conn, channel, [person.id]).get(person.id, ())
    return any(topic_of(each.jurisdiction) == topic for each in standing)


def _counts(conn: Connection, person: Person, channel: Channel, agreed: AgreedHours) -> bool:
    standing = hours_agreements.standing(conn, channel, [person.id]).get(person.id, ())
    wanted = (agreed.jurisdiction, agreed.opens, agreed.closes)
    return any(each[:3] == wanted for each in standing)


def _lock(conn: Connection, person: Person) -> None:
    if not customers.lock_people(conn, [person.id]) or person.erased:
        raise Conflict(f"customer {person.id} was erased")


def _names(channels: Sequence[Channel]) -> list[str]:
    return [str(channel) for channel in channels]
