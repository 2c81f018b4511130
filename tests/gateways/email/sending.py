"""Sends mails through a gateway into a server, and gathers all that is known afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome, Receipt
from dispatcher.errors import GatewayDown
from dispatcher.gateways.email.smtp import SmtpGateway
from tests.gateways.gate import FakeGate
from tests.servers.smtp import SmtpServer

CONTENT = b"From: shop@example.com\r\nTo: you@example.com\r\nSubject: Hello\r\n\r\nGood news.\r\n"
PATIENCE = 0.4  # seconds a test waits for a server that stays mute


class Sent(NamedTuple):
    """What came of it: receipts, GatewayDown if raised, and the gate's record."""

    receipts: list[Receipt]
    down: GatewayDown | None
    gate: FakeGate

    @property
    def outcomes(self) -> list[Outcome]:
        """Outcomes by customer."""
        return [receipt.outcome for receipt in sorted(self.receipts)]

    @property
    def only(self) -> Receipt:
        """The one receipt there is."""
        (receipt,) = self.receipts
        return receipt


def mail(number: int = 1, **changes: Any) -> Message:
    """Make a mail to person<number>@example.com."""
    message = Message(
        key=DeliveryKey(1, number, 1),
        channel=Channel.EMAIL,
        address=f"person{number}@example.com",
        sender="shop@example.com",
        content=CONTENT,
        ordinal=number,
        envelope_from=f"b+{number}@bounce.example.com",
    )
    return message._replace(**changes)


def mails(count: int) -> list[Message]:
    """Make mails to persons 1, 2, 3 ..."""
    return [mail(number) for number in range(1, count + 1)]


def gateway(server: SmtpServer, **options: Any) -> SmtpGateway:
    """Build a gateway to the server: one connection, no TLS, unless told otherwise."""
    usual = {"host": "127.0.0.1", "port": server.port, "security": "none", "connections": 1}
    return SmtpGateway("mail", **(usual | options))


async def send(to: SmtpGateway, messages: Iterable[Message], gate: FakeGate | None = None) -> Sent:
    """Send and gather."""
    gate = gate or FakeGate()
    receipts: list[Receipt] = []
    try:
        async for receipt in to.send(messages, gate):
            receipts.append(receipt)  # noqa: PERF401  those before GatewayDown count too
    except GatewayDown as down:
        return Sent(receipts, down, gate)
    return Sent(receipts, None, gate)


def sent(
    server: SmtpServer, messages: Iterable[Message], gate: FakeGate | None = None, **options: Any
) -> Sent:
    """Run the server, send everything, stop both."""

    async def scenario() -> Sent:
        async with server.running():
            sender = gateway(server, **options)
            result = await asyncio.wait_for(send(sender, messages, gate), 30)
            await sender.aclose()
            return result

    return asyncio.run(scenario())
