"""One connection to a mail server: bytes out, whole replies in, and never a wait without an end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from dispatcher.gateways.email.smtp_replies import LEAVING, Reply, words

REPLY_CAP = 64 * 1024  # bytes of one reply
UNREAD_CAP = 64  # replies nobody asked for


class LineLost(Exception):
    """The line is of no more use; `heard` are the replies that still came of those awaited."""

    def __init__(self, problem: str, heard: Sequence[Reply] = ()) -> None:
        super().__init__(problem)
        self.heard = list(heard)


class Features(NamedTuple):
    """What the server said it can do. `size` is its limit in bytes (0: none told)."""

    pipelining: bool = False
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    size: int = 0
    auth: frozenset[str] = frozenset()


class Line(asyncio.Protocol):
    """A connection that can be written to and asked for a number of replies."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.features = Features()
        self.rested_at = 0.0
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._heard: list[Reply] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._problem = ""
        self._paused = False
        self._deadline = 0.0
        self._limit = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # What its users do

    @property
    def usable(self) -> bool:
        """Whether a new transaction may begin here: open, and nothing came unasked."""
        return not self._problem and not self._heard and not self._rest and not self._partial

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS of this connection, if it has any."""
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        return cast("ssl.SSLObject | None", found)

    def check(self) -> None:
        """Raise LineLost if the line is no longer open, or said what nobody asked for."""
        if self._heard and not self._problem:
            self.lose("the server answered more than it was asked")
        if self._problem:
            raise LineLost(self._problem)

    def write(self, data: bytes) -> None:
        """Write at once, as far as the kernel takes it; the transport keeps what it does not."""
        self.check()
        if self._transport is not None:
            self._transport.write(data)

    async def replies(self, count: int, timeout: float) -> list[Reply]:  # noqa: ASYNC109
        """Wait for so many replies; raise LineLost, with those that came, when they cannot come.

        The time limit is kept by a timer of the line: a timeout block for each message costs more
        than all the rest of the wait.
        """
        while len(self._heard) < count and not self._problem:
            self._wanted = count
            await self._wait(timeout)
        heard, self._heard = self._heard[:count], self._heard[count:]
        if self._problem and (len(heard) < count or any(r.code == LEAVING for r in heard)):
            raise LineLost(self._problem, heard)
        return heard

    async def drained(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the kernel has taken all that was written."""
        while self._paused and not self._problem:
            await self._wait(timeout)
        self.check()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS; anything the server said too early loses the line (RFC 3207 6)."""
        if not self.usable or self._transport is None:
            self.lose("the server spoke before TLS was up, perhaps somebody in between")
            self.check()
        transport = await self._loop.start_tls(
            cast("asyncio.Transport", self._transport), self, context, server_hostname=host
        )
        if transport is None:
            self.lose("the connection ended while TLS was set up")
            self.check()
        self._use(cast("asyncio.Transport", transport))

    def lose(self, problem: str) -> None:
        """Give the line up at once; whatever the kernel has not taken is dropped."""
        self._end(problem)
        if self._transport is not None:
            self._transport.abort()

    def part(self) -> None:
        """Say QUIT and close without waiting for an answer; a line that is no good just closes."""
        if self.usable and self._transport is not None:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
            self._end("closed by us")
        else:
            self.lose("closed by us")

    # What the loop does

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._use(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        """Take in whole lines, and wake who waits when enough replies are there."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._take(line)
        if len(self._rest) > REPLY_CAP or len(self._heard) > UNREAD_CAP:
            self.lose("the server does not stop talking")
        if len(self._heard) >= self._wanted:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self._end(f"the connection broke: {exc}" if exc else "the server closed the connection")

    def pause_writing(self) -> None:
        """Note that the kernel does not take more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that all was taken."""
        self._paused = False
        self._wake()

    # Inside

    def _use(self, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(high=0)
        self._transport = transport

    def _take(self, line: bytes) -> None:
        if self._problem:
            return
        last, reply = _read(line)
        if reply is None:
            self.lose("what the server says is not SMTP")
            return
        if not last:
            self._take_part(reply.text)
            return
        if self._partial:
            reply = Reply(reply.code, b"\n".join([*self._partial, reply.text]))
            self._partial, self._partial_size = [], 0
        self._heard.append(reply)
        if reply.code == LEAVING:
            self.lose(f"the server is leaving: {words(reply)}")

    def _take_part(self, text: bytes) -> None:
        self._partial.append(text)
        self._partial_size += len(text) + 4
        if self._partial_size > REPLY_CAP:
            self.lose("the server does not stop talking")

    async def _wait(self, seconds: float) -> None:
        self._waiter = self._loop.create_future()
        self._arm(seconds)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._wanted = 0

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._wake()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, seconds: float) -> None:
        """Set the time limit of this wait; the timer is kept from wait to wait, it costs more."""
        self._limit = seconds
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline + 1:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() >= self._deadline:
            self.lose(f"no answer within {self._limit:g} s")
        else:
            self._timer = self._loop.call_at(self._deadline, self._tick)


# Servers say the same few lines over and over.
@lru_cache(maxsize=256)
def _read(line: bytes) -> tuple[bool, Reply | None]:
    """Read one line of a reply, and whether it is the last; no reply when it is not SMTP."""
    line = line.rstrip(b"\r")
    code, mark = line[:3], line[3:4]
    if len(code) < 3 or not code.isdigit() or mark not in (b" ", b"-", b""):
        return True, None
    return mark != b"-", Reply(int(code), line[4:])
