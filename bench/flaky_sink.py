"""Two SMS providers: one that falls ill in ever new ways, one that is always well; both keep time.

Run as `python -m bench.flaky_sink ARRIVALS GOOD SECONDS FAULT...`: prints two ports, then appends a
line `gateway person seconds what` for every request (monotonic: the same clock for every process
of a machine). After GOOD requests that went well the first one has the next FAULT, for so many
SECONDS from the first request that meets it; after the last fault it stays well.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

PHONE = "+44740"  # what the numbers of populated people begin with
NOBODY = -1  # the request was not read: it has reached nobody
_ANSWER_AFTER = 0.02  # seconds: the far side is far away
_DRIP = 0.2  # seconds for each byte of an answer
_MIXED_SHARE = 0.6


class Fault(StrEnum):
    """Ways to be ill; `mixed` is any of the others, more often than not."""

    WELL = "well"
    SILENT = "silent"  # takes the message and says nothing for a minute
    THROTTLED = "throttled"  # 429 with Retry-After
    BROKEN = "broken"  # takes the message and answers 500
    RESET_BEFORE = "reset-before"  # the body is not read
    RESET_AFTER = "reset-after"  # the body was read
    DRIP = "drip"
    MIXED = "mixed"


EVERY = (
    *(Fault.THROTTLED, Fault.SILENT, Fault.BROKEN, Fault.RESET_BEFORE, Fault.RESET_AFTER),
    *(Fault.DRIP, Fault.MIXED),
)


class Arrival(NamedTuple):
    """One request: to which gateway, about whom, when (monotonic), and how it was met."""

    gateway: str
    person: int
    at: float
    fault: Fault

    @property
    def taken(self) -> bool:
        """Whether the message is on its way to the person."""
        return self.person != NOBODY and self.fault is not Fault.THROTTLED


def read(arrivals: Path) -> list[Arrival]:
    """Give every request that came."""
    found = (line.split() for line in arrivals.read_text().splitlines())
    return [Arrival(name, int(who), float(at), Fault(how)) for name, who, at, how in found]


class Health:
    """How the first provider is; `met` gives the fault of the next request."""

    def __init__(self, faults: list[Fault], good: int, seconds: float) -> None:
        self._faults, self._good, self._seconds = faults, good, seconds
        self._went_well, self._until = 0, 0.0
        self._chance = random.Random(7)

    def met(self) -> Fault:
        """Fall ill when it is time, and get well again."""
        now = time.monotonic()
        if not self._faults:
            return Fault.WELL
        if self._went_well < self._good:
            self._went_well += 1
            return Fault.WELL
        self._until = self._until or now + self._seconds
        if now > self._until:
            self._faults, self._went_well, self._until = self._faults[1:], 0, 0.0
            return Fault.WELL
        if self._faults[0] is not Fault.MIXED:
            return self._faults[0]
        ill = self._chance.random() < _MIXED_SHARE
        return self._chance.choice(EVERY[:-1]) if ill else Fault.WELL


class Provider:
    """One of the two; notes each request as it comes."""

    def __init__(self, name: str, file: IO[str], health: Health) -> None:
        self._name, self._file, self._health = name, file, health

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after another."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        fault = self._health.met()
        if fault is Fault.RESET_BEFORE:
            self._note(NOBODY, fault)
            return _reset(writer)
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        said = json.loads(await reader.readexactly(length))
        self._note(int(said["to"].removeprefix(PHONE)), fault)
        if fault is Fault.RESET_AFTER:
            return _reset(writer)
        if fault is Fault.SILENT:
            await asyncio.sleep(60)
            return False
        await asyncio.sleep(_ANSWER_AFTER)
        for piece in _answer(fault, said["reference"]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(_DRIP if fault is Fault.DRIP else 0)
        return True

    def _note(self, person: int, fault: Fault) -> None:
        self._file.write(f"{self._name} {person} {time.monotonic():.6f} {fault}\n")


def _answer(fault: Fault, reference: str) -> Iterator[bytes]:
    status = {Fault.THROTTLED: "429 Slow down", Fault.BROKEN: "500 Oh"}.get(fault, "202 Taken")
    body = json.dumps({"id": reference}).encode()
    wait = "Retry-After: 4\r\n" if fault is Fault.THROTTLED else ""
    head = f"HTTP/1.1 {status}\r\n{wait}Content-Length: {len(body)}\r\n\r\n".encode()
    whole = head + body
    step = 1 if fault is Fault.DRIP else len(whole)
    return (whole[at : at + step] for at in range(0, len(whole), step))


def _reset(writer: asyncio.StreamWriter) -> bool:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def main(path: Path, good: int, seconds: float, faults: list[Fault]) -> None:
    """Serve until killed."""
    with path.open("a", buffering=1) as file:
        ill = Provider("sms", file, Health(faults, good, seconds))
        well = Provider("spare", file, Health([], 0, 0.0))
        servers = [
            await asyncio.start_server(each.serve, "127.0.0.1", 0, backlog=1000)
            for each in (ill, well)
        ]
        print(*(each.sockets[0].getsockname()[1] for each in servers), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), [*map(Fault, sys.argv[4:])])
    )
