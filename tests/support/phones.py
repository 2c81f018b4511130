"""A far side that takes texts one after another, as slowly as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from time import monotonic
from typing import ClassVar

from dispatcher.domain.messages import Callback, Channel, Event, Message, Outcome, Receipt
from dispatcher.domain.ports import Gate, Limits, Passage
from dispatcher.services.dispatch import dispatch
from tests.support.house import House

_UNDER_WAY = 5  # messages


class Phones:
    """Takes a message after another, each in so many `seconds`; `told` knows whom, and when."""

    kind: ClassVar[str] = "phones"
    name = "sms"
    limits = Limits(Channel.SMS)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.told: list[tuple[int, float]] = []  # who, and when (monotonic)
        self.under_way = asyncio.Event()

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Hand over what may go."""
        for message in messages:
            while (passage := gate.begin(message)) is Passage.WAIT:
                await gate.opens()
            outcome = Outcome.WITHHELD
            if passage is Passage.GO:
                self.told.append((message.key.customer_id, monotonic()))
                outcome = Outcome.ACCEPTED
                if len(self.told) == _UNDER_WAY:
                    self.under_way.set()
                await asyncio.sleep(self._seconds)
            yield Receipt(message.key, outcome)

    def read(self, callback: Callback) -> Sequence[Event]:
        """Hear nothing."""
        del callback
        return []

    async def aclose(self) -> None:
        """Have nothing to close."""

    def people(self) -> list[int]:
        """Name who was told, once for each time."""
        return sorted(person for person, _ in self.told)


def send(house: House, phones: Phones, act: Callable[[], object] | None = None) -> float:
    """Send until nothing is left to claim; in the midst of it, act. Give when the act returned."""
    acknowledged = 0.0

    async def story() -> None:
        nonlocal acknowledged
        out = house.outbound()
        out.gateways = {**out.gateways, "sms": phones}
        work = asyncio.ensure_future(dispatch(out, Channel.SMS, 30))
        if act is not None:
            await phones.under_way.wait()
            await asyncio.to_thread(act)
            acknowledged = monotonic()
        await work
        await out.aclose()

    asyncio.run(story())
    return acknowledged
