"""Permissions: what a person allows, each with the name of its state, and what waits for a yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.domain.consent_terms import ONCE
from dispatcher.domain.consents import Consent, ConsentState
from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.explanations import Explanation, StandingLine
from dispatcher.domain.hours_agreements import is_agreement
from dispatcher.domain.messages import Channel
from dispatcher.domain.permission_states import WRONG_NUMBER, Around, named
from dispatcher.domain.places import Places, with_home
from dispatcher.storage import exports, signs_of_life


def with_states(conn: Connection, told: Explanation, now: datetime) -> Explanation:
    """Name the state of everything a person allows; what is not confirmed yet comes after it."""
    waiting = _waiting(conn, told.person.id)
    lines = [*told.standings]
    known = {(line.channel, line.topic) for line in lines}
    lines += [line for place, line in waiting.items() if place not in known]
    around = {channel: _around(conn, told, channel) for channel in Channel}
    until = {place: line.since for place, line in waiting.items()}
    return replace(
        told,
        standings=tuple(
            _named(conn, told.person.id, line, around[line.channel], until, now) for line in lines
        ),
    )


def _named(
    conn: Connection,
    customer_id: int,
    line: StandingLine,
    around: Around,
    confirm_by: Mapping[tuple[Channel, str], datetime],
    now: datetime,
) -> StandingLine:
    if is_agreement(line.topic):  # on hours: no offer stands on it
        return line
    used = line.kind in ONCE and any(
        offer.channel == line.channel and offer.at >= line.since
        for offer in exports.counted(conn, customer_id)
    )
    around = around._replace(used=used, confirm_by=confirm_by.get((line.channel, line.topic)))
    consent = Consent(line.state, line.event_id, line.since, "", line.kind)
    return line._replace(permission=named(consent, around, now))


def _waiting(conn: Connection, customer_id: int) -> dict[tuple[Channel, str], StandingLine]:
    """Give a line for each topic that was asked for; `since` is until when it may be confirmed."""
    return {
        (Channel(row["channel"]), topic): StandingLine(
            Channel(row["channel"]), topic, ConsentState.NONE, 0, row["expires_at"]
        )
        for row in exports.unconfirmed(conn, customer_id)
        for topic in row["topics"]
    }


def _around(conn: Connection, told: Explanation, channel: Channel) -> Around:
    person, at = told.person, told.person.address(channel)
    heard_at, ended_before = signs_of_life.last(conn, person.id)
    suppressed = [each.reason for each in told.suppressions if each.channel == channel]
    if at is None and _last_origin(told, channel).startswith(WRONG_NUMBER):
        suppressed = [WRONG_NUMBER]
    quiet = [
        hold.until
        for hold in told.holds
        if hold.flag == ContextFlag.QUIET and hold.brand == ANY_BRAND and hold.until
    ]
    number = Places(at.jurisdictions if at else (), ())
    return Around(
        channel,
        with_home(number, person.country, person.region).jurisdictions,
        erased=person.erased,
        suppressed=next(iter(sorted(suppressed, key=lambda each: each == "opted_out")), ""),
        deliverable=at is None or at.deliverable,
        quiet_until=max(quiet, default=None),
        heard_at=heard_at,
        ended_before=ended_before,
    )


def _last_origin(told: Explanation, channel: Channel) -> str:
    lines = [line.origin for line in told.consents if line.channel is channel]
    return lines[-1] if lines else ""
