"""Messages for gateways to carry, and ways to carry them in a test."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Receipt
from dispatcher.domain.ports import Gate, Gateway
from dispatcher.errors import GatewayDown

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one scenario, which must not take longer than 20 seconds."""
    return asyncio.run(asyncio.wait_for(work, 20))


def text_message(n: int, text: str = "") -> Message:
    """Give the text message with the ordinal n; its number ends with n."""
    words = text or f"Offer {n}: 20% off, at Café Müller only. Reply STOP to end."
    return Message(
        DeliveryKey(7, 1000 + n, 1), Channel.SMS, phone(n), "Brand", words.encode(), ordinal=n
    )


def phone(n: int) -> str:
    """Give the number of the person n."""
    return f"+44770090{n:04}"


def mail(n: int) -> Message:
    """Give the e-mail with the ordinal n."""
    address = f"person{n}@example.org"
    content = (
        f"From: Brand <offers@brand.example>\r\nTo: {address}\r\nSubject: Offer {n}\r\n"
        f"Message-ID: <7-{1000 + n}@brand.example>\r\n\r\nTwenty per cent off.\r\n"
    )
    return Message(
        DeliveryKey(7, 1000 + n, 1),
        Channel.EMAIL,
        address,
        "Brand <offers@brand.example>",
        content.encode(),
        ordinal=n,
        envelope_from=f"b+7-{1000 + n}@bounce.brand.example",
        message_id=f"<7-{1000 + n}@brand.example>",
    )


async def send(
    gateway: Gateway, messages: Iterable[Message], gate: Gate
) -> tuple[list[Receipt], GatewayDown | None]:
    """Collect the receipts in the order of their messages, and the outage if there was one."""
    receipts: list[Receipt] = []
    down = None
    try:
        async for receipt in gateway.send(messages, gate):
            receipts.append(receipt)  # noqa: PERF401 - what came before an outage counts too
    except GatewayDown as error:
        down = error
    return sorted(receipts), down
