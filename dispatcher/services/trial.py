"""Trial: one copy of a campaign, marked as a test, to one customer who agreed to its topic.

It takes no wave, no cap and no hours: an operator asks for it, one person at a time. Whoever has
not agreed, or is suppressed, gets nothing here either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignSpec, TemplateSource
from dispatcher.domain.consents import ANY_TOPIC, ConsentState
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome, Receipt
from dispatcher.domain.people import Person
from dispatcher.domain.ports import Gateway, Passage
from dispatcher.domain.why import Ground, day_of, ground_of
from dispatcher.errors import Conflict
from dispatcher.rendering.batch import render_batch
from dispatcher.rendering.compiled import Letterhead, compile_template
from dispatcher.rendering.links import Links
from dispatcher.rendering.people import Addressee
from dispatcher.services.subscribe import Desk
from dispatcher.services.why import topic_names
from dispatcher.storage import audit, clock, consents, customers, halts, suppressions

MARK = "[Test] "
_REASONS = {
    ConsentState.NONE: Reason.NO_CONSENT,
    ConsentState.UNPROVEN: Reason.IMPORTED_UNPROVEN,
    ConsentState.OPTED_OUT: Reason.TOPIC_OPTED_OUT,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried on whom, and through what it goes."""

    spec: CampaignSpec
    template: TemplateSource
    person: Person
    gateways: Mapping[Channel, str]
    links: Links


def message_for(conn: Connection, desk: Desk, trial: Trial) -> Message:
    """Render the copy, marked as a test; Conflict says why this person gets none."""
    refusals = {}
    for channel in trial.spec.channels:
        refusal = refusal_of(conn, desk, trial, channel)
        if not refusal:
            return _render(conn, desk, trial, channel)
        refusals[channel] = refusal
    told = "; ".join(f"{channel}: {refusal}" for channel, refusal in refusals.items())
    raise Conflict(
        f"customer {trial.person.id} gets no test of this campaign ({told}); send it to a customer "
        f'who agreed to the topic "{trial.spec.audience.topic}"'
    )


def refusal_of(conn: Connection, desk: Desk, trial: Trial, channel: Channel) -> str:
    """Give why nothing may go to this person on a channel now, or "" if it may."""
    stopped = halts.halted(conn, trial.spec.brand.id, 0) or _gateway_halted(conn, trial, channel)
    if stopped:
        return f"{stopped.scope} is halted by {stopped.actor}"
    person = customers.person(conn, trial.person.id)
    at = person.address(channel) if person else None
    if at is None:
        return Reason.NO_ADDRESS
    if not at.deliverable:
        return Reason.BAD_ADDRESS
    if suppressions.is_suppressed(conn, channel, desk.digests.look_up(channel, at.address)):
        return Reason.SUPPRESSED
    topic = trial.spec.audience.topic
    given = consents.consent_of(conn, channel, topic, [trial.person.id])[trial.person.id]
    if given.in_all and given.state is ConsentState.ACTIVE and trial.spec.policy.own_consent:
        return Reason.NO_CONSENT
    return _REASONS.get(given.state, "")


async def send(desk: Desk, trial: Trial, message: Message, gateway: Gateway, actor: str) -> Receipt:
    """Hand the copy to the gateway, and write into the audit trail what became of it."""
    gate = _LastLook(desk, trial)
    receipts = [receipt async for receipt in gateway.send([message], gate)]
    receipt = receipts[0] if receipts else Receipt(message.key, Outcome.UNSURE)
    with desk.database.begin() as conn:
        detail = {"campaign": trial.spec.name, "outcome": str(receipt.outcome)}
        audit.write(conn, actor, "test", f"customer:{trial.person.id}", detail)
    return receipt


class _LastLook:
    """The gate of one message: consent is read once more, right before the last bytes."""

    def __init__(self, desk: Desk, trial: Trial) -> None:
        self._desk, self._trial = desk, trial

    def begin(self, message: Message) -> Passage:
        """Say whether the last bytes may be written."""
        with self._desk.database.begin() as conn:
            refusal = refusal_of(conn, self._desk, self._trial, message.channel)
        return Passage.WITHHELD if refusal else Passage.GO

    def heard(self, receipt: Receipt) -> None:
        """Note nothing: a test copy is nobody's delivery."""

    async def opens(self) -> None:
        """It never says WAIT."""


def _gateway_halted(conn: Connection, trial: Trial, channel: Channel) -> halts.Halt | None:
    scope = f"gateway:{trial.gateways[channel]}"
    return next((halt for halt in halts.standing(conn) if halt.scope == scope), None)


def _render(conn: Connection, desk: Desk, trial: Trial, channel: Channel) -> Message:
    spec, person = trial.spec, trial.person
    at = person.address(channel)
    assert at is not None
    topic = spec.audience.topic
    names = topic_names(desk.programme, topic)
    head = Letterhead(spec.brand, spec.offer, trial.links, topic, spec.name, topic_names=names)
    compiled = compile_template(_marked(trial.template), head)
    now = datetime.fromtimestamp(clock.now(conn), UTC)
    ground = _ground(conn, trial, channel)
    somebody = Addressee(
        DeliveryKey(0, person.id, 1), at.address, person.language, person.attributes, ground
    )
    (made,) = render_batch(compiled, channel, [somebody], now)
    if not isinstance(made, Message):
        raise Conflict(f"there is nothing to send: {made.reason}, {made.detail}")
    return made


def _ground(conn: Connection, trial: Trial, channel: Channel) -> Ground:
    """Give the consent that lets the copy be sent, as the real one would name it."""
    given = {
        standing.topic: standing
        for standing in consents.standings_of(conn, trial.person.id)
        if standing.channel is channel and standing.state is ConsentState.ACTIVE
    }
    stands = given.get(trial.spec.audience.topic) or given.get(ANY_TOPIC)
    if stands is None:
        return ground_of("", 0)
    day = day_of(stands.since.timestamp())
    return ground_of(stands.kind, day, in_all=stands.topic == ANY_TOPIC)


def _marked(template: TemplateSource) -> TemplateSource:
    """Let everybody see that it is a test."""
    marked = {
        name: f"{MARK}{words.lstrip()}" if name.endswith(("/subject.txt", "/sms.txt")) else words
        for name, words in template.texts.items()
    }
    return replace(template, texts=marked)
