"""The SMTP gateway: hands e-mail to any mail server, over pooled and pipelined connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import Any, ClassVar

from dispatcher.domain.findings import Finding
from dispatcher.domain.messages import Callback, Channel, Event, Message, Receipt
from dispatcher.domain.ports import Gate, Limits
from dispatcher.errors import CallbackRejected, GatewayDown
from dispatcher.gateways.email.dkim import Signer
from dispatcher.gateways.email.dkim_keys import read_keys
from dispatcher.gateways.email.preflight import Sending
from dispatcher.gateways.email.smtp_check import look
from dispatcher.gateways.email.smtp_line import Line
from dispatcher.gateways.email.smtp_pool import Pool
from dispatcher.gateways.email.smtp_run import Breaker, Run
from dispatcher.gateways.email.smtp_session import open_line
from dispatcher.gateways.email.smtp_settings import Security, SmtpSettings
from dispatcher.gateways.email.smtp_talk import Talk


class SmtpGateway:
    """A mail server as a gateway. Its options are the fields of SmtpSettings.

    Connections live as long as the gateway; one gateway belongs to one event loop. Offers go at
    most once: after the final dot only the server's answer counts, and without one the receipt is
    UNSURE. Bounces come back as mail, so there is nothing for `read` to read.
    """

    kind: ClassVar[str] = "smtp"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[SmtpSettings]] = SmtpSettings

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        self.settings = SmtpSettings(**options)
        self.limits = Limits(Channel.EMAIL, in_flight=self.settings.connections)
        self._context: ssl.SSLContext | None = None
        if self.settings.security is not Security.NONE:
            self._context = self.settings.tls_context()
        self.signer = Signer(read_keys(self.settings.dkim)) if self.settings.dkim else None
        self._breaker = Breaker(self.settings.breaker)
        self._pool = Pool(self._open_line, self.settings.connections, self.settings.idle)

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Give one receipt per message, in any order; raise GatewayDown for all not pulled yet."""
        run = Run(iter(messages), gate, self._breaker, self.name)
        work = asyncio.create_task(self._carry_all(run))
        work.add_done_callback(run.over)
        try:
            while receipts := await run.collected():
                for receipt in receipts:
                    yield receipt
            await work
        finally:
            work.cancel()
            await asyncio.wait([work])
        run.settle()

    def read(self, callback: Callback) -> Sequence[Event]:
        """Refuse: mail servers call nobody back."""
        raise CallbackRejected(
            f"gateway {self.name} speaks SMTP and has no callbacks; bounces arrive by mail"
            f" (the request was for {callback.path!r})"
        )

    async def check(self, now: float) -> Sequence[Finding]:
        """Call the server as for a mail, without one, and say what it offers."""
        return await look(self.settings, self._context, now)

    def sending(self, domain: str, returns: str) -> Sending:
        """Say how mail from a domain leaves, for a look at it from outside."""
        known = self.settings
        keys = self.signer.keys_for(domain) if self.signer else ()
        selectors, addresses = known.dkim_selectors, known.sends_from
        return Sending(domain, returns, keys, selectors, addresses, signs=self.signer is not None)

    async def aclose(self) -> None:
        """Part with the mail server in good order."""
        self._pool.close()
        await asyncio.sleep(0)  # lets the farewells leave

    async def _open_line(self) -> Line:
        return await open_line(self.settings, self._context)

    async def _carry_all(self, run: Run) -> None:
        """Work on all lines; the first opens the way: a dead server holds up one message only."""
        async with asyncio.TaskGroup() as lanes:

            def widen() -> None:
                for _ in range(self.settings.connections - 1):
                    lanes.create_task(self._lane(run))

            lanes.create_task(self._lane(run, widen))
        run.close()

    async def _lane(self, run: Run, opened: Callable[[], None] | None = None) -> None:
        """Carry letters until none is left, over line after line should they be lost."""
        while (letter := run.take()) is not None:
            run.back(letter)
            try:
                line = await self._pool.take(fresh=letter.tries > 0)
            except GatewayDown as problem:
                run.no_line(problem)
                return
            if opened is not None:
                opened()
                opened = None
            try:
                await Talk(line, run, self.settings, self.signer).carry()
            finally:
                self._pool.give_back(line)
