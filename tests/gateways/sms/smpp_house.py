"""A gateway bound to an operator of the tests, and an ear that writes down what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from dispatcher.domain.messages import Event
from dispatcher.errors import StorageDown
from dispatcher.gateways.registry import Supplies, build
from dispatcher.gateways.sms.smpp import SmppGateway


class HasPort(Protocol):
    """Whoever listens."""

    port: int


class Ledger:
    """Takes what is heard, unless it is told to be out of order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked = asyncio.Event()
        self.awake = asyncio.Event()
        self.awake.set()
        self.down = False
        self.poison = ""

    async def hear(self, events: Sequence[Event]) -> None:
        """Keep events, all of them or none; while it is not awake that takes its time."""
        self.asked.set()
        await self.awake.wait()
        if self.down:
            raise StorageDown("the database does not answer", retry_after=5.0)
        if self.poison and any(each.text == self.poison for each in events):
            raise ValueError("a bug")
        self.events += events


@asynccontextmanager
async def bound(
    operator: HasPort, ledger: Ledger | None = None, **options: Any
) -> AsyncIterator[SmppGateway]:
    """Give a gateway to this operator; close it afterwards."""
    known = {
        "host": "127.0.0.1",
        "port": operator.port,
        "security": "none",
        "system_id": "shop",
        "password": "geheim77",
        **options,
    }
    made = build("acme", "smpp", known, Supplies(hear=(ledger or Ledger()).hear))
    assert isinstance(made, SmppGateway)
    try:
        yield made
    finally:
        await made.aclose()
