"""Explanations: everything on record about one person, and why each campaign did what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from dispatcher.domain.consents import ConsentAction, ConsentSource, ConsentState
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.permission_states import PermissionState


class ConsentLine(NamedTuple):
    """One event of the ledger with its proof: the very text shown, and the personal evidence."""

    id: int
    channel: Channel
    topic: str
    action: ConsentAction
    source: ConsentSource
    occurred_at: datetime
    received_at: datetime
    kind: str
    wording: str
    origin: str
    evidence: Mapping[str, str]


class StandingLine(NamedTuple):
    """What the person allows now on a channel for a topic, and the event that says so.

    `permission` names the state of it all, time and silence minded; None where nobody asked.
    """

    channel: Channel
    topic: str
    state: ConsentState
    event_id: int
    since: datetime
    kind: str = ""
    permission: PermissionState | None = None


class SuppressionLine(NamedTuple):
    """An address that gets nothing; `brand` "*" is every brand."""

    channel: Channel
    brand: str
    reason: str
    source: str
    at: datetime


class HoursLine(NamedTuple):
    """Which hours bound an offer: by whom, on which clocks, and what was shut.

    `jurisdictions` are those of the number and the residence, `bound_by` those whose hours count.
    `next_open`: when all was or would be open, None if never. `closes`: when that ends.
    `opened_by`: what the person agreed to, without which it would have been shut.
    """

    jurisdictions: tuple[str, ...]
    bound_by: tuple[str, ...]
    zones: tuple[str, ...]
    shut: tuple[str, ...]
    next_open: datetime | None
    closes: datetime | None
    opened_by: tuple[str, ...] = ()


class HoldLine(NamedTuple):
    """What offers wait or waited for; `brand` "*" is every brand, `until` None is still open."""

    flag: str
    brand: str
    since: datetime
    until: datetime | None
    closed_at: datetime | None


class SignalLine(NamedTuple):
    """What the person last did about a product of a brand."""

    brand: str
    product: str
    kind: str
    at: datetime


class DecisionLine(NamedTuple):
    """One verdict of the rules. `agrees`: deciding again on its facts gives the same.

    None: it was made under another rule book, so this build cannot judge it. `replayed` is what
    the rules say now, where that differs. `data_version` and `profile` are those of the rule data.
    `hours`: None where none bound, or where this build cannot judge.
    """

    at: datetime
    verdict: Verdict
    reason: Reason
    rule: str
    until: datetime | None
    rule_book: str
    facts: str
    data_version: str = ""
    profile: str = ""
    agrees: bool | None = None
    replayed: str = ""
    send_before: datetime | None = None
    hours: HoursLine | None = None


class AttemptLine(NamedTuple):
    """One hand-over to a gateway, and what it said."""

    no: int
    channel: Channel
    gateway: str
    outcome: str
    code: str
    detail: str
    reference: str
    at: datetime


class EventLine(NamedTuple):
    """What the gateway reported afterwards."""

    kind: str
    gateway: str
    at: datetime
    code: str
    detail: str


class ReplyLine(NamedTuple):
    """What the person wrote, and how it was understood."""

    at: datetime
    channel: Channel
    label: str
    text: str


class AnswerLine(NamedTuple):
    """What the person was answered."""

    at: datetime
    channel: Channel
    kind: str
    state: str
    text: str


class ActLine(NamedTuple):
    """What an operator did about the person."""

    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """One wave of one campaign with one person. `state` is None while there is no verdict yet.

    `why`: what the message said of why it came, "" where none did. `stood_in_for`: the gateway that
    would have gone first, had it been well.
    """

    campaign_id: int
    campaign: str
    version_id: int
    version: int
    wave_id: int
    state: DeliveryState | None = None
    reason: str = ""
    rule: str = ""
    channel: str = ""
    gateway: str = ""
    stood_in_for: str = ""
    window: str = ""
    decided_at: datetime | None = None
    not_before: datetime | None = None
    send_before: datetime | None = None
    settled_at: datetime | None = None
    consent_event: int = 0
    parts: int = 0
    cost: float = 0.0
    reference: str = ""
    detail: str = ""
    why: str = ""
    decisions: tuple[DecisionLine, ...] = ()
    attempts: tuple[AttemptLine, ...] = ()
    events: tuple[EventLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything on record about one person. `faults`: where the ledger does not hold."""

    person: Person
    standings: tuple[StandingLine, ...] = ()
    consents: tuple[ConsentLine, ...] = ()
    faults: tuple[str, ...] = ()
    suppressions: tuple[SuppressionLine, ...] = ()
    holds: tuple[HoldLine, ...] = ()
    signals: tuple[SignalLine, ...] = ()
    stories: tuple[Story, ...] = ()
    replies: tuple[ReplyLine, ...] = ()
    answers: tuple[AnswerLine, ...] = ()
    acts: tuple[ActLine, ...] = ()
