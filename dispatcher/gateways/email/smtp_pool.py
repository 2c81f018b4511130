"""The connections of one gateway: opened when needed, kept between batches, never more than set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dispatcher.errors import GatewayDown
from dispatcher.gateways.email.smtp_line import Line


class Pool:
    """Lends out lines. `idle` is how many seconds a line may rest and still be trusted."""

    def __init__(self, open_line: Callable[[], Awaitable[Line]], size: int, idle: float) -> None:
        self._open_line = open_line
        self._idle = idle
        self._slots = asyncio.Semaphore(size)
        self._resting: list[Line] = []
        self._closed = False

    async def take(self, *, fresh: bool = False) -> Line:
        """Lend a line, a new one if `fresh`; raise GatewayDown when none can be had."""
        await self._slots.acquire()
        lent = False
        try:
            line = await self._fresh() if fresh else self._rested() or await self._fresh()
            lent = True
        finally:
            if not lent:
                self._slots.release()
        return line

    def give_back(self, line: Line) -> None:
        """Take a line back, whatever state it is in."""
        self._slots.release()
        if self._closed or not line.usable:
            line.part()
            return
        line.rested_at = asyncio.get_running_loop().time()
        self._resting.append(line)

    def close(self) -> None:
        """Part with every resting line, and with the lent ones as they come back."""
        self._closed = True
        while self._resting:
            self._resting.pop().part()

    async def _fresh(self) -> Line:
        """Open a line; when the server allows no more of them, an idle one will do."""
        try:
            line = await self._open_line()
        except GatewayDown:
            if (resting := self._rested()) is None:
                raise
            return resting
        self._prune()
        return line

    def _prune(self) -> None:
        """Part with a resting line for the new one, so that the two together keep the limit."""
        if (resting := self._rested()) is not None:
            resting.part()

    def _rested(self) -> Line | None:
        """Give the line that rested least, if it is still good."""
        now = asyncio.get_running_loop().time()
        while self._resting:
            line = self._resting.pop()
            if line.usable and now - line.rested_at < self._idle:
                return line
            line.part()
        return None
