"""An SMS provider on loopback that can be told to behave badly, and remembers what reached it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType


class Fault(StrEnum):
    """Ways to behave badly."""

    NONE = "none"
    CUT_UNREAD = "cut unread"  # closes as soon as the headers are there
    RESET_UNREAD = "reset unread"  # the same, with a reset
    KEEP_AND_CUT = "keep and cut"  # takes the message and closes without a word
    KEEP_AND_RESET = "keep and reset"
    SILENT = "silent"  # takes the message and never answers
    CUT_ANSWER = "cut answer"  # closes in the middle of its answer
    GARBAGE = "garbage"  # answers, but not in HTTP
    ENDLESS = "endless"  # a body that never ends
    ENDLESS_HEAD = "endless head"
    DRIP = "drip"  # one byte at a time
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"  # no length: the body ends with the connection
    INTERIM = "interim"  # 103 first
    GONE_AFTER = "gone after"  # answers well, then closes without having said so


@dataclass(frozen=True)
class Reply:
    """What to answer; `{n}` in the body becomes the number of the request."""

    status: int = 202
    body: str = '{"id": "ref-{n}"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = Fault.NONE


@dataclass(frozen=True)
class Request:
    """A request that reached the provider whole."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Everything that a message could be in."""
        return f"{self.target}\n{self.body.decode()}"


class SmsServer:
    """Listens on a free port while entered.

    What it answers: `answerer`'s word if it is set, else the reply in `replies` whose key is in the
    request, else `default`.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.default = Reply()
        self.replies: dict[str, Reply] = {}
        self.answerer: Callable[[Request], Reply | None] | None = None
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where to post messages."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/sms"

    async def __aenter__(self) -> SmsServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Stop listening and hang up."""
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self.all_left()

    async def all_left(self) -> None:
        """Wait until no connection is open on this side."""
        while self._visits:
            await asyncio.wait(self._visits)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        if self.default.fault in (Fault.CUT_UNREAD, Fault.RESET_UNREAD):
            return _leave(writer, self.default.fault)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, target, headers, body)
        self.requests.append(request)
        return await self._answer(writer, self._reply(request))

    def _reply(self, request: Request) -> Reply:
        if self.answerer and (said := self.answerer(request)):
            return said
        found = [reply for word, reply in self.replies.items() if word in request.text]
        return found[0] if found else self.default

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        """Answer as told; say whether the connection stays open."""
        fault = reply.fault
        if fault in (Fault.KEEP_AND_CUT, Fault.KEEP_AND_RESET):
            return _leave(writer, fault)
        if fault is Fault.SILENT:
            await writer.wait_closed()
            return False
        if fault is Fault.ENDLESS:
            start = _head(reply) + b"Transfer-Encoding: chunked\r\n\r\n"
            await _endless(writer, start, b"1000\r\n%s\r\n")
        if fault is Fault.ENDLESS_HEAD:
            await _endless(writer, _head(reply), b"X-More: %s\r\n")
        whole = _whole(reply, reply.body.replace("{n}", str(len(self.requests))).encode())
        if fault is Fault.DRIP:
            for place in range(len(whole)):
                writer.write(whole[place : place + 1])
                await asyncio.sleep(0)
        else:
            writer.write(whole)
        await writer.drain()
        return fault not in (Fault.CUT_ANSWER, Fault.UNTIL_CLOSE, Fault.GONE_AFTER)


def _head(reply: Reply) -> bytes:
    given = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"HTTP/1.1 {reply.status} Whatever\r\n{given}".encode()


def _whole(reply: Reply, body: bytes) -> bytes:
    """Give the answer's bytes in the dress that the fault asks for."""
    head = _head(reply)
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    match reply.fault:
        case Fault.CUT_ANSWER:
            return whole[:-3]
        case Fault.GARBAGE:
            return b"220 mail.example ESMTP\r\n\r\n"
        case Fault.CHUNKED:
            chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(c), c) for c in (body[:3], body[3:]) if c)
            start = head + b"Transfer-Encoding: chunked\r\n\r\n"
            return start + chunks + b"0\r\nX-Trailer: yes\r\n\r\n"
        case Fault.UNTIL_CLOSE:
            return head + b"\r\n" + body
        case Fault.INTERIM:
            return b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + whole
        case _:
            return whole


async def _endless(writer: asyncio.StreamWriter, start: bytes, more: bytes) -> None:
    writer.write(start)
    while True:
        writer.write(more % (b"x" * 4096))
        await writer.drain()


def _leave(writer: asyncio.StreamWriter, fault: Fault) -> bool:
    """Close the connection, with a reset where the fault says so."""
    if fault in (Fault.KEEP_AND_RESET, Fault.RESET_UNREAD):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return False
