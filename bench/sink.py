"""Where benchmark mail goes: Postfix's smtp-sink, or a small sink of ours where there is none.

Run as `python -m bench.sink` it prints its port and takes every mail until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.world import ROOT, Missing

_PLACES = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n"
_DOT = b"\r\n.\r\n"


def find(tool: str) -> str:
    """Find a tool of Postfix, in POSTFIX_TOOLS where that is set; raises Missing, which tells."""
    usual = f"{os.environ.get('PATH', '')}:{_PLACES}"
    found = shutil.which(tool, path=os.environ.get("POSTFIX_TOOLS", usual))
    if found is None:
        raise Missing(f"{tool} is missing: install Postfix (Debian: apt install postfix)")
    return found


def version() -> str:
    """Say which Postfix this is; "" when there is none."""
    try:
        command = [find("postconf"), "-d", "-h", "mail_version"]
    except Missing:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@contextmanager
def sink() -> Iterator[int]:
    """Run a sink; give its port. Both ends of a ratio go into the same one."""
    try:
        program = find("smtp-sink")
    except Missing:
        with _our_sink() as port:
            yield port
        return
    with _their_sink(program) as port:
        yield port


@contextmanager
def _their_sink(program: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "1000"], cwd="/")
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("smtp-sink did not start within 10 s")


@contextmanager
def _our_sink() -> Iterator[int]:
    command = [sys.executable, "-m", "bench.sink"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class Visit(asyncio.Protocol):
    """One connection: takes whatever comes, in whatever portions."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._looked_to = 0  # in a mail: no dot before it
        self._in_mail = False

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

    def mail_came(self) -> None:
        """Note that a mail is whole; this sink keeps nothing."""

    def addressed(self, rcpt: bytes) -> None:
        """Note whom the next mail is for, from its RCPT command."""

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
        self.mail_came()
        return b"250 2.0.0 taken\r\n"

    def _command(self, line: bytes) -> bytes:
        word = line[:4].upper()
        if word == b"DATA":
            self._in_mail = True
            return b"354 go on\r\n"
        if word == b"RCPT":
            self.addressed(line)
        return _HELLO if word == b"EHLO" else b"250 2.0.0 ok\r\n"


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Visit, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
