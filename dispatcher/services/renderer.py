"""Renderer: a campaign version's template, compiled once a process, for batch after batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignVersion
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import DeliveryKey, Message
from dispatcher.domain.programme import Programme
from dispatcher.domain.why import day_of, ground_of
from dispatcher.rendering.batch import render_batch
from dispatcher.rendering.compiled import CompiledTemplate, Letterhead, compile_template
from dispatcher.rendering.links import Links
from dispatcher.rendering.people import Addressee, Unrenderable
from dispatcher.rules.reconfirm import due_for
from dispatcher.services.why import topic_names
from dispatcher.storage.deliveries import Reserved

_KEEP = 64


def letterhead(
    version: CampaignVersion, links: Links, programme: Programme | None = None
) -> Letterhead:
    """Give what all messages of a campaign version have in common."""
    spec = version.spec
    return Letterhead(
        brand=spec.brand,
        offer=spec.offer,
        links=links,
        topic=spec.audience.topic,
        campaign=spec.name,
        message_class=spec.policy.message_class,
        topic_names=topic_names(programme, spec.audience.topic),
    )


class Renderer:
    """Renders whole batches, lazily; keeps the templates compiled last."""

    def __init__(self, links: Links, programme: Programme | None = None) -> None:
        self._links = links
        self._programme = programme
        self._compiled: OrderedDict[int, CompiledTemplate] = OrderedDict()

    def render(
        self,
        version: CampaignVersion,
        batch: Batch,
        people: Mapping[int, Recipient],
        decisions: Mapping[int, Decision],
        reserved: Iterable[Reserved],
        now: float,
        tables: Collection[National] = (),
    ) -> Iterator[Message | Unrenderable]:
        """Yield each reserved person's message, or why there is none, in ordinal order.

        `tables` are the national ones that the batch's gateway can send texts in.
        """
        wave, reminds = batch.key.wave_id, bool(version.spec.policy.reminds_of)
        addressees = (
            _addressee(wave, reminds, people[each.customer_id], decisions[each.customer_id], each)
            for each in reserved
        )
        if version.spec.policy.reconfirms:
            addressees = (_asked(each, people[each.key.customer_id]) for each in addressees)
        instant = datetime.fromtimestamp(now, UTC)
        return render_batch(self._template(version), batch.channel, addressees, instant, tables)

    def _template(self, version: CampaignVersion) -> CompiledTemplate:
        if version.id not in self._compiled:
            head = letterhead(version, self._links, self._programme)
            self._compiled[version.id] = compile_template(version.template, head)
            if len(self._compiled) > _KEEP:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(version.id)
        return self._compiled[version.id]


def _addressee(
    wave: int, reminds: bool, person: Recipient, decision: Decision, reserved: Reserved
) -> Addressee:
    return Addressee(
        DeliveryKey(wave, person.customer_id, reserved.attempt),
        person.address,
        person.language,
        person.fields,
        ground_of(
            person.consent_kind,
            day_of(person.consent_since),
            in_all=person.consent_in_all,
            asked=decision.asked,
            reminds=reminds,
        ),
        reserved.ordinal,
        decision.send_before,
    )


def _asked(addressee: Addressee, person: Recipient) -> Addressee:
    ends = due_for(person).ends
    return (
        addressee._replace(until=datetime.fromtimestamp(ends, UTC).date())
        if isfinite(ends)
        else addressee
    )
