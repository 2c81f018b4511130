"""The far side of the web app: a gateway that says what a test wants, and a quiet bell."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import orjson

from dispatcher.domain.messages import (
    Callback,
    Channel,
    Event,
    EventKind,
    Message,
    Outcome,
    Receipt,
)
from dispatcher.domain.ports import Gate, Gateway, Limits
from dispatcher.errors import CallbackRejected
from dispatcher.rendering.links import Links
from dispatcher.services.joining import Post
from dispatcher.services.subscribe import Desk
from dispatcher.tokens import Tokens
from dispatcher.web import Deps
from tests.support.people import later
from tests.support.rules import BOOK, LAW

TOKENS = Tokens([b"a key of the tests"])
SEAL = "genuine"


class Pigeon:
    """Takes callbacks of JSON: a list of [id, sender, text], with the right word in a header."""

    kind: ClassVar[str] = "pigeon"
    name = "pigeon"
    limits = Limits(Channel.SMS, replies=True)

    def read(self, callback: Callback) -> Sequence[Event]:
        if callback.header("x-seal") != SEAL:
            raise CallbackRejected("the seal is broken")
        try:
            said = orjson.loads(callback.body)
        except orjson.JSONDecodeError as error:
            raise CallbackRejected("no JSON") from error
        return [
            Event(key, self.name, EventKind.REPLIED, callback.received_at, sender=who, text=words)
            for key, who, words in said
        ]

    async def send(self, messages: Iterable[Message], gate: Gate) -> AsyncGenerator[Receipt, None]:
        for message in messages:
            yield Receipt(message.key, Outcome.REFUSED)

    async def aclose(self) -> None:
        pass


@dataclass
class Bell:
    """Remembers what was rung."""

    rung: list[str] = field(default_factory=list)

    def ring(self, queue: str) -> None:
        self.rung.append(queue)


def deps_for(desk: Desk, bell: Bell | None = None) -> Deps:
    """Wire the app for a test: a minute past noon, whatever the wall says."""
    gateways: dict[str, Gateway] = {"pigeon": Pigeon()}
    return Deps(
        desk,
        TOKENS,
        gateways,
        bell or Bell(),
        now=lambda: later(1),
        wall=lambda: 1_000_000.0,
        law=lambda: LAW,
        book=lambda: BOOK,
        post=Post(Links(TOKENS, "https://offers.example", "mail.example"), "mail"),
    )
