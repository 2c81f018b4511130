"""One call of `send`: the letters still to go, the receipts that came, and when to give up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from dispatcher.domain.messages import Message, Outcome, Receipt
from dispatcher.domain.ports import Gate
from dispatcher.errors import GatewayDown
from dispatcher.gateways.email.smtp_letter import Letter

TRIES = 3  # lines that may be lost under one message before it has to wait
LOST_RETRY = 60.0
BREAKER_RETRY = 300.0


class Breaker:
    """Counts troubles in a row: a gateway that turns away everybody is down, not each of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._row = 0

    def note(self, trouble: bool) -> bool:
        """Count one outcome; say whether the breaker is open. One good outcome closes it."""
        self._row = self._row + 1 if trouble else 0
        return self._row >= self._limit


class Run:
    """Deals letters to the lines and collects their receipts; any number of lines share it."""

    def __init__(
        self, messages: Iterator[Message], gate: Gate, breaker: Breaker, gateway: str
    ) -> None:
        self.gate = gate
        self._messages = messages
        self._breaker = breaker
        self._gateway = gateway
        self._returned: deque[Letter] = deque()
        self._receipts: deque[Receipt] = deque()
        self._news = asyncio.Event()
        self._over = False
        self._down: GatewayDown | None = None
        self._no_line: GatewayDown | None = None
        self._crash: BaseException | None = None

    def take(self) -> Letter | None:
        """Give the next letter, rendering it if need be; nothing when the run is over."""
        if self._down is not None:
            return None
        if self._returned:
            return self._returned.popleft()
        if self._crash is not None:
            return None
        try:
            message = next(self._messages, None)
        except Exception as crash:  # noqa: BLE001  raised by `settle`, once all on the wire is known
            self._crash = crash
            return None
        return None if message is None else Letter(message)

    def back(self, letter: Letter) -> None:
        """Take back a letter nothing was done with."""
        self._returned.appendleft(letter)

    def again(self, letter: Letter, problem: str) -> None:
        """Take back a letter whose line was lost before its dot: it is unsent for sure."""
        letter = Letter(letter.message, letter.tries + 1)
        if letter.tries < TRIES:
            self._returned.append(letter)
        else:
            self.give(_put_off(letter, problem), trouble=True)

    def give(self, receipt: Receipt, *, trouble: bool | None = None) -> None:
        """Hand in a receipt; `trouble`: it tells of the gateway, not of the person.

        What says nothing of the gateway, such as a message withheld, leaves `trouble` open.
        """
        self.gate.heard(receipt)
        self._receipts.append(receipt)
        self._news.set()
        if trouble is not None and self._breaker.note(trouble):
            last = f"{receipt.code} {receipt.detail}"
            self.stop(f"too many messages in a row had no luck, the last with: {last}")

    def stop(self, problem: str) -> None:
        """Take no more messages: the gateway as a whole is in trouble."""
        if self._down is None:
            self._down = GatewayDown(f"gateway {self._gateway}: {problem}", BREAKER_RETRY)

    def no_line(self, problem: GatewayDown) -> None:
        """Note that a line could not be had; it counts if at the end letters are left."""
        self._no_line = problem

    async def collected(self) -> list[Receipt]:
        """Wait for receipts and give all that are there; none when the run is over."""
        while not self._receipts and not self._over:
            await self._news.wait()
            self._news.clear()
        receipts = list(self._receipts)
        self._receipts.clear()
        return receipts

    def over(self, _work: asyncio.Task[None]) -> None:
        """Note that no more receipts will come."""
        self._over = True
        self._news.set()

    def close(self) -> None:
        """Put off the letters that no line is left for."""
        if self._returned and self._down is None:
            self._down = self._no_line
        while self._returned:
            self._receipts.append(_put_off(self._returned.popleft(), str(self._down)))

    def settle(self) -> None:
        """Raise what the messages' source raised, or that the gateway is down."""
        if self._crash is not None:
            raise self._crash
        if self._down is not None:
            raise self._down


def _put_off(letter: Letter, problem: str) -> Receipt:
    return Receipt(
        letter.message.key,
        Outcome.DEFERRED,
        code="unsent",
        detail=problem,
        retry_after=LOST_RETRY,
    )
