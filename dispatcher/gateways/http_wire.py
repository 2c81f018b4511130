"""One kept-alive HTTP/1.1 connection: a request is written in one go, then its answer is read."""

from __future__ import annotations

import asyncio
import re
import select
from collections.abc import Callable
from typing import cast

import httpx

from dispatcher.gateways.http_answer import AnswerReader, GarbledAnswer

Origin = tuple[str, str, int]

_KEEP_ALIVE = re.compile(rb"timeout=(\d{1,5})")


class Wire(asyncio.Protocol):
    """A connection to one origin; `idle` is for how many seconds it is trusted between requests."""

    def __init__(self, origin: Origin, idle: float, forget: Callable[[Wire], None]) -> None:
        self.origin = origin
        self._loop = asyncio.get_running_loop()
        self._forget = forget
        self._idle = idle
        self._trusted_until = self._loop.time() + idle
        self._reader = AnswerReader()
        self._answered: asyncio.Future[AnswerReader] = self._loop.create_future()
        self._busy = False
        self._ended = False
        self._whole = True
        self._poll = select.poll()
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def fresh(self) -> bool:
        """Whether a request may be written now: nothing came meanwhile, not even an end."""
        return (
            not self._busy
            and not self._ended
            and not self._transport.is_closing()
            and self._loop.time() < self._trusted_until
            and not self._poll.poll(0)
        )

    def write(self, data: bytes) -> None:
        """Write a whole request; nothing else writes."""
        self._reader = AnswerReader()
        self._answered = self._loop.create_future()
        self._busy = True
        self._whole = True
        self._transport.write(data)
        if self._transport.is_closing():  # the kernel took none of it
            self._whole = False

    async def answer(self, patience: float) -> AnswerReader:
        """Wait for the whole answer; WriteError: the request provably never left whole."""
        try:
            async with asyncio.timeout(patience):
                return await self._answered
        except TimeoutError:
            raise self._loss(httpx.ReadTimeout(f"no answer within {patience:g} s")) from None

    def close(self) -> None:
        """Close at once; what is not written yet is dropped."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of a new connection."""
        self._transport = cast(asyncio.Transport, transport)
        # With no buffer allowed, pause_writing tells that bytes are still here, not in the kernel.
        self._transport.set_write_buffer_limits(0)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def pause_writing(self) -> None:
        """Take note that a part of the request is still on this side."""
        self._whole = False

    def resume_writing(self) -> None:
        """Take note that the kernel has all of the request."""
        self._whole = True

    def data_received(self, data: bytes) -> None:
        """Collect the answer; words nobody asked for end the connection."""
        if not self._busy:
            self.close()
            return
        try:
            self._reader.feed(data)
        except GarbledAnswer as error:
            self._fail(httpx.RemoteProtocolError(str(error)))
            return
        if self._reader.done:
            self._finish()

    def eof_received(self) -> bool:
        """Take the server's end for the end of the answer, where it may be one."""
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end of the connection."""
        if exc is None:
            self._end()
        self._ended = True
        self._fail(httpx.ReadError(f"the connection ended before the answer ({exc or 'closed'})"))
        self._forget(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def _end(self) -> None:
        self._ended = True
        if not self._busy or self._answered.done():
            return
        try:
            self._reader.finish()
        except GarbledAnswer as error:
            self._fail(httpx.ReadError(str(error)))
            return
        self._finish()

    def _finish(self) -> None:
        """Hand the answer over; keep the connection if another request may follow."""
        if self._reader.reusable and self._whole and not self._ended:
            self._busy = False
            self._trusted_until = self._loop.time() + self._trust()
        if not self._answered.done():
            self._answered.set_result(self._reader)

    def _trust(self) -> float:
        """Give the seconds the server promises to keep the line open, less one; ours at most."""
        for name, value in self._reader.headers:
            if name == b"keep-alive" and (match := _KEEP_ALIVE.search(value)):
                return min(self._idle, float(match[1]) - 1.0)
        return self._idle

    def _fail(self, error: httpx.TransportError) -> None:
        if self._busy and not self._answered.done():
            self._answered.set_exception(self._loss(error))

    def _loss(self, error: httpx.TransportError) -> httpx.TransportError:
        """Tell a loss after the request from one while its end was provably still here."""
        self.close()  # first, so that what is still here stays here
        if self._whole or self.origin[0] == "https":
            return error
        return httpx.WriteError(f"the request did not leave whole: {error}")


def encode(request: httpx.Request) -> bytes:
    """Give the bytes of a request with its body; a line break in a header is a bug."""
    headers = request.headers.raw
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in headers]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
        raise ValueError("a header of the request holds a line break")
    return b"%s\r\n\r\n%s" % (head, request.content)
