"""Subscribe: people join and leave, by their own hand or by what is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.domain.consents import (
    ANY_TOPIC,
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    fold,
)
from dispatcher.domain.hours_agreements import is_agreement
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.storage import consents, customers, suppressions
from dispatcher.storage.consents import Standing
from dispatcher.storage.database import Database
from dispatcher.storage.evidence import Entropy
from dispatcher.storage.setbacks import Departure, note_departures
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.tokens import Digests


@dataclass(frozen=True, slots=True)
class Desk:
    """What every act of a customer needs: where it is kept, how addresses are digested.

    `entropy` gives random bytes for salts and keys (`secrets.token_bytes`). `programme` is what
    people may join, None if nobody has written it down.
    """

    database: Database
    digests: Digests
    entropy: Entropy
    programme: Programme | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one customer on one channel; `heard_at` is when we learnt of it.

    `done_at` is when it happened; without one it counts from when it was heard.
    """

    customer_id: int
    channel: Channel
    heard_at: datetime
    topic: str = ANY_TOPIC
    source: ConsentSource = ConsentSource.OWN_HAND
    done_at: datetime | None = None
    kind: str = ""
    wording: str = ""
    origin: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)

    def event(self, action: ConsentAction, topic: str) -> ConsentEvent:
        """Give the line for the ledger."""
        return ConsentEvent(
            customer_id=self.customer_id,
            channel=self.channel,
            topic=topic,
            action=action,
            source=self.source,
            occurred_at=self.done_at or self.heard_at,
            received_at=self.heard_at,
            kind=self.kind,
            wording=self.wording,
            evidence=self.evidence,
            origin=self.origin,
        )


def opt_out(desk: Desk, act: Act) -> bool:
    """Take somebody off a topic, or off the whole channel; give whether that is news.

    When this returns, it is committed, and running workers learn of it.
    See docs/how-it-works.md#why-nobody-gets-what-they-did-not-ask-for.
    """
    with desk.database.begin() as conn:
        return leave(conn, desk, [act])[act.customer_id]


def opt_in(desk: Desk, act: Act) -> bool:
    """Record a consent; give whether it is in force, which after an opt-out takes the own hand."""
    with desk.database.begin() as conn:
        join(conn, desk, act, [act.topic])
        permission = consents.consent_of(conn, act.channel, act.topic, [act.customer_id])
        return permission[act.customer_id].state is ConsentState.ACTIVE


def suppress(
    desk: Desk,
    channel: Channel,
    address: str,
    *,
    now: datetime,
    reason: SuppressionReason = SuppressionReason.OPERATOR,
    source: str = "operator",
) -> bool:
    """Send nothing to a normalised address any more, known or not; give whether that is news."""
    with desk.database.begin() as conn:
        digests = desk.digests.store(channel, address)
        return bool(
            suppressions.suppress(conn, channel, digests, reason=reason, source=source, at=now)
        )


def leave(
    conn: Connection, desk: Desk, acts: Sequence[Act], known: Mapping[int, Person] | None = None
) -> dict[int, bool]:
    """Record opt-outs within a transaction; give for each customer whether it is news.

    Topic "*" ends everything on that channel: each topic gets its own line, and the address is
    suppressed, so that it stays silent under whatever name it comes back. Who locked all these
    people and read them since gives them as `known`.
    """
    if not acts:
        return {}
    whose = {act.customer_id for act in acts}
    locked = known.keys() if known else customers.lock_people(conn, whose)
    standings = consents.standings_of_all(conn, whose)
    narrowed = [
        (act, [row for row in standings.get(act.customer_id, ()) if row.channel is act.channel])
        for act in acts
    ]
    before = {act.customer_id: _allowed(conn, act, rows) for act, rows in narrowed}
    lines = [line for act, rows in narrowed for line in _opt_out_lines(act, rows)]
    consents.append(conn, lines, desk.entropy, locked)
    departed = [Departure(act.customer_id, act.channel, act.heard_at) for act in acts]
    note_departures(conn, departed)
    everything = [act for act in acts if act.topic == ANY_TOPIC]
    people = known or customers.people(conn, {act.customer_id for act in everything})
    _suppress_addresses(conn, everything, people)
    return before


