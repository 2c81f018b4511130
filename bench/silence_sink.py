"""A mail server that notes when each person's message was whole, fast enough for a full campaign.

Run as `python -m bench.silence_sink ARRIVALS`: prints its port, then appends one line of LINE bytes
for every message, `person seconds` (monotonic: the same clock for every process of a machine).
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import IO

LINE = 40
_DOT = b"\r\n.\r\n"
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n"


def read(arrivals: Path) -> list[tuple[int, float]]:
    """Give who got a message, and when."""
    lines = arrivals.read_text().splitlines()
    return [(int(person), float(at)) for person, at in (line.split() for line in lines)]


class Visit(asyncio.Protocol):
    """One connection; what comes may come in any portion."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._looked_to = 0  # in a mail: no dot before it
        self._in_mail = False
        self._person = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is complete, in one write."""
        assert self._transport is not None
        self._waiting += data
        answers = b""
        while (answer := self._next()) is not None:
            answers += answer
        if answers:
            self._transport.write(answers)

    def _next(self) -> bytes | None:
        end = _DOT if self._in_mail else b"\r\n"
        found = self._waiting.find(end, self._looked_to)
        if found < 0:
            self._looked_to = max(len(self._waiting) - len(end), 0)
            return None
        line = b"" if self._in_mail else bytes(self._waiting[:found])
        del self._waiting[: found + len(end)]
        self._looked_to = 0
        return self._mail() if self._in_mail else self._command(line)

    def _mail(self) -> bytes:
        self._in_mail = False
        self._file.write(f"{self._person:<18d} {time.monotonic():20.6f}\n")
        return b"250 2.0.0 taken\r\n"

    def _command(self, line: bytes) -> bytes:
        word = line[:4].upper()
        if word == b"DATA":
            self._in_mail = True
            return b"354 go on\r\n"
        if word == b"RCPT":
            local, _, _ = line.partition(b"@")
            self._person = int(local.rpartition(b"person")[2])
        return _HELLO if word == b"EHLO" else b"250 2.0.0 ok\r\n"


async def main(path: Path) -> None:
    """Serve until killed."""
    with path.open("a", buffering=LINE * 64) as file:
        server = await asyncio.get_running_loop().create_server(
            lambda: Visit(file), "127.0.0.1", 0, backlog=1000
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        while True:
            await asyncio.sleep(0.02)
            file.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
