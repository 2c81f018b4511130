"""One bound SMPP line: numbered packets out, answers matched to them, and signs of life.

It has no task of its own: answers are dealt with in the tick in which they come in.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from dispatcher.gateways.sms.smpp_codes import told
from dispatcher.gateways.sms.smpp_pdu import (
    ANSWER,
    HEADER,
    LARGEST,
    LAST_SEQUENCE,
    Command,
    Status,
    pack,
)

_FAREWELL = 2.0  # seconds to wait for a good-bye
_SUBMIT_RESP, _NACK = int(Command.SUBMIT_SM_RESP), int(Command.GENERIC_NACK)
_DELIVERIES = (int(Command.DELIVER_SM), int(Command.DATA_SM))


class LineLost(Exception):
    """There is no line: nobody listens, the bind was refused, or it broke."""


class Flight(Protocol):
    """Who waits for the answers to the parts of a message."""

    def answered(self, part: int, status: int, body: bytes) -> None:
        """Take the answer to one part, counted from 0."""

    def lost(self, why: str) -> None:
        """Take note that one part will have no answer."""


Delivered = Callable[["Line", int, int, bytes], None]


@dataclass(frozen=True, slots=True)
class Times:
    """How long to wait, in seconds: for an answer, and before asking whether the line lives."""

    answer: float = 30.0
    enquire: float = 30.0


class _Waiting(NamedTuple):
    flight: Flight
    part: int
    since: float


class Line(asyncio.Protocol):
    """A connection to an operator. `delivered` takes each deliver_sm or data_sm as it came."""

    def __init__(self, window: int, times: Times, delivered: Delivered) -> None:
        self._loop = asyncio.get_running_loop()
        self._window, self._times, self._delivered = window, times, delivered
        self._waiting: dict[int, _Waiting] = {}
        self._questions: dict[int, asyncio.Future[int]] = {}
        self._sequence = 0
        self._poll = select.poll()
        self._rest = b""
        self._out: list[bytes] = []
        self._full = False
        self._ending = False
        self._why = ""
        self.in_doubt = False  # whether it was lost while messages waited for their answers
        self._heard_at = self._loop.time()
        self._enquired_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: set[asyncio.Event] = set()
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def usable(self) -> bool:
        """Whether messages may still be handed over here."""
        return not self._ending and not self._transport.is_closing()

    @property
    def in_flight(self) -> int:
        """How many parts wait for their answer."""
        return len(self._waiting)

    @property
    def why(self) -> str:
        """Why the line is lost, "" while it is not."""
        return self._why

    @property
    def unread(self) -> bool:
        """Whether something came in that was not looked at yet, such as its end."""
        return bool(self._poll.poll(0))

    def room(self, parts: int) -> bool:
        """Tell whether so many parts may go now; more than the window holds go alone."""
        return not self._full and len(self._waiting) + parts <= max(self._window, parts)

    def submit(self, bodies: Sequence[bytes], flight: Flight) -> None:
        """Take a message's parts; `flush` in the same tick writes them."""
        now = self._loop.time()
        for part, body in enumerate(bodies):
            sequence = self._next()
            self._waiting[sequence] = _Waiting(flight, part, now)
            self._out.append(HEADER.pack(16 + len(body), Command.SUBMIT_SM, 0, sequence))
            self._out.append(body)

    def flush(self) -> None:
        """Write what was submitted in this tick."""
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    def respond(self, command: int, sequence: int, status: int) -> None:
        """Answer a packet of the operator's; deliveries are answered once they are stored."""
        body = b"\0" if command in _DELIVERIES else b""
        if not self._transport.is_closing():
            self._transport.write(pack(command | ANSWER, sequence, body, status))

    async def bind(self, command: Command, body: bytes, patience: float) -> None:
        """Bind; raise LineLost when the operator refuses or says nothing for so many seconds."""
        status = await self._ask(command, body, patience)
        if status:
            self._break(f"the bind was refused: {told(status)}")
            raise LineLost(self._why)
        self._watch()

    async def end(self) -> None:
        """Unbind in good order and close; whatever still waits for an answer is lost."""
        if self.usable:
            self._ending = True
            with suppress(LineLost):
                await self._ask(Command.UNBIND, b"", _FAREWELL)
        self._break("closed from this side")
        await self.closed

    def listen(self, news: asyncio.Event) -> None:
        """Set this event whenever an answer or the end of the line came in."""
        self._listeners.add(news)

    def leave(self, news: asyncio.Event) -> None:
        """Set it no more."""
        self._listeners.discard(news)

    async def _ask(self, command: Command, body: bytes, patience: float) -> int:
        sequence = self._next()
        answer: asyncio.Future[int] = self._loop.create_future()
        self._questions[sequence] = answer
        self._transport.write(pack(command, sequence, body))
        try:
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            self._break(f"no answer to {command.name.lower()} within {patience:g} s")
            raise LineLost(self._why) from None
        finally:
            self._questions.pop(sequence, None)
            answer.cancel()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of a new connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Take the packets of this tick; every answer is told before the next tick."""
        self._heard_at = self._loop.time()
        data = self._rest + data if self._rest else data
        at, end, waiting = 0, len(data), self._waiting
        while end - at >= 16:
            size, command, status, sequence = HEADER.unpack_from(data, at)
            if not 16 <= size <= LARGEST:
                self._break(f"the operator sent something that is not SMPP: a length of {size}")
                return
            if end - at < size:
                break
            if command == _SUBMIT_RESP and (asked := waiting.pop(sequence, None)):
                asked.flight.answered(asked.part, status, data[at + 16 : at + size])
            else:
                self._take(command, status, sequence, data[at + 16 : at + size])
            at += size
        self._rest = data[at:]
        self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell everybody who waits that no answer will come."""
        self._why = self._why or f"the line broke: {error or 'closed by the operator'}"
        self._ending = True
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, {}
        self.in_doubt = bool(waiting)
        for asked in waiting.values():
            asked.flight.lost(self._why)
        for question in self._questions.values():
            if not question.done():
                question.set_exception(LineLost(self._why))
        self._tell()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Hold messages back: the operator reads too slowly."""
        self._full = True

    def resume_writing(self) -> None:
        """Go on."""
        self._full = False
        self._tell()

    def _take(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command in _DELIVERIES:
            self._delivered(self, command, sequence, body)
        elif command == _NACK:
            self._refused_as_unreadable(status, sequence)
        elif command & ANSWER:
            question = self._questions.get(sequence)
            if question is not None and not question.done():
                question.set_result(status)
        elif command in (Command.ENQUIRE_LINK, Command.UNBIND):
            self.respond(command, sequence, Status.OK)
            if command == Command.UNBIND:
                self._ending = True
                self._why = self._why or "the operator ended the line"
        elif command != Command.ALERT_NOTIFICATION:  # which has no answer
            nack = pack(Command.GENERIC_NACK, sequence, status=Status.INVALID_COMMAND)
            self._transport.write(nack)

    def _refused_as_unreadable(self, status: int, sequence: int) -> None:
        asked = self._waiting.pop(sequence, None)
        if asked is not None:
            asked.flight.answered(asked.part, status, b"")
        elif (question := self._questions.get(sequence)) and not question.done():
            question.set_result(status)

    def _watch(self) -> None:
        """Look from time to time for answers that do not come and lines that are dead."""
        every = min(1.0, self._times.answer / 4, self._times.enquire / 4)
        self._timer = self._loop.call_later(every, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        patience = self._times.answer
        if self._enquired_at > self._heard_at and now - self._enquired_at > patience:
            self._break(f"the operator did not answer for {patience:g} s")
            return
        self._give_up(now - patience)
        if self._ending and not self._waiting:  # the operator ended it, and does not close it
            self._transport.close()
            return
        silent = now - self._heard_at >= self._times.enquire
        if silent and self._enquired_at <= self._heard_at:
            self._enquired_at = now
            self._transport.write(pack(Command.ENQUIRE_LINK, self._next()))
        self._watch()

    def _give_up(self, before: float) -> None:
        """Wait no more for what was submitted before; a part that never had an answer is lost."""
        late = []
        for sequence, asked in self._waiting.items():  # in the order in which they went
            if asked.since > before:
                break
            late.append(sequence)
        for sequence in late:
            self._waiting.pop(sequence).flight.lost(f"no answer within {self._times.answer:g} s")
        if late:
            self._tell()

    def _break(self, why: str) -> None:
        self._why = self._why or why
        self._ending = True
        self._transport.abort()

    def _tell(self) -> None:
        for news in self._listeners:
            news.set()

    def _next(self) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        return self._sequence