def join(
    conn: Connection,
    desk: Desk,
    act: Act,
    topics: Iterable[str],
    person: Person | None = None,
) -> None:
    """Record opt-ins within a transaction; the own hand also lifts what it may lift.

    Who locked the person and read them since gives them, and they are not looked up again.
    """
    locked = {person.id} if person else customers.lock_people(conn, [act.customer_id])
    lines = [act.event(ConsentAction.OPT_IN, topic) for topic in topics]
    consents.append(conn, lines, desk.entropy, locked)
    person = person or customers.person(conn, act.customer_id)
    at = person.address(act.channel) if person else None
    if at and act.source is ConsentSource.OWN_HAND:
        suppressions.lift(conn, act.channel, desk.digests.look_up(act.channel, at.address))


def rejoinable(events: Iterable[ConsentEvent], channel: Channel) -> list[str]:
    """Give the topics that START brings back: those the person had, and lost by a STOP.

    A topic left by itself stays left, unless nothing was ever stopped altogether; a topic the
    person never had is never given. Hours agreed to are no topic: they take a new agreement.
    """
    by_topic: dict[str, list[ConsentEvent]] = {}
    for event in events:
        if event.channel is channel and not is_agreement(event.topic):
            by_topic.setdefault(event.topic, []).append(event)
    lost = {topic: _lost_at(line) for topic, line in by_topic.items()}
    stops = {
        event.effective_at
        for event in by_topic.get(ANY_TOPIC, ())
        if event.action is ConsentAction.OPT_OUT
    }
    candidates = [topic for topic, at in lost.items() if at is not None]
    stopped = [topic for topic in candidates if lost[topic] in stops]
    return sorted(stopped if stops else candidates)


def _lost_at(events: Sequence[ConsentEvent]) -> datetime | None:
    """Give when the consent in force was ended by the opt-outs that stand now, if it was."""
    if fold(events).state is not ConsentState.OPTED_OUT:
        return None
    line = sorted(events, key=lambda event: (event.effective_at, event.id))
    at = None
    while line and fold(line).state is ConsentState.OPTED_OUT:
        last = line.pop()
        at = last.effective_at if last.action is ConsentAction.OPT_OUT else at
    return at if fold(line).state is ConsentState.ACTIVE else None


def _allowed(conn: Connection, act: Act, standings: Sequence[Standing]) -> bool:
    """Say whether the opt-out narrows anything: nobody opts out twice."""
    rows = {row.topic: row.state for row in standings}
    if act.topic == ANY_TOPIC:
        return rows.get(ANY_TOPIC) is not ConsentState.OPTED_OUT or (
            ConsentState.ACTIVE in rows.values()
        )
    permission = consents.consent_of(conn, act.channel, act.topic, [act.customer_id])
    return permission[act.customer_id].state is not ConsentState.OPTED_OUT


def ends_of_agreements(conn: Connection, customer_id: int, now: datetime) -> list[ConsentEvent]:
    """Give the lines that end what somebody agreed to on hours, for the erasure."""
    told = ConsentSource.OPERATOR
    return [
        Act(customer_id, row.channel, now, source=told, origin="erasure").event(
            ConsentAction.OPT_OUT, row.topic
        )
        for row in consents.standings_of(conn, customer_id)
        if is_agreement(row.topic)
    ]


def _opt_out_lines(act: Act, standings: Sequence[Standing]) -> list[ConsentEvent]:
    topics = {act.topic}
    if act.topic == ANY_TOPIC:
        topics |= {row.topic for row in standings}
    return [act.event(ConsentAction.OPT_OUT, topic) for topic in sorted(topics)]


def _suppress_addresses(
    conn: Connection, acts: Sequence[Act], people: Mapping[int, Person]
) -> None:
    """Suppress the address of everybody who left a channel, at once where told alike."""
    told: dict[tuple[Channel, ConsentSource, datetime], list[bytes]] = {}
    for act in acts:
        at = people[act.customer_id].address(act.channel)
        if at:
            alike = told.setdefault((act.channel, act.source, act.heard_at), [])
            alike += (at.digest, at.digest_wide)
    for (channel, source, heard_at), digests in told.items():
        gateway = source is ConsentSource.GATEWAY
        reason = SuppressionReason.GATEWAY if gateway else SuppressionReason.OPTED_OUT
        suppressions.suppress(conn, channel, digests, reason=reason, source=source, at=heard_at)
