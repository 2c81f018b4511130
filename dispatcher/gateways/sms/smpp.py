"""SMPP 3.4 straight to an operator: many texts under way on one line, receipts and replies back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from time import time
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback, Channel, Event, Message, Receipt
from dispatcher.domain.ports import Gate, Limits
from dispatcher.errors import CallbackRejected, ConfigError, GatewayDown
from dispatcher.gateways.classify import DETAIL_CAP, RETRY_AFTER, Breaker, Trouble, Verdict
from dispatcher.gateways.sms import smpp_pdu
from dispatcher.gateways.sms.smpp_codes import Judge
from dispatcher.gateways.sms.smpp_ear import Ear, Hear
from dispatcher.gateways.sms.smpp_line import Line, LineLost, Times
from dispatcher.gateways.sms.smpp_pdu import Command
from dispatcher.gateways.sms.smpp_receipts import Receipts
from dispatcher.gateways.sms.smpp_run import Filled, Run
from dispatcher.gateways.sms.smpp_settings import Bind, Security, SmppSettings
from dispatcher.gateways.sms.smpp_text import Composer, Reader

_PORTS = {Security.TLS: 3550, Security.NONE: 2775}
_BINDS = {
    Bind.TRANSMITTER: Command.BIND_TRANSMITTER,
    Bind.RECEIVER: Command.BIND_RECEIVER,
    Bind.TRANSCEIVER: Command.BIND_TRANSCEIVER,
}
_LOOKS = 8  # turns of the loop: an end takes three of them to be seen
_PATIENCE = 5  # pauses in a row before the gateway counts as down
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds, when the operator says that it is too much


class SmppGateway:
    """An account at an operator; its options are the fields of SmppSettings.

    `hear` commits what operators deliver before it is acknowledged. `wall` tells Unix seconds.
    """

    kind: ClassVar[str] = "smpp"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[SmppSettings]] = SmppSettings
    needs: ClassVar[tuple[str, ...]] = ("hear",)

    def __init__(
        self, name: str, *, hear: Hear, wall: Callable[[], float] = time, **options: Any
    ) -> None:
        s = self._settings = SmppSettings(**options)
        self.name = name
        self.limits = Limits(
            Channel.SMS, in_flight=s.window, receipts_later=s.receipts, replies=True
        )
        self.server = (s.host, s.port or _PORTS[s.security])
        self._wall = wall
        self._tls = _tls(s)
        self._composer = Composer(s)
        self._receipts = Receipts(name, s)
        self._ear = Ear(name, self._receipts, Reader(s), hear)
        self._judge = Judge(s.codes, s.stopped_codes, s.dead_codes, s.defer_seconds)
        self._breaker = Breaker(_PATIENCE)
        self._pause, self._paused_until = 0.0, 0.0  # seconds; the loop's time
        self._line: Line | None = None
        self._lines: set[Line] = set()
        self._binding = asyncio.Lock()

    def __repr__(self) -> str:
        """Name the gateway and nothing else: the settings hold a secret."""
        return f"<smpp gateway {self.name}>"

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Give one receipt per message in any order; raise GatewayDown for all the rest.

        After an outage only one message is under way until one is answered well.
        """
        run = Run(iter(messages), gate, self)
        try:
            while True:
                run.news.clear()
                filled = await self._fill(run)
                while run.receipts:
                    yield run.receipts.popleft()
                if filled is Filled.DONE and not run.under_way:
                    break
                await self._until_news(run, filled, gate)
        finally:
            run.leave()
            for line in self._lines:
                line.leave(run.news)
        if run.down is not None:
            raise run.down

    def read(self, callback: Callback) -> Sequence[Event]:
        """Refuse: operators deliver over the line, to `dispatcher gateway listen`."""
        del callback
        raise CallbackRejected("SMPP has no callbacks; 'dispatcher gateway listen' hears it")

    async def listen(self, stopped: asyncio.Event, tell: Callable[[str], None]) -> None:
        """Keep a line bound and hear what is delivered, until `stopped`; come back with patience.

        `tell` is told what became of the line.
        """
        pause, now = _FIRST_PAUSE, asyncio.get_running_loop().time
        while not stopped.is_set():
            begun = now()
            try:
                line = await self._bound(self._settings.listen_bind)
                tell(f"{self.name}: listening as {self._settings.listen_bind}")
                await _first(stopped.wait(), asyncio.shield(line.closed))
                lost = line.why
            except LineLost as error:
                lost = str(error)
            if stopped.is_set():
                return
            tell(f"{self.name}: nothing is heard, trying again: {lost}")
            lasted = now() - begun > _LONGEST_PAUSE
            pause = _FIRST_PAUSE if lasted else min(pause * 2, _LONGEST_PAUSE)
            await _first(stopped.wait(), asyncio.sleep(pause))

    async def aclose(self) -> None:
        """Store and acknowledge what came, then unbind."""
        await self._ear.finish()
        await asyncio.gather(*(line.end() for line in list(self._lines)))
        await self._ear.finish()  # what came after the good-bye comes again, or is stored twice

    # What messages under way ask.

    def compose(self, message: Message) -> Sequence[bytes]:
        """Give the parts of a message."""
        return self._composer.compose(message, self._wall())

    def judge(self, status: int, words: str) -> Verdict:
        """Say what a status other than 0 means."""
        return self._judge.verdict(status, words)

    def reference(self, message_id: str) -> str:
        """Give an id in the form in which it is kept."""
        return self._receipts.reference(_printable(message_id)[:255])

    def note(self, verdict: Verdict) -> GatewayDown | None:
        """Hold back when the operator says it is too much; give up when nothing passes."""
        if verdict.trouble is Trouble.MESSAGE:
            self._breaker.note(good=True)
            self._pause = 0.0
            return None
        now = asyncio.get_running_loop().time()
        if verdict.trouble is Trouble.PASSING and now >= self._paused_until:
            self._breaker.note(good=False)
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._paused_until = now + self._pause
        if verdict.trouble is Trouble.LASTING or self._breaker.open:
            said = f"{verdict.code} {verdict.detail}".strip()
            return GatewayDown(
                f"{self.name}: {said}; check settings, account and the operator's health",
                verdict.retry_after or RETRY_AFTER,
            )
        return None

    def clean(self, verdict: Verdict, message: Message) -> Verdict:
        """Keep the password, the person's address and control characters out of what is stored."""
        if verdict.detail:
            detail = self._scrub(verdict.detail, message.address)[:DETAIL_CAP]
            verdict = verdict._replace(detail=detail)
        return verdict

    def _scrub(self, text: str, address: str) -> str:
        secret = self._settings.password.get_secret_value()
        text = text.replace(secret, "***") if secret else text
        bare = address.removeprefix("+")
        return _printable(text.replace(address, "(address)").replace(bare, "(address)"))

    async def _fill(self, run: Run) -> Filled:
        """Begin what may go now, over a line that is bound before anybody asks the gate."""
        if run.down is not None:
            return Filled.DONE
        try:
            self._face_loss()
            if run.exhausted:
                return Filled.DONE
            line = await self._sending()
        except LineLost as lost:
            self._breaker.note(good=False)
            run.stop(GatewayDown(f"{self.name}: {lost}", RETRY_AFTER))
            return Filled.DONE
        line.listen(run.news)
        return run.fill(line, may=lambda parts: self._may(line, parts))

    def _face_loss(self) -> None:
        """Raise LineLost when the line went away while messages were under way.

        What was under way is in doubt, so a fresh line at once might cost as many again.
        """
        line = self._line
        if line is not None and line.in_doubt:
            self._line = None
            raise LineLost(line.why)

    def _may(self, line: Line, parts: int) -> bool:
        if self._breaker.open and line.in_flight:
            return False
        return line.usable and line.room(parts) and self._left_of_pause() <= 0

    def _left_of_pause(self) -> float:
        return self._paused_until - asyncio.get_running_loop().time() if self._pause else 0.0

    async def _until_news(self, run: Run, filled: Filled, gate: Gate) -> None:
        if filled is Filled.SHUT:
            await gate.opens()
        elif filled is Filled.MORE:
            await asyncio.sleep(0)
        else:
            wait = self._left_of_pause()
            loop = asyncio.get_running_loop()
            end = loop.call_later(wait, run.news.set) if wait > 0 else None
            await run.news.wait()
            if end is not None:
                end.cancel()

    async def _sending(self) -> Line:
        """Give the line that is bound for sending, else a new one; raise LineLost."""
        async with self._binding:
            line = self._line
            if line is not None and not line.in_flight:
                await _looked_at(line)
            if line is None or not line.usable:
                line = self._line = await self._bound(self._settings.bind)
            return line

    async def _bound(self, how: Bind) -> Line:
        s = self._settings
        line = await self._connected()
        body = smpp_pdu.bind(
            s.system_id, s.password.get_secret_value(), s.system_type, s.address_range
        )
        self._lines.add(line)
        line.closed.add_done_callback(lambda _: self._lines.discard(line))
        await line.bind(_BINDS[how], body, s.connect_timeout)
        return line

    async def _connected(self) -> Line:
        s = self._settings
        host, port = self.server
        times = Times(s.timeout, s.enquire_seconds)
        try:
            async with asyncio.timeout(s.connect_timeout):
                _, line = await asyncio.get_running_loop().create_connection(
                    lambda: Line(s.window, times, self._ear.delivered), host, port, ssl=self._tls
                )
        except TimeoutError:
            raise LineLost(f"no connection to {host}:{port} in {s.connect_timeout:g} s") from None
        except (OSError, UnicodeError) as error:  # names that no resolver can take, too
            raise LineLost(f"cannot connect to {host}:{port}: {error}") from error
        return line


async def _looked_at(line: Line) -> None:
    """Let the loop see first what came in on an idle line: it may be the line's end."""
    for _ in range(_LOOKS):
        if not (line.usable and line.unread):
            return
        await asyncio.sleep(0)


async def _first(*works: Any) -> None:
    """Wait for the first of these, and leave none of them running."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _tls(s: SmppSettings) -> ssl.SSLContext | None:
    if s.security is Security.NONE:
        return None
    try:
        return ssl.create_default_context(cafile=s.ca_file or None)
    except OSError as error:
        raise ConfigError("ca_file", f"{s.ca_file} cannot be read: {error}") from error


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(filter(str.isprintable, text))
