"""What the journeys ask of the world: gateways, the gate before the last bytes, a bell, a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Callback, Channel, Event, Message, Receipt


class Passage(StrEnum):
    """What the gate says about one message, right before its last bytes."""

    GO = "go"  # journalled: write the last bytes in this very loop tick
    WAIT = "wait"  # not permitted yet or the withdrawal poll is stale: await opens(), ask again
    WITHHELD = "withheld"  # withdrawn, halted or too late: do not write, give a WITHHELD receipt


class Gate(Protocol):
    """Stands before the last bytes of every message.

    docs/how-it-works.md#why-nobody-gets-what-they-did-not-ask-for tells what it lets through.
    """

    def begin(self, message: Message) -> Passage:
        """Ask for one message; GO has also written `begin` to the journal."""

    def heard(self, receipt: Receipt) -> None:
        """Journal a receipt: in the tick of the answer, before its line begins anything else."""

    async def opens(self) -> None:
        """Wait until it is worth asking again after WAIT."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a gateway can do; the feature matrix in the docs is made from it.

    `max_batch`: messages in one request. `in_flight`: requests or connections at once.
    `per_second`: rate the operator may use by default (0: no limit of its own).
    `idempotency`: seconds for which the gateway recognises a repeated message id (0: never).
    `national_tables`: those of GSM-7 that it can send; texts are counted as if it used them.
    """

    channel: Channel
    max_batch: int = 1
    in_flight: int = 10
    per_second: float = 0.0
    idempotency: float = 0.0
    receipts_later: bool = False
    replies: bool = False
    national_tables: frozenset[National] = frozenset()


class Gateway(Protocol):
    """Hands messages to the outside world and reads what it calls back."""

    name: str
    kind: ClassVar[str]
    limits: Limits

    def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Give one receipt per message, in any order; raise only GatewayDown, for all the rest.

        Messages are pulled lazily: rendering happens while earlier ones are on the wire.
        """

    def read(self, callback: Callback) -> Sequence[Event]:
        """Verify and understand a callback; raise CallbackRejected; unknown code: UNKNOWN."""

    async def aclose(self) -> None:
        """Close connections in good order."""


@runtime_checkable
class Listener(Protocol):
    """A gateway that is heard on a line of its own, which a process must keep open."""

    async def listen(self, stopped: asyncio.Event, tell: Callable[[str], None]) -> None:
        """Hear until stopped, whatever befalls the line; `tell` is told what does."""


class Bell(Protocol):
    """Wakes a worker. A lost ring is repaired by the sweeper, a doubled one finds nothing."""

    def ring(self, queue: str) -> None:
        """Ring one queue, by the name it has in celeryconfig."""


class Clock(Protocol):
    """Tells the time; the demo's clock may be ahead of the wall's."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
