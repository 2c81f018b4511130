"""What an operator delivers over SMPP: stored by the house first, and acknowledged only then."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatcher.domain.messages import Event, EventKind
from dispatcher.errors import Unavailable
from dispatcher.gateways.callbacks import dedup_key
from dispatcher.gateways.sms.smpp_line import Line
from dispatcher.gateways.sms.smpp_pdu import (
    Command,
    Delivery,
    Malformed,
    Status,
    read_data,
    read_delivery,
)
from dispatcher.gateways.sms.smpp_receipts import Receipts, is_receipt
from dispatcher.gateways.sms.smpp_text import Part, Reader, part_of

Hear = Callable[[Sequence[Event]], Awaitable[None]]

log = logging.getLogger(__name__)
_AT_ONCE = 100  # events stored in one transaction
_MOST_PARTS = 1000  # parts that wait for the rest of their text, over all people
_PART_SECONDS = 5.0  # operators wait longer for an acknowledgement


class _Owed(NamedTuple):
    """An acknowledgement that the operator waits for."""

    line: Line
    command: int
    sequence: int

    def pay(self, status: Status) -> None:
        self.line.respond(self.command, self.sequence, status)


class _Heard(NamedTuple):
    event: Event
    owed: Sequence[_Owed]


@dataclass(slots=True)
class _Pieces:
    """The parts of one long text so far; `timer` ends the wait for the rest."""

    total: int
    source: str
    recipient: str
    data_coding: int
    parts: dict[int, bytes] = field(default_factory=dict)
    owed: list[_Owed] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Ear:
    """Hears for one gateway: `hear` commits events, or raises Unavailable."""

    def __init__(self, gateway: str, receipts: Receipts, reader: Reader, hear: Hear) -> None:
        self._gateway, self._receipts, self._reader = gateway, receipts, reader
        # A receipt may take its time; somebody who says STOP does not wait behind it.
        self._replies, self._reports = _Lane(hear), _Lane(hear)
        self._pieces: dict[tuple[str, str, int, int], _Pieces] = {}
        self._waiting = 0

    def delivered(self, line: Line, command: int, sequence: int, body: bytes) -> None:
        """Take a deliver_sm or data_sm."""
        owed = _Owed(line, command, sequence)
        try:
            delivery = (read_data if command == Command.DATA_SM else read_delivery)(body)
        except Malformed as problem:
            log.warning("%s: a delivery cannot be read: %s", self._gateway, problem)
            owed.pay(Status.REJECTED)
            return
        if is_receipt(delivery):
            self._reports.put(_Heard(self._receipts.read(delivery), [owed]))
        else:
            self._reply(delivery, owed)

    async def finish(self) -> None:
        """Store what came, and acknowledge it: nothing is left running."""
        for name in list(self._pieces):
            self._release(name)
        await self._replies.finish()
        await self._reports.finish()

    def _reply(self, delivery: Delivery, owed: _Owed) -> None:
        part, octets = part_of(delivery)
        source = self._reader.number(delivery.source)
        recipient = self._reader.number(delivery.destination)
        coding = delivery.data_coding
        if part is None or self._waiting >= _MOST_PARTS:
            self._put(source, recipient, self._reader.text(octets, coding), [owed])
        else:
            self._gather(_Pieces(part.total, source, recipient, coding), part, octets, owed)

    def _gather(self, fresh: _Pieces, part: Part, octets: bytes, owed: _Owed) -> None:
        """Keep a part until the rest is there, unacknowledged, so that no word of it is lost."""
        name = (fresh.source, fresh.recipient, part.reference, part.total)
        pieces = self._pieces.setdefault(name, fresh)
        if pieces.timer is None:
            loop = asyncio.get_running_loop()
            pieces.timer = loop.call_later(_PART_SECONDS, self._release, name)
        pieces.parts[part.number] = octets
        pieces.owed.append(owed)
        self._waiting += 1
        if len(pieces.parts) == pieces.total:
            self._release(name)

    def _release(self, name: tuple[str, str, int, int]) -> None:
        """Pass on a text whose parts are all there, or as far as they are."""
        pieces = self._pieces.pop(name)
        self._waiting -= len(pieces.owed)
        if pieces.timer is not None:
            pieces.timer.cancel()
        # Joined first: phones tear characters in two.
        octets = b"".join(octets for _, octets in sorted(pieces.parts.items()))
        text = self._reader.text(octets, pieces.data_coding)
        self._put(pieces.source, pieces.recipient, text, pieces.owed)

    def _put(self, source: str, recipient: str, text: str, owed: Sequence[_Owed]) -> None:
        # SMPP gives replies no id: hearing one twice is harmless, missing a second STOP is not.
        moment = repr(asyncio.get_running_loop().time())
        unique = (source, recipient, text, moment, str(owed[0].sequence))
        event = Event(
            dedup_key(self._gateway, "reply", *unique),
            self._gateway,
            EventKind.REPLIED,
            0.0,  # now: operators tell no time of a reply
            sender=source,
            recipient=recipient,
            text=text,
        )
        self._replies.put(_Heard(event, owed))


class _Lane:
    """Stores events in the order in which they came, many at once; a task only while there are."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._queue: deque[_Heard] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, heard: _Heard) -> None:
        """Take an event."""
        self._queue.append(heard)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def finish(self) -> None:
        """Wait until everything is stored, or refused."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while self._queue:
            some = [self._queue.popleft() for _ in range(min(len(self._queue), _AT_ONCE))]
            await self._store(some)

    async def _store(self, some: Sequence[_Heard]) -> None:
        try:
            await self._hear([each.event for each in some])
        except Unavailable as outage:
            log.warning("deliveries are not acknowledged, they come again: %s", outage)
            _pay(some, Status.TRY_AGAIN)
        except Exception:
            if len(some) == 1:  # the operator keeps it, and a person can look into it
                log.exception("a delivery cannot be stored")
                _pay(some, Status.TRY_AGAIN)
                return
            for each in some:
                await self._store([each])
        else:
            _pay(some, Status.OK)


def _pay(some: Sequence[_Heard], status: Status) -> None:
    for each in some:
        for owed in each.owed:
            owed.pay(status)
