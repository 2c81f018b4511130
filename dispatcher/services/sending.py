"""Sending: one round on its way through a gateway, given up in time when the gateway falls ill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from itertools import islice
from time import monotonic, time

from sqlalchemy import Connection

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import DeliveryKey, Message, Outcome, Receipt
from dispatcher.domain.pulses import Heard
from dispatcher.errors import GatewayDown
from dispatcher.rendering.people import Unrenderable
from dispatcher.services.gate import WINDOW, BatchGate, Terms
from dispatcher.services.outbound import Outbound
from dispatcher.services.pacing import due
from dispatcher.services.renderer import Renderer
from dispatcher.services.reserve import Round
from dispatcher.services.settle import Settler
from dispatcher.storage import batches, gateway_health, rates
from dispatcher.storage.database import Database
from dispatcher.storage.deliveries import Reserved

_IN_A_ROW = 32  # messages; more would hold up the connections for longer than a mail takes
_LOOK = 0.25  # seconds between looks at how the gateway fares
_GOOD = (Outcome.ACCEPTED, Outcome.REFUSED)
_BAD = (Outcome.DEFERRED, Outcome.UNSURE)


class Sending:
    """One round with its gate and its settler; `closes_at` is monotonic."""

    def __init__(self, out: Outbound, current: Round, closes_at: float) -> None:
        self._out, self._round = out, current
        self._name = current.batch.gateway
        self._pulse = out.pulse(self._name)
        self._gate = _gate(out, current, closes_at)
        self._settler = Settler(out, current, out.tariffs[self._name].price)
        self._ill = ""
        self._given_up = False
        self._good = self._bad = 0

    async def carry(self) -> None:
        """Send, settle and hand the batch back."""
        try:
            if self._round.since < self._pulse.tripped_at:
                self._settler.why = f"{self._name} fell ill meanwhile"
                self._settler.retry_after = self._pulse.rest
            elif self._round.reserved:
                await self._send()
        finally:
            await self._gate.finish()
            self._pulse.let_go(self._keys())
            await self._settler.finish(self._gate.begun)
        if self._given_up:  # these were the last answers, for what was unsure until now
            return
        await self._judge()
        await self._hand_back()
        if self._out.at_work == 1 and not self._out.beaten:
            self._out.journal.forget()

    async def well(self, work: asyncio.Task[None]) -> bool:
        """Wait until all is done; False: the gateway is ill, and was so at the look before, too.

        One look alone might tell of our own process, that had no time to read the answers.
        """
        while not work.done():
            await asyncio.wait([work], timeout=_LOOK)
            before, self._ill = self._ill, self._illness()
            if before and self._ill and not work.done():
                return False
        return True

    async def give_up(self) -> None:
        """Let nothing more through, leave the gateway alone, and let all others of the batch go on.

        What is on the wire is unsure until its answer comes, if ever: `carry` waits for it.
        """
        self._gate.shut()
        self._given_up = True
        await self._trip(self._ill, 0.0)
        await self._settler.give_up(self._gate.begun)
        await self._hand_back()

    async def _send(self) -> None:
        gateway = self._out.gateways[self._name]
        tables = gateway.limits.national_tables
        messages = _ahead(
            _messages(self._out.renderer, self._round, self._gate, self._settler, tables)
        )
        try:
            # Closed before anything is settled: a gateway must not go on behind a failed settle.
            async with aclosing(gateway.send(self._unless_shut(messages), self._gate)) as receipts:
                async for receipt in receipts:
                    self._gate.heard(receipt)
                    self._settler.add(receipt)
                    self._count(receipt)
        except GatewayDown as outage:
            if not self._given_up:
                await self._trip(str(outage), outage.retry_after)

    def _unless_shut(self, messages: Iterator[Message]) -> Iterator[Message]:
        for message in messages:
            if self._given_up:
                return
            self._gate.pulled_at = min(self._gate.pulled_at, monotonic())
            yield message

    def _count(self, receipt: Receipt) -> None:
        self._good += receipt.outcome in _GOOD
        self._bad += receipt.outcome in _BAD

    def _illness(self) -> str:
        now, elsewhere = monotonic(), self._round.elsewhere
        slow = self._pulse.bounds.slow_seconds
        if elsewhere and not self._gate.asked and now - self._gate.pulled_at > slow:
            return f"no connection within {slow:g} s"
        return self._pulse.illness(now, elsewhere=elsewhere)

    async def _judge(self) -> None:
        """Say what the round has shown of the gateway, unless that was said before."""
        if self._given_up or self._settler.why:
            return
        if not self._round.probing:
            if told := self._pulse.illness(monotonic(), elsewhere=False):
                await self._trip(told, 0.0)
        elif self._bad > self._good:
            await self._trip(
                f"{self._bad} of {self._bad + self._good} messages that tried it failed", 0.0
            )
        else:
            how = gateway_health.recover if self._good else gateway_health.probe_again
            await self._out.in_store(partial(_note, self._out.database, self._name, how))

    async def _hand_back(self) -> None:
        heard, parts = self._pulse.take(), self._settler.parts_of(self._gate.begun)
        self._out.patience.pacing.note(self._round.batch, parts.values())
        back = partial(_hand_back, self._out.database, self._round, heard, parts)
        await self._out.in_store(back)

    async def _trip(self, why: str, asked: float) -> None:
        trip = partial(_trip, self._out.database, self._name, why, asked)
        rest = await self._out.in_store(trip)
        self._pulse.trip(monotonic(), rest)
        self._settler.why, self._settler.retry_after = why, rest

    def _keys(self) -> list[DeliveryKey]:
        wave = self._round.batch.key.wave_id
        return [DeliveryKey(wave, each.customer_id, each.attempt) for each in self._round.reserved]


def _messages(
    renderer: Renderer,
    current: Round,
    gate: BatchGate,
    settler: Settler,
    tables: Collection[National],
) -> Iterator[Message]:
    """Render whom the gate would let through; note for whom there is nothing to send."""
    for item in renderer.render(
        current.version,
        current.batch,
        current.people,
        current.decisions,
        _still_wanted(current, gate, settler),
        current.now,
        tables,
    ):
        if isinstance(item, Unrenderable):
            settler.skip(item.key, item.reason, item.detail)
        else:
            settler.expect(item)
            yield item


def _ahead(messages: Iterator[Message]) -> Iterator[Message]:
    """Render some in a row while earlier ones are on the wire (docs/why.md#sending)."""
    while some := list(islice(messages, _IN_A_ROW)):
        yield from some


def _still_wanted(current: Round, gate: BatchGate, settler: Settler) -> Iterator[Reserved]:
    """Pass over whom the gate would refuse: refusing late may cost a connection."""
    for reserved in current.reserved:
        decision = current.decisions[reserved.customer_id]
        if gate.refuses(reserved.customer_id, decision.send_before):
            settler.withhold(reserved.customer_id)
        else:
            yield reserved


def _gate(out: Outbound, current: Round, closes_at: float) -> BatchGate:
    batch, brand = current.batch, current.version.spec.brand.id

    async def permit(upto: int) -> bool:
        return await out.in_permits(partial(_permit, out.database, current, upto))

    terms = Terms(
        size=len(current.reserved),
        permitted=min(WINDOW, len(current.reserved)),
        since=current.since,
        clock_ahead=current.now - time(),
        steady_ahead=current.now - current.since,
        closes_at=closes_at,
        scopes=(
            "all",
            f"brand:{brand}",
            f"campaign:{batch.campaign_id}",
            f"gateway:{batch.gateway}",
        ),
    )
    return BatchGate(terms, out.watch, out.journal, permit, out.pulse(batch.gateway))


def _permit(database: Database, current: Round, upto: int) -> bool:
    with database.begin_by_key() as conn:
        return batches.permit(conn, current.batch, upto)


def _hand_back(database: Database, current: Round, heard: Heard, parts: Mapping[int, int]) -> None:
    with database.begin_by_key() as conn:
        charges = due(current.taken, parts)
        rates.charge(conn, charges)
        if any(charge.parts < 0 for charge in charges):  # a budget that was used up is not
            batches.hold_back(conn, current.batch, 0.0)
        all_decided = len(current.decisions) == current.batch.size
        waits_for = current.waits_for
        batches.hand_back(conn, current.batch, all_decided=all_decided, waits_for=waits_for)
        gateway_health.add(conn, current.batch.gateway, heard)


def _trip(database: Database, gateway: str, why: str, asked: float) -> float:
    with database.begin() as conn:
        return gateway_health.trip(conn, gateway, why, asked)


def _note(database: Database, gateway: str, what: Callable[[Connection, str], None]) -> None:
    with database.begin() as conn:
        what(conn, gateway)
