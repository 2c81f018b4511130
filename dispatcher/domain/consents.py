"""Permission: consent events, the states they fold into, and what counts as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from dispatcher.domain.consent_terms import outlives
from dispatcher.domain.messages import Channel

ANY_TOPIC = "*"


class ConsentAction(StrEnum):
    """What a person did, or what was told of them."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    IMPORTED_UNPROVEN = "imported_unproven"


class ConsentState(StrEnum):
    """What the events of one person, channel and topic amount to."""

    NONE = "none"
    ACTIVE = "active"
    UNPROVEN = "imported_unproven"
    OPTED_OUT = "opted_out"


class ConsentSource(StrEnum):
    """How an event reached us; only the person's own hand may undo an opt-out."""

    OWN_HAND = "own_hand"  # reply, one-click, preference page, form
    IMPORT = "import"
    OPERATOR = "operator"
    GATEWAY = "gateway"  # the gateway says so, or a complaint


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One line of the consent ledger (docs/how-it-works.md#why-anybody-may-ask-why).

    `topic` "*" is every topic of the channel. `evidence` holds personal values (ip, user_agent,
    form_url, keyword_text, ...): hashed into the chain as salted commitments, stored apart.
    `origin` says where the event came from without anything personal ("spring.csv: web form").
    """

    customer_id: int
    channel: Channel
    topic: str
    action: ConsentAction
    source: ConsentSource
    occurred_at: datetime
    received_at: datetime
    kind: str = ""
    wording: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    origin: str = ""

    @property
    def effective_at(self) -> datetime:
        """When it counts from: a future-dated import cannot beat an opt-out."""
        return min(self.occurred_at, self.received_at)


@dataclass(frozen=True, slots=True)
class Consent:
    """The present state for one person, channel and topic, and the event that made it so.

    `wording` is the last one shown since the person was last out: who joins again by a single word
    has been promised what was promised before. `kind` is that of the event.
    """

    state: ConsentState
    event_id: int = 0
    since: datetime | None = None
    wording: str = ""
    kind: str = ""


def fold(events: Iterable[ConsentEvent]) -> Consent:
    """Fold the events of one person, channel and topic, in any order, into the present state.

    Ordered by `effective_at`; at a tie an opt-out wins; after an opt-out only a newer opt-in by
    the person's own hand counts; what merely follows from a deal takes nothing from what was said
    expressly, nor from a longer one (docs/rules.md#consent).
    """
    consent = Consent(ConsentState.NONE)
    for event in sorted(events, key=_order):
        consent = _apply(consent, event)
    return consent


def _order(event: ConsentEvent) -> tuple[datetime, bool, int]:
    return event.effective_at, event.action == ConsentAction.OPT_OUT, event.id


def _apply(present: Consent, event: ConsentEvent) -> Consent:
    state = _STATES[event.action]
    if present.state is ConsentState.OPTED_OUT and not _may_undo(event):
        return present
    if present.state is ConsentState.ACTIVE and state is ConsentState.UNPROVEN:
        return present
    wording = "" if state is ConsentState.OPTED_OUT else event.wording or present.wording
    if present.state is state is ConsentState.ACTIVE and _stands(present, event):
        return replace(present, wording=wording)
    return Consent(state, event.id, event.effective_at, wording, event.kind)


def _stands(present: Consent, event: ConsentEvent) -> bool:
    assert present.since is not None
    return outlives(present.kind, present.since, event.kind, event.effective_at)


def _may_undo(event: ConsentEvent) -> bool:
    """Tell whether an event may follow an opt-out: the person's own opt-in, or another opt-out."""
    own_hand = event.source == ConsentSource.OWN_HAND
    return event.action == ConsentAction.OPT_OUT or (
        own_hand and event.action == ConsentAction.OPT_IN
    )


_STATES = {
    ConsentAction.OPT_IN: ConsentState.ACTIVE,
    ConsentAction.OPT_OUT: ConsentState.OPTED_OUT,
    ConsentAction.IMPORTED_UNPROVEN: ConsentState.UNPROVEN,
}
