"""A mail server that counts: every whole message is on disk before it is answered.

Run as `python -m bench.chaos_sink ARRIVALS`: prints its port, then appends a line
`kind delivery seconds` to ARRIVALS for every message that has arrived whole. It answers some time
later: as many seconds as the newest line on its standard input says. One message in 400 is taken
and never answered; one address in 60 is told to come back later, once. It outlives every worker,
so what it has written down is the truth.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path

SILENT_EVERY = 400
LATER_EVERY = 60
_NAME = re.compile(rb"^X-Dispatcher-Delivery: (\S+)", re.MULTILINE)
_HELLO = b"250-chaos\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n"


class Ledger:
    """What arrived, in a file; and whom the server has put off."""

    def __init__(self, path: Path) -> None:
        self.delay = 0.01
        self.count = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._put_off: set[bytes] = set()

    def note(self, content: bytes) -> bool:
        """Write a message down; say whether it is to be answered."""
        self.count += 1
        answered = self.count % SILENT_EVERY != 0
        found = _NAME.search(content)
        name = found[1].decode() if found else "nameless"
        line = f"{'taken' if answered else 'silent'} {name} {time.time()}\n"
        os.write(self._file, line.encode())
        return answered

    def puts_off(self, command: bytes) -> bool:
        """Say whether this recipient is to come back later."""
        new = command not in self._put_off and hash_of(command) % LATER_EVERY == 0
        self._put_off.add(command)
        return new


def hash_of(command: bytes) -> int:
    """Give a number that is the same in every run."""
    return sum(place * byte for place, byte in enumerate(command, 1))


class Visit(asyncio.Protocol):
    """One connection; commands may come in any portion."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._in_content = self._has_recipient = self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(b"220 chaos ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take in what came; nothing more is read while an answer is due."""
        self._rest += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._busy:
            end, mark = (b"\r\n.\r\n", 5) if self._in_content else (b"\r\n", 2)
            at = self._rest.find(end)
            if at < 0:
                return
            piece, self._rest = self._rest[:at], self._rest[at + mark :]
            if self._in_content:
                self._content(piece)
            else:
                self._command(piece)

    def _content(self, content: bytes) -> None:
        self._in_content = self._has_recipient = False
        if not self._ledger.note(content):
            assert self._transport is not None
            self._transport.abort()
            return
        self._busy = True
        asyncio.get_running_loop().call_later(self._ledger.delay, self._answer)

    def _answer(self) -> None:
        self._busy = False
        self._say(b"250 2.0.0 counted\r\n")
        self._go_on()

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._has_recipient = not self._ledger.puts_off(line)
            self._say(b"250 ok\r\n" if self._has_recipient else b"451 4.7.1 come back later\r\n")
        elif verb == b"DATA":
            self._in_content = self._has_recipient
            self._say(
                b"354 go on\r\n" if self._has_recipient else b"554 5.5.1 nobody to take it\r\n"
            )
        elif verb == b"RSET":
            self._has_recipient = False
            self._say(b"250 ok\r\n")
        elif verb == b"QUIT" and self._transport is not None:
            self._say(b"221 bye\r\n")
            self._transport.close()
        else:
            self._say(_HELLO if verb == b"EHLO" else b"250 ok\r\n")

    def _say(self, words: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(words)


async def serve(path: Path) -> None:
    """Serve until killed."""
    ledger = Ledger(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Visit(ledger), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ledger.delay = float(line)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
