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


def letter(n: int) -> Message:
    """Give the e-mail with the ordinal n as the house renders it, with two parts."""
    plain = mail(n)
    name = f"d{n}"
    head = (
        "From: =?utf-8?q?Caf=C3=A9?= Bean <offers@brand.example>\r\n"
        "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\nMIME-Version: 1.0\r\n"
        "List-Id: <coffee.bean.brand.example>\r\nFeedback-ID: 1:bean:promotional:brand\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        f"To: {plain.address}\r\n"
        f"Subject: =?utf-8?q?Offer_{n}=3A_20_=25_off=2C_at_Caf=C3=A9?=\r\n"
        f"Message-ID: <{name}@brand.example>\r\nX-Dispatcher-Delivery: {name}\r\n"
        f"List-Unsubscribe: <https://offers.example/u/{name}>,\r\n"
        f" <mailto:u+{name}@brand.example?subject=unsubscribe>\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="=_{name}"\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    body = (
        f"--=_{name}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\nOffer {n}: a café crème.\r\n"
        f"\r\n--=_{name}\r\nContent-Type: text/html; charset=us-ascii\r\n"
        f"Content-Transfer-Encoding: 7bit\r\n\r\n<p>Offer {n}: a caf&#233; cr&#232;me.</p>\r\n"
        f"\r\n--=_{name}--\r\n"
    )
    return plain._replace(
        content=(head + body).encode(), eight_bit=True, message_id=f"<{name}@brand.example>"
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
