"""Settle: receipts become states, in groups, while the rest of the batch is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import SETTLED_AS, DeliveryState
from dispatcher.domain.messages import DeliveryKey, Message, Outcome, Receipt
from dispatcher.services.consequences import draw_consequences
from dispatcher.services.reserve import Round
from dispatcher.services.subscribe import Desk
from dispatcher.storage import settlements
from dispatcher.storage.settlements import Settlement

_GROUP = 500  # receipts
_PATIENCE = 0.25  # seconds
REASONS = {
    Outcome.ACCEPTED: Reason.OK,
    Outcome.REFUSED: Reason.GATEWAY_REFUSED,
    Outcome.DEFERRED: Reason.GATEWAY_DEFERRED,
    Outcome.UNSURE: Reason.OK,
    Outcome.WITHHELD: Reason.WITHDRAWN,
}
T = TypeVar("T")


class Store(Protocol):
    """The part of a worker process that settling needs."""

    desk: Desk

    def in_store(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run database work on the process's store thread."""


class Settler:
    """Settles one round. `retry_after` and `why` are set when the gateway went down.

    Where another gateway could take over, `elsewhere`, nobody has to wait for this one then.
    """

    def __init__(self, store: Store, current: Round, price: float = 0.0) -> None:
        self._store, self._round, self._price = store, current, price
        self._open = {
            reserved.customer_id: DeliveryKey(
                current.batch.key.wave_id, reserved.customer_id, reserved.attempt
            )
            for reserved in current.reserved
        }
        self._group: list[Settlement] = []
        self._receipts: list[Receipt] = []
        self._writing: asyncio.Future[None] | None = None
        self._flushed_at = monotonic()
        self._made: dict[int, tuple[int, bytes]] = {}  # parts and digest, by person
        self.retry_after = 0.0
        self.why = ""
        self._put_off: list[DeliveryKey] = []
        self._paid = False

    def expect(self, message: Message) -> None:
        """Note what was made for somebody, before it goes."""
        self._made[message.key.customer_id] = message.parts, message.digest

    def parts_of(self, people: Collection[int]) -> dict[int, int]:
        """Give the parts of what was made for each of these people."""
        return {person: self._made[person][0] for person in people}

    def add(self, receipt: Receipt) -> None:
        """Take a receipt; every so many, or so often, a group is written.

        Nobody waits for that: a receipt that waited for the database would not be in the journal.
        """
        self._open.pop(receipt.key.customer_id, None)
        self._group.append(self._settlement(receipt))
        if receipt.contact_stopped or receipt.dead_address:
            self._receipts.append(receipt)
        if len(self._group) >= _GROUP or monotonic() - self._flushed_at > _PATIENCE:
            self._start_writing()

    def skip(self, key: DeliveryKey, reason: Reason, detail: str) -> None:
        """Note that there is nothing to send to somebody: the message cannot be made."""
        self._open.pop(key.customer_id, None)
        self._group.append(Settlement(key, DeliveryState.SKIPPED, reason, detail=detail))

    def withhold(self, customer_id: int) -> None:
        """Note that somebody is to be decided on again, before anything was rendered."""
        self._group.append(self._settlement(Receipt(self._open.pop(customer_id), Outcome.WITHHELD)))

    async def finish(self, begun: Collection[int]) -> None:
        """Settle the rest: begun without receipt is UNSURE, all others are decided on again."""
        await self._settle_rest(begun)

    async def give_up(self, begun: Collection[int]) -> None:
        """Settle the rest now; should answers still come, what is unsure has been paid for."""
        await self._settle_rest(begun)
        self._paid = True

    async def _settle_rest(self, begun: Collection[int]) -> None:
        self._close(self._open.keys() & begun, Outcome.UNSURE)
        self._close(list(self._open), Outcome.WITHHELD)
        while self._group or self._writing is not None:
            if self._writing is not None:
                await asyncio.wait([self._writing])
            self._start_writing()
        if self.why and self._round.elsewhere and self._put_off:
            put_off, self._put_off = self._put_off, []
            await self._store.in_store(partial(self._hurry, put_off))

    def _close(self, people: Collection[int], outcome: Outcome) -> None:
        wait = 0.0 if self._round.elsewhere else self.retry_after
        for customer_id in people:
            key = self._open.pop(customer_id)
            receipt = Receipt(key, outcome, detail=self.why, retry_after=wait)
            self._group.append(self._settlement(receipt))

    def _hurry(self, put_off: list[DeliveryKey]) -> None:
        with self._store.desk.database.begin_by_key() as conn:
            settlements.hurry(conn, put_off, self._round.now)

    def _settlement(self, receipt: Receipt) -> Settlement:
        state = SETTLED_AS[receipt.outcome]
        reason = REASONS[receipt.outcome]
        customer_id = receipt.key.customer_id
        parts, digest = self._made.get(customer_id, (0, b""))
        if receipt.outcome is Outcome.DEFERRED and self._is_last_try(customer_id):
            state, reason = DeliveryState.REFUSED, Reason.TOO_MANY_ATTEMPTS
        if self.why and receipt.outcome is Outcome.WITHHELD:
            reason = Reason.GATEWAY_DEFERRED
        if receipt.outcome is Outcome.DEFERRED and state is DeliveryState.DEFERRED:
            self._put_off.append(receipt.key)
        paid = state in (DeliveryState.ACCEPTED, DeliveryState.UNSURE)
        price = 0.0 if self._paid else self._price
        return Settlement(
            receipt.key,
            state,
            reason,
            receipt.outcome,
            0.0 if paid else self._round.now + receipt.retry_after,
            receipt.reference,
            receipt.code,
            receipt.detail,
            parts,
            parts * price if paid else 0.0,
            digest.hex() if paid else "",
        )

    def _is_last_try(self, customer_id: int) -> bool:
        tries = self._round.people[customer_id].attempts + 1
        return tries >= self._round.version.spec.policy.max_attempts

    def _start_writing(self) -> None:
        """Hand a group to the store, unless one is with it; raise what became of the last one."""
        if self._writing is not None:
            if not self._writing.done():
                return
            done, self._writing = self._writing, None
            done.result()
        group, self._group = self._group, []
        receipts, self._receipts = self._receipts, []
        self._flushed_at = monotonic()
        if group:
            work = self._store.in_store(lambda: self._write(group, receipts))
            self._writing = asyncio.ensure_future(work)

    def _write(self, group: list[Settlement], receipts: list[Receipt]) -> None:
        with self._store.desk.database.begin_by_key() as conn:
            settlements.settle(conn, group)
        if receipts:
            channel = self._round.batch.channel
            draw_consequences(self._store.desk, receipts, channel, self._round.now)
