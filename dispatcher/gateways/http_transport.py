"""Carries requests over kept-alive HTTP/1.1 connections, with the gate before their last bytes.

httpx's own pool slows down as requests run in parallel, so this transport keeps a plain list.
It never goes through a proxy, follows no redirect and keeps no cookie.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from dispatcher.domain.messages import Message
from dispatcher.domain.ports import Gate, Passage
from dispatcher.gateways.http_answer import AnswerReader
from dispatcher.gateways.http_wire import Origin, Wire, encode

Compose = Callable[[Sequence[Message]], httpx.Request]

_SAFE_METHODS = frozenset({"GET", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, for a whole answer, and to trust an idle one.

    Five seconds is the shortest keep-alive in wide use, so an idle connection is dropped before.
    """

    connect: float = 10.0
    answer: float = 30.0
    idle: float = 4.0


class HandOver(NamedTuple):
    """How one request went: the messages in it, those kept back, and the answer or its lack."""

    passed: Sequence[Message]
    withheld: Sequence[Message]
    waiting: Sequence[Message]
    response: httpx.Response | None = None
    failure: httpx.TransportError | None = None


class GatedTransport(httpx.AsyncBaseTransport):
    """The only way out for messages over HTTP; connections live as long as the transport."""

    def __init__(self, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._tls = tls
        self._idle: dict[Origin, list[Wire]] = {}
        self._all: set[Wire] = set()

    async def hand_over(
        self, messages: Sequence[Message], gate: Gate, compose: Compose
    ) -> HandOver:
        """Ask the gate for each message and send one request with those that may go.

        `compose` must be pure: it runs again when the gate keeps some messages back. Messages that
        come back as `waiting` were not sent. Raises ConnectError or ConnectTimeout, and then the
        gate was not asked for any of them.
        """
        request = compose(messages)
        while True:
            wire = await self._wire(request.url)
            asked = _ask(messages, gate)
            if asked.passed:
                if len(asked.passed) < len(messages):
                    request = compose(asked.passed)
                wire.write(encode(request))
                return await self._hear(wire, asked)
            self._put_back(wire)
            if asked.withheld:
                return asked
            await gate.opens()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that carries no message, such as a question about the balance."""
        if request.method not in _SAFE_METHODS:
            raise RuntimeError(f"{request.method} changes something: it must go through the gate")
        await request.aread()
        wire = await self._wire(request.url)
        wire.write(encode(request))
        return await self._answer(wire)

    async def aclose(self) -> None:
        """Close every connection."""
        wires = list(self._all)
        for wire in wires:
            wire.close()
        self._idle.clear()
        await asyncio.gather(*(wire.closed for wire in wires))

    async def _hear(self, wire: Wire, asked: HandOver) -> HandOver:
        try:
            return asked._replace(response=await self._answer(wire))
        except httpx.TransportError as error:
            return asked._replace(failure=error)

    async def _answer(self, wire: Wire) -> httpx.Response:
        try:
            return _response(await wire.answer(self._timeouts.answer))
        finally:
            self._put_back(wire)

    async def _wire(self, url: httpx.URL) -> Wire:
        """Give an idle connection that is still good, else a new one."""
        port = url.port or (443 if url.scheme == "https" else 80)
        origin = (url.scheme, url.host, port)
        idle = self._idle.get(origin, [])
        while idle:
            wire = idle.pop()
            if wire.fresh:
                return wire
            wire.close()
        return await self._connect(origin)

    async def _connect(self, origin: Origin) -> Wire:
        scheme, host, port = origin
        if scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            async with asyncio.timeout(self._timeouts.connect):
                _, wire = await asyncio.get_running_loop().create_connection(
                    lambda: Wire(origin, self._timeouts.idle, self._all.discard),
                    host,
                    port,
                    ssl=self._tls if scheme == "https" else None,
                )
        except TimeoutError:
            text = f"no connection to {host}:{port} within {self._timeouts.connect:g} s"
            raise httpx.ConnectTimeout(text) from None
        except (OSError, UnicodeError) as error:  # names that no resolver can take, too
            raise httpx.ConnectError(f"cannot connect to {host}:{port}: {error}") from error
        self._all.add(wire)
        return wire

    def _put_back(self, wire: Wire) -> None:
        if wire.fresh:
            self._idle.setdefault(wire.origin, []).append(wire)
        else:
            wire.close()


def _ask(messages: Sequence[Message], gate: Gate) -> HandOver:
    """Ask for each in turn; from the first that must wait on, nobody is asked any more.

    A message that has its GO must leave in this very tick, so it cannot wait for its neighbours.
    """
    passed: list[Message] = []
    withheld: list[Message] = []
    for place, message in enumerate(messages):
        passage = gate.begin(message)
        if passage is Passage.WAIT:
            return HandOver(passed, withheld, messages[place:])
        (passed if passage is Passage.GO else withheld).append(message)
    return HandOver(passed, withheld, ())


def _response(reader: AnswerReader) -> httpx.Response:
    """Give the answer; a body that is cut, or coded though we did not ask, is as good as none."""
    headers = reader.headers
    readable = not reader.cut
    if any(name == b"content-encoding" for name, _ in headers):
        headers = [header for header in headers if header[0] != b"content-encoding"]
        readable = False
    return httpx.Response(reader.status, headers=headers, content=reader.body if readable else b"")
