"""A mail server and an SMS provider that note when each message was whole, at full speed.

Run as `python -m bench.silence_sink ARRIVALS`: prints two ports, then appends one line of LINE
bytes for every message, `person seconds` (monotonic: the same clock for every process of a
machine). A person is the number in their address. Answers to people who left are no offers.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import IO

from bench.http_client import Stub
from bench.sink import Visit

LINE = 40
PHONE = "+44740"  # what the numbers of populated people begin with


def read(arrivals: Path) -> list[tuple[int, float]]:
    """Give who got a message, and when."""
    lines = arrivals.read_text().splitlines()
    return [(int(person), float(at)) for person, at in (line.split() for line in lines)]


class Noted(Visit):
    """One connection whose mails are noted, each with its person and its time."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__()
        self._file = file
        self._person = 0

    def addressed(self, rcpt: bytes) -> None:
        """Read the person's number out of the address."""
        local, _, _ = rcpt.partition(b"@")
        self._person = int(local.rpartition(b"person")[2])

    def mail_came(self) -> None:
        """Write down who has a mail now."""
        self._file.write(f"{self._person:<18d} {time.monotonic():20.6f}\n")


class NotedTexts(Stub):
    """One connection of a gateway whose texts are noted, each with its person and its time."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__()
        self._file = file

    def came(self, body: bytes) -> None:
        """Write down who has a text now."""
        said = json.loads(body)
        if not said["reference"].startswith("0-"):
            person = int(said["to"].removeprefix(PHONE))
            self._file.write(f"{person:<18d} {time.monotonic():20.6f}\n")


async def main(path: Path) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    with path.open("a", buffering=LINE * 64) as file:
        mails = await loop.create_server(lambda: Noted(file), "127.0.0.1", 0, backlog=1000)
        texts = await loop.create_server(lambda: NotedTexts(file), "127.0.0.1", 0, backlog=1000)
        print(*(each.sockets[0].getsockname()[1] for each in (mails, texts)), flush=True)
        while True:
            await asyncio.sleep(0.02)
            file.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
