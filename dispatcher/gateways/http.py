"""The base of every gateway over HTTP: several requests at once, one receipt for each message."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from typing import ClassVar

import httpx

from dispatcher.domain.messages import Callback, Event, Message, Outcome, Receipt
from dispatcher.domain.ports import Gate, Limits
from dispatcher.errors import GatewayDown
from dispatcher.gateways.classify import (
    DETAIL_CAP,
    RETRY_AFTER,
    Breaker,
    Trouble,
    Verdict,
    asks_to_wait,
    by_failure,
)
from dispatcher.gateways.http_transport import GatedTransport, HandOver

Fits = Callable[[Sequence[Message], Message], bool]

NOT_BEGUN = Verdict(
    Outcome.DEFERRED, code="not-sent", detail="the gateway was down", retry_after=RETRY_AFTER
)
WITHHELD = Verdict(Outcome.WITHHELD)
# When the gateway does not say for how long; whoever leaves it alone makes further rests longer.
_REST = 15.0  # seconds


class HttpGateway(ABC):
    """What all gateways over HTTP share; an adapter says how to ask and what an answer means.

    `secrets` are words that must never appear in a receipt, even if the gateway repeats them.
    """

    kind: ClassVar[str]

    def __init__(
        self, name: str, limits: Limits, transport: GatedTransport, secrets: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.limits = limits
        self._transport = transport
        self._secrets = tuple(secret for secret in secrets if secret)
        self._breaker = Breaker()

    def __repr__(self) -> str:
        """Name the gateway and nothing else: the settings hold secrets."""
        return f"<{self.kind} gateway {self.name}>"

    @abstractmethod
    def compose(self, messages: Sequence[Message]) -> httpx.Request:
        """Give the request that hands these messages over; pure, it may be asked twice."""

    @abstractmethod
    def judge(self, messages: Sequence[Message], response: httpx.Response) -> Sequence[Verdict]:
        """Give one verdict per message, in the order of the messages."""

    @abstractmethod
    def read(self, callback: Callback) -> Sequence[Event]:
        """Verify and understand a callback."""

    def fits(self, batch: Sequence[Message], message: Message) -> bool:  # noqa: ARG002
        """Say whether a request that holds a batch may hold this message, too."""
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Give one receipt per message in any order; raise GatewayDown for all the rest.

        After an outage only one request is in flight until one is answered well.
        """
        run = _Run(iter(messages), gate)
        hands = 1 if self._breaker.open else self.limits.in_flight
        tasks = [asyncio.create_task(self._work(run, gate)) for _ in range(hands)]
        for task in tasks:
            task.add_done_callback(run.wake)
        try:
            async for receipt in run.receipts(tasks):
                yield receipt
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            task.result()
        if run.down is not None:
            raise run.down

    async def _work(self, run: _Run, gate: Gate) -> None:
        """Pull and hand over until nothing is left, the gateway is down or something breaks."""
        try:
            while batch := run.pull(self.limits.max_batch, self.fits):
                while batch:
                    batch = await self._hand_over(run, batch, gate)
        except BaseException:
            run.stop()
            raise

    async def _hand_over(
        self, run: _Run, batch: Sequence[Message], gate: Gate
    ) -> Sequence[Message]:
        """Send one request; give back the messages that must go with a later one."""
        if run.down is not None:
            run.put(NOT_BEGUN.receipt(message) for message in batch)
            return ()
        try:
            done = await self._transport.hand_over(batch, gate, self.compose)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._breaker.note(good=False)
            run.put(NOT_BEGUN.receipt(message) for message in batch)
            run.stop(GatewayDown(f"{self.name}: {error}"))
            return ()
        run.put(WITHHELD.receipt(message) for message in done.withheld)
        if done.passed:
            self._settle(run, done)
        return done.waiting

    def _settle(self, run: _Run, done: HandOver) -> None:
        verdicts = self._verdicts(done)
        run.put(
            self._clean(verdict, message).receipt(message)
            for message, verdict in zip(done.passed, verdicts, strict=True)
        )
        troubles = {verdict.trouble for verdict in verdicts}
        self._breaker.note(good=Trouble.MESSAGE in troubles)
        if Trouble.PASSING in troubles and asks_to_wait(done.response):
            self._breaker.trip()
        if Trouble.LASTING in troubles or self._breaker.open:
            run.stop(self._down(done, max(verdict.retry_after for verdict in verdicts)))

    def _verdicts(self, done: HandOver) -> Sequence[Verdict]:
        if done.response is not None:
            return self.judge(done.passed, done.response)
        assert done.failure is not None
        idempotent = self.limits.idempotency > 0
        return [by_failure(done.failure, idempotent=idempotent)] * len(done.passed)

    def _down(self, done: HandOver, retry_after: float) -> GatewayDown:
        if done.response is None:
            return GatewayDown(f"{self.name}: {done.failure}", _REST)
        status = f"{done.response.status_code} {done.response.reason_phrase}".strip()
        wait = retry_after or _REST
        remedy = "check its settings, account and health"
        if asks_to_wait(done.response):
            remedy = f"it asks to be left alone for {wait:.0f} s"
        return GatewayDown(f"{self.name}: the gateway answers {status}; {remedy}", wait)

    def _clean(self, verdict: Verdict, message: Message) -> Verdict:
        """Keep secrets, the person's address and control characters out of what is stored."""
        if not (verdict.code or verdict.detail or verdict.reference):
            return verdict
        return verdict._replace(
            code=self._scrub(verdict.code, message)[:64],
            detail=self._scrub(verdict.detail, message)[:DETAIL_CAP],
            reference=self._scrub(verdict.reference, message, person=False)[:255],
        )

    def _scrub(self, text: str, message: Message, *, person: bool = True) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        bare = message.address.removeprefix("+")
        if person and len(bare) > 4:
            text = text.replace(message.address, "(address)").replace(bare, "(address)")
        return text if text.isprintable() else "".join(filter(str.isprintable, text))


