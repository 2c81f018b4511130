"""The far side of real gateways, as a process: an SMTP server and an SMS provider that keep time.

Run as `python -m tests.support.far_side ARRIVALS`: prints the two ports as JSON, then appends a
line `address seconds kind` for every message that has arrived whole. An answer to the person's own
act has the kind "answer": its reference says so.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import IO

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

_ANSWER_AFTER = 0.015  # seconds: the far side is far away


class Arrivals:
    """Notes when each message was whole."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def note(self, address: str, kind: str = "offer") -> None:
        self._file.write(f"{address} {time.time()} {kind}\n")
        self._file.flush()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        for address in envelope.rcpt_tos:
            self.note(address)
        await asyncio.sleep(_ANSWER_AFTER)
        return "250 2.0.0 taken"

    async def handle_text(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.note(said["to"], "answer" if said["reference"].startswith("0-") else "offer")
        await asyncio.sleep(_ANSWER_AFTER)
        return web.json_response({"id": said["reference"]}, status=202)


async def main(path: Path) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    with path.open("a") as file:
        arrivals = Arrivals(file)
        smtp = await loop.create_server(
            lambda: SMTP(arrivals, loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        app = web.Application()
        app.router.add_post("/messages", arrivals.handle_text)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        sms_port = runner.addresses[0][1]
        print(json.dumps({"smtp": smtp.sockets[0].getsockname()[1], "sms": sms_port}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
