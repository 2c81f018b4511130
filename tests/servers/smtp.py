"""An SMTP server on loopback that keeps the rules, or breaks them exactly where a test says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Self, cast

FEATURES = ("PIPELINING", "8BITMIME", "SIZE 10000000", "ENHANCEDSTATUSCODES", "SMTPUTF8")
BIGGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Act:
    """What to do at one stage instead of the usual: say something, store the mail, cut, be mute."""

    say: bytes = b""
    cut: bool = False
    store: bool = False
    mute: bool = False


CUT = Act(cut=True)
MUTE = Act(mute=True)
STORE_AND_CUT = Act(store=True, cut=True)


def say(reply: bytes) -> Act:
    """Answer with this."""
    return Act(say=reply)


def say_and_cut(reply: bytes) -> Act:
    """Answer with this and close."""
    return Act(say=reply, cut=True)


class Stored(NamedTuple):
    """A mail the server took."""

    sender: str
    recipient: str
    content: bytes
    options: str


class Cut(Exception):
    """The server closes now."""


@dataclass(slots=True)
class SmtpServer:
    """Stages are CONNECT, the verbs, CONTENT (content has begun) and DOT (it has ended).

    `faults` holds acts by stage and by the how-manieth time the stage is reached, counted over all
    connections from 1; 0 means always. `people` answers RCPT by address. `eager`: 354 even when
    no recipient was taken. `drip`: every byte in a packet of its own. `burst`: answers wait until
    all that came is read, so that they leave together.
    """

    features: tuple[str, ...] = FEATURES
    faults: Mapping[tuple[str, int], Act] = field(default_factory=dict)
    people: Mapping[str, bytes] = field(default_factory=dict)
    eager: bool = False
    drip: bool = False
    burst: bool = False
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    port: int = 0
    stored: list[Stored] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    in_clear: list[bytes] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    rushed: int = 0  # commands that came before the answer to the one before was given
    open_now: int = 0
    most_open: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)  # somebody said QUIT

    @property
    def recipients(self) -> list[str]:
        """Whom mail was stored for, in order."""
        return [mail.recipient for mail in self.stored]

    def act(self, stage: str) -> Act | None:
        """Count the stage as reached, and give what is planned for this time."""
        self.reached[stage] += 1
        return self.faults.get((stage, self.reached[stage]), self.faults.get((stage, 0)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Listen on a free port of the loopback."""
        tasks: set[asyncio.Task[None]] = set()

        def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(Visit(self, reader, writer).serve()))

        listener = await asyncio.start_server(visit, "127.0.0.1", self.port, limit=BIGGEST)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Visit:
    """One connection to the server."""

    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.held = b""
        self.secure = False
        self.known = server.login is None
        self.reset()

    def reset(self) -> None:
        self.sender: str | None = None
        self.options = ""
        self.recipient: str | None = None

    async def serve(self) -> None:
        server = self.server
        server.open_now += 1
        server.most_open = max(server.most_open, server.open_now)
        try:
            await self.answer("CONNECT", b"220 badly.behaved.test ESMTP")
            while True:
                await self.command((await self.reader.readuntil(b"\r\n"))[:-2])
        except (Cut, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            server.open_now -= 1
            self.writer.transport.abort()

    async def command(self, line: bytes) -> None:
        self.server.commands.append(line)
        if not self.secure:
            self.server.in_clear.append(line)
        if self.waiting and "PIPELINING" not in self.server.features:
            self.server.rushed += 1
        verb = line.split(b" ")[0].decode("ascii", "replace").upper()
        handler = getattr(self, f"on_{verb.lower()}", None)
        if handler is None:
            await self.say(b"500 5.5.2 what?")
        else:
            await handler(line.partition(b" ")[2].decode("utf-8", "replace"))

    @property
    def waiting(self) -> bool:
        """Whether more has come than was read."""
        return bool(getattr(self.reader, "_buffer", b""))

    async def on_ehlo(self, name: str) -> None:
        lines = [f"hello {name}", *self.server.features]
        if self.secure:
            lines = [line for line in lines if line != "STARTTLS"]
        text = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        self.reset()
        await self.answer("EHLO", "\r\n".join(text).encode())

    async def on_helo(self, name: str) -> None:
        self.reset()
        await self.answer("HELO", b"250 hello")

    async def on_starttls(self, _: str) -> None:
        await self.answer("STARTTLS", b"220 go ahead")
        if self.server.tls is None:
            raise Cut
        await self.writer.start_tls(self.server.tls)
        self.secure = True

    async def on_auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(initial).decode().split("\0")
        else:
            user, password = await self.prompt("Username:"), await self.prompt("Password:")
        self.known = (user, password) == self.server.login
        usual = b"235 2.7.0 ok" if self.known else f"535 5.7.8 not {user}:{password}".encode()
        await self.answer("AUTH", usual)

    async def prompt(self, question: str) -> str:
        await self.say(b"334 " + base64.b64encode(question.encode()))
        return base64.b64decode(await self.reader.readuntil(b"\r\n")).decode()

    async def on_mail(self, argument: str) -> None:
        if not self.known:
            await self.say(b"530 5.7.0 log in first")
        elif self.sender is not None:
            await self.say(b"503 5.5.1 nested MAIL command")
        else:
            path, _, options = argument.removeprefix("FROM:<").partition(">")
            if await self.answer("MAIL", b"250 2.1.0 ok"):
                self.sender, self.options = path, options.strip()

    async def on_rcpt(self, argument: str) -> None:
        address = argument.removeprefix("TO:<").rpartition(">")[0]
        if self.sender is None:
            await self.say(b"503 5.5.1 need MAIL first")
        elif address in self.server.people:
            await self.say(self.server.people[address])
        elif await self.answer("RCPT", b"250 2.1.5 ok"):
            self.recipient = address

    async def on_data(self, _: str) -> None:
        if self.recipient is None and not self.server.eager:
            await self.say(b"554 5.5.1 no valid recipients")
        elif await self.answer("DATA", b"354 go on"):
            await self.content()

    async def content(self) -> None:
        lines: list[bytes] = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            if not lines:
                await self.perform(self.server.act("CONTENT"))
            lines.append(line[1:] if line.startswith(b".") else line)
        await self.dot(b"".join(lines))
        self.reset()

    async def dot(self, content: bytes) -> None:
        if self.sender is None or self.recipient is None:
            await self.say(b"554 5.5.1 no valid recipients")
            return
        mail = Stored(self.sender, self.recipient, content, self.options)
        act = self.server.act("DOT")
        if act is None or act.store:
            self.server.stored.append(mail)
        await self.perform(act)
        if act is None:
            await self.say(f"250 2.0.0 ok: queued as Q{len(self.server.stored)}".encode())

    async def on_rset(self, _: str) -> None:
        self.reset()
        await self.answer("RSET", b"250 2.0.0 ok")

    async def on_quit(self, _: str) -> None:
        self.server.left.set()
        await self.say(b"221 2.0.0 bye")
        raise Cut

    async def answer(self, stage: str, usual: bytes) -> bool:
        """Answer as planned or as usual; say whether it was as usual."""
        act = self.server.act(stage)
        await self.perform(act)
        if act is None:
            await self.say(usual)
        return act is None

    async def perform(self, act: Act | None) -> None:
        if act is None:
            return
        if act.mute:
            cast("asyncio.Transport", self.writer.transport).pause_reading()
            await asyncio.Event().wait()
        if act.say:
            await self.say(act.say)
        if act.cut:
            with contextlib.suppress(OSError):
                await self.writer.drain()
                self.writer.close()
            raise Cut

    async def say(self, reply: bytes) -> None:
        self.held += reply + b"\r\n"
        if self.server.burst and self.waiting:
            return
        data, self.held = self.held, b""
        for piece in [data[at : at + 1] for at in range(len(data))] if self.server.drip else [data]:
            self.writer.write(piece)
            await asyncio.sleep(0)
        await self.writer.drain()