class _Run:
    """One call of `send`: what is still to pull, and the receipts on their way to the caller."""

    def __init__(self, messages: Iterator[Message], gate: Gate) -> None:
        self.down: GatewayDown | None = None
        self._messages, self._gate = messages, gate
        self._stopped = False
        self._next: Message | None = None  # pulled, and did not fit
        self._receipts: deque[Receipt] = deque()
        self._news = asyncio.Event()

    def pull(self, count: int, fits: Fits) -> Sequence[Message]:
        """Take the next messages; rendering happens here, while others are on the wire."""
        batch: list[Message] = []
        while not self._stopped and len(batch) < count:
            message = self._next or next(self._messages, None)
            self._next = None
            if message is None:
                break
            if batch and not fits(batch, message):
                self._next = message
                break
            batch.append(message)
        return batch

    def put(self, receipts: Iterable[Receipt]) -> None:
        """Journal receipts and pass them on."""
        for receipt in receipts:
            self._gate.heard(receipt)
            self._receipts.append(receipt)
        self._news.set()

    def stop(self, down: GatewayDown | None = None) -> None:
        """Pull no more; the first reason is the one that is told."""
        self._stopped = True
        self.down = self.down or down
        if self._next is not None:
            self.put([NOT_BEGUN.receipt(self._next)])
            self._next = None

    def wake(self, _: object) -> None:
        """Look again: a task has ended."""
        self._news.set()

    async def receipts(self, tasks: Sequence[asyncio.Task[None]]) -> AsyncGenerator[Receipt, None]:
        """Give receipts as they come, until all tasks have ended."""
        ended = False
        while not ended:
            await self._news.wait()
            self._news.clear()
            ended = all(task.done() for task in tasks)
            while self._receipts:
                yield self._receipts.popleft()
