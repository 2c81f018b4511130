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

from bench.sink import Visit

LINE = 40


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


async def main(path: Path) -> None:
    """Serve until killed."""
    with path.open("a", buffering=LINE * 64) as file:
        server = await asyncio.get_running_loop().create_server(
            lambda: Noted(file), "127.0.0.1", 0, backlog=1000
        )
        print(server.sockets[0].getsockname()[1], flush=True)
        while True:
            await asyncio.sleep(0.02)
            file.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
