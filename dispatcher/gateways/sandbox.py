"""The sandbox: a mailbox and a phone in the database, so that nothing leaves the house."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import (
    Callback,
    Channel,
    Event,
    EventKind,
    Message,
    Outcome,
    Receipt,
)
from dispatcher.domain.ports import Gate, Limits, Passage
from dispatcher.errors import CallbackRejected, GatewayDown, Unavailable
from dispatcher.gateways.callbacks import content, dedup_key, key_word, word
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Seal

Put = Callable[[Sequence[Message]], Awaitable[None]]

BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """What there is to choose about the sandbox."""

    channel: Channel = option("What it plays: email or sms")


class SandboxGateway:
    """Puts messages where people can look at them, and takes their replies.

    `put` writes a batch in one transaction. Replies arrive as sealed callbacks.
    """

    kind: ClassVar[str] = "sandbox"
    settings_type: ClassVar[type[SandboxSettings]] = SandboxSettings
    needs: ClassVar[tuple[str, ...]] = ("put", "key")

    def __init__(self, name: str, *, channel: Channel, put: Put, key: SecretStr) -> None:
        self.name = name
        self.limits = Limits(channel, max_batch=BATCH, in_flight=1, replies=True)
        self._put = put
        self._seal = Seal(key)

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        """Give one receipt per message; raise GatewayDown when the database takes nothing."""
        feed = iter(messages)
        while batch := list(islice(feed, BATCH)):
            while batch:
                passed, withheld, batch = _ask(batch, gate)
                for message in withheld:
                    yield Receipt(message.key, Outcome.WITHHELD)
                if passed:
                    failure = await self._try_to_put(passed)
                    receipts = [_receipt(message, failure) for message in passed]
                    for receipt in receipts:
                        gate.heard(receipt)
                    for receipt in receipts:
                        yield receipt
                    if failure:
                        for message in batch:
                            yield Receipt(message.key, Outcome.DEFERRED, detail=str(failure))
                        raise failure
                elif batch:
                    await gate.opens()

    def read(self, callback: Callback) -> Sequence[Event]:
        """Understand a reply: JSON with from, to, text and id, sealed by the installation."""
        self._seal.check(callback)
        said = content(callback)
        sender, text, reference = (word(said, path) for path in ("from", "text", "id"))
        if not (sender and reference):
            raise CallbackRejected("a reply to the sandbox needs from, to, text and id")
        return [
            Event(
                dedup_key(self.name, "reply", reference),
                self.name,
                EventKind.REPLIED,
                callback.received_at,
                reference=reference,
                sender=sender,
                recipient=word(said, "to"),
                text=text,
            )
        ]

    async def aclose(self) -> None:
        """Have nothing to close."""

    async def _try_to_put(self, messages: Sequence[Message]) -> GatewayDown | None:
        try:
            await self._put(messages)
        except Unavailable as error:
            return GatewayDown(f"{self.name}: {error}", error.retry_after)
        return None


def _ask(
    messages: Sequence[Message], gate: Gate
) -> tuple[list[Message], list[Message], list[Message]]:
    """Sort messages into those that may go, those withheld, and all from the first that waits."""
    passed: list[Message] = []
    withheld: list[Message] = []
    for place, message in enumerate(messages):
        passage = gate.begin(message)
        if passage is Passage.WAIT:
            return passed, withheld, list(messages[place:])
        (passed if passage is Passage.GO else withheld).append(message)
    return passed, withheld, []


def _receipt(message: Message, failure: GatewayDown | None) -> Receipt:
    """Tell what is known: a commit whose answer was lost may have happened."""
    if failure:
        return Receipt(message.key, Outcome.UNSURE, detail=str(failure))
    return Receipt(message.key, Outcome.ACCEPTED, reference=f"sandbox-{key_word(message.key)}")
