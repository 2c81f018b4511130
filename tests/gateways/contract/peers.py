"""The rows of the contract suite: each gateway with a far side that can be told to behave badly."""

# The tables of a row belong to its class and nobody changes them.
# ruff: noqa: RUF012

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome
from dispatcher.domain.ports import Gateway
from dispatcher.errors import StorageDown
from dispatcher.gateways.registry import Supplies, build
from tests.gateways.letters import mail, phone, text_message
from tests.servers import smpp
from tests.servers.http import Fault, Reply, Request, SmsServer
from tests.servers.smtp import FEATURES, STORE_AND_CUT, SmtpServer

KEY = SecretStr("the key of this installation")


class Case(StrEnum):
    """What the far side may do with a message."""

    TAKE = "take"
    REFUSE = "refuse"
    BUSY = "busy"
    BROKEN = "broken"
    STOPPED = "stopped"
    DEAD = "dead"
    LOST = "lost"  # it has the message and dies before it says so


class Peer(ABC):
    """One gateway and its far side. `outcomes` says which cases it can play and what they mean."""

    name: ClassVar[str]
    kind: ClassVar[str]
    outcomes: ClassVar[Mapping[Case, Outcome]]
    secret: ClassVar[str] = ""

    @asynccontextmanager
    @abstractmethod
    async def ready(self) -> AsyncIterator[Gateway]:
        """Start the far side and build the gateway."""
        yield NotImplemented

    @abstractmethod
    def message(self, n: int) -> Message:
        """Give a message it can carry."""

    @abstractmethod
    def behave(self, n: int, case: Case) -> None:
        """Tell the far side what to do with the message n."""

    @abstractmethod
    def reached(self) -> list[DeliveryKey]:
        """Give what has reached the far side, in order."""

    @abstractmethod
    async def vanish(self) -> None:
        """Take the far side away: nobody listens any more."""


class HttpPeer(Peer):
    """What the rows over HTTP share."""

    kind = "http_sms"
    options: ClassVar[Mapping[str, Any]]
    cases: ClassVar[Mapping[Case, Reply]]
    default: ClassVar[Reply] = Reply()
    outcomes = {
        Case.TAKE: Outcome.ACCEPTED,
        Case.REFUSE: Outcome.REFUSED,
        Case.BUSY: Outcome.DEFERRED,
        Case.BROKEN: Outcome.UNSURE,
        Case.STOPPED: Outcome.REFUSED,
        Case.DEAD: Outcome.REFUSED,
        Case.LOST: Outcome.UNSURE,
    }

    def __init__(self) -> None:
        self.server = SmsServer()
        self.server.default = self.default

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Gateway]:
        async with self.server as server:
            gateway = build("test", self.kind, {"url": server.url, **self.options})
            yield gateway
            await gateway.aclose()

    def message(self, n: int) -> Message:
        return text_message(n)

    def behave(self, n: int, case: Case) -> None:
        self.server.replies[phone(n).removeprefix("+")] = self.cases[case]

    def reached(self) -> list[DeliveryKey]:
        found = re.findall(r"\b7-(\d+)-1\b", "\n".join(r.text for r in self.server.requests))
        return [DeliveryKey(7, int(person), 1) for person in found]

    async def vanish(self) -> None:
        await self.server.leave()


LOST = Reply(fault=Fault.KEEP_AND_CUT)
BROKEN = Reply(500, "<html>Internal Server Error</html>")


class HttpJson(HttpPeer):
    """JSON with a bearer token; errors are statuses with a code in the body."""

    name = "http_sms: json"
    secret = "sk-7f9Qx2VtLw"
    options = {
        "auth": "bearer",
        "token": secret,
        "answer_code": "code",
        "answer_detail": "message",
        "stopped_codes": ["21610"],
        "dead_codes": ["21211"],
    }
    cases = {
        Case.TAKE: Reply(),
        Case.REFUSE: Reply(
            422, f'{{"code": 30007, "message": "{phone(1)} is bad, says sk-7f9Qx2VtLw"}}'
        ),
        Case.BUSY: Reply(429, "", {"Retry-After": "7"}),
        Case.BROKEN: BROKEN,
        Case.STOPPED: Reply(400, '{"code": 21610, "message": "unsubscribed recipient"}'),
        Case.DEAD: Reply(400, '{"code": 21211, "message": "not a number"}'),
        Case.LOST: LOST,
    }


class HttpForm(HttpPeer):
    """A form with secrets in its fields; always 200, the truth is a code in the body."""

    name = "http_sms: form"
    secret = "p&ss wörd=7"
    default = Reply(200, '{"messages": [{"status": "0", "message-id": "ref-{n}"}]}')
    options = {
        "format": "form",
        "auth": "fields",
        "username": "shop",
        "password": secret,
        "fields": {
            "to": "{to_digits}",
            "from": "{from}",
            "text": "{text}",
            "client-ref": "{id}",
            "user": "{username}",
            "secret": "{password}",
        },
        "answer_id": "messages.0.message-id",
        "answer_code": "messages.0.status",
        "answer_detail": "messages.0.error-text",
        "success": ["0"],
        "codes": {"1": "throttled", "6": "refused", "5": "unsure", "4": "down"},
        "stopped_codes": ["29"],
        "dead_codes": ["15"],
    }
    cases = {
        Case.TAKE: default,
        Case.REFUSE: Reply(
            200, '{"messages": [{"status": "6", "error-text": "no p&ss wörd=7, p%26ss%20w"}]}'
        ),
        Case.BUSY: Reply(200, '{"messages": [{"status": "1"}]}'),
        Case.BROKEN: Reply(200, '{"messages": [{"status": "5"}]}'),
        Case.STOPPED: Reply(200, '{"messages": [{"status": "29"}]}'),
        Case.DEAD: Reply(200, '{"messages": [{"status": "15"}]}'),
        Case.LOST: LOST,
    }


class HttpQuery(HttpPeer):
    """Everything in the query of a GET, answers in plain text, as old gateways do it."""

    name = "http_sms: query"
    secret = "kaPaW7s8"
    default = Reply(202, "0: Accepted for delivery")
    options = {
        "format": "query",
        "method": "GET",
        "auth": "fields",
        "username": "shop",
        "password": secret,
        "fields": {
            "username": "{username}",
            "password": "{password}",
            "to": "{to}",
            "text": "{text}",
            "tag": "{id}",
        },
        "answer_pattern": r"^(?P<code>\d+): (?P<detail>.*)",
        "answer_code": "code",
        "answer_detail": "detail",
        "success": ["0", "3"],
        "codes": {"9": "deferred"},
        "stopped_codes": ["11"],
        "dead_codes": ["12"],
    }
    cases = {
        Case.TAKE: default,
        Case.REFUSE: Reply(400, "7: kaPaW7s8 may not"),
        Case.BUSY: Reply(200, "9: Queue full"),
        Case.BROKEN: BROKEN,
        Case.STOPPED: Reply(200, "11: Opted out"),
        Case.DEAD: Reply(200, "12: No such number"),
        Case.LOST: LOST,
    }


class HttpBatch(HttpPeer):
    """Four messages in a request, and a list of results in an order of its own."""

    name = "http_sms: batch"
    secret = "x-key-88121"
    options = {
        "auth": "header",
        "auth_header": "X-Api-Key",
        "token": secret,
        "batch_in": "messages",
        "max_batch": 4,
        "in_flight": 3,
        "answer_list": "results",
        "answer_ref": "reference",
        "answer_code": "error",
        "success": ["", "ok"],
        "codes": {"bad": "refused", "later": "deferred", "hm": "unsure"},
        "stopped_codes": ["stopped"],
        "dead_codes": ["dead"],
    }
    cases = {}
    words: ClassVar[Mapping[Case, str]] = {
        Case.TAKE: "ok",
        Case.REFUSE: "bad",
        Case.BUSY: "later",
        Case.BROKEN: "hm",
        Case.STOPPED: "stopped",
        Case.DEAD: "dead",
    }

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, str] = {}
        self.server.answerer = self._answer

    def behave(self, n: int, case: Case) -> None:
        if case is Case.LOST:
            self.server.answerer = lambda _: LOST
        else:
            self.codes[phone(n)] = self.words[case]

    def _answer(self, request: Request) -> Reply:
        asked = json.loads(request.body)["messages"]
        results = [
            {
                "reference": one["reference"],
                "id": f"ref-{one['reference']}",
                "error": self.codes.get(one["to"], "ok"),
            }
            for one in reversed(asked)
        ]
        return Reply(200, json.dumps({"results": results}))


class Sandbox(Peer):
    """The sandbox over a list; the database behind it has its own tests."""

    name = "sandbox"
    kind = "sandbox"
    secret = KEY.get_secret_value()
    outcomes = {Case.TAKE: Outcome.ACCEPTED, Case.LOST: Outcome.UNSURE}

    def __init__(self) -> None:
        self.stored: list[Message] = []
        self.lost: set[DeliveryKey] = set()
        self.gone = False

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Gateway]:
        supplies = Supplies(put=self._put, key=KEY)
        gateway = build("test", self.kind, {"channel": "sms"}, supplies)
        assert gateway.limits.channel is Channel.SMS
        yield gateway
        await gateway.aclose()

    def message(self, n: int) -> Message:
        return text_message(n)

    def behave(self, n: int, case: Case) -> None:
        if case is Case.LOST:
            self.lost.add(self.message(n).key)

    def reached(self) -> list[DeliveryKey]:
        return [message.key for message in self.stored]

    async def vanish(self) -> None:
        self.gone = True

    async def _put(self, messages: Sequence[Message]) -> None:
        if self.gone:
            raise StorageDown("the database does not answer", retry_after=5.0)
        self.stored += messages
        if self.lost & {message.key for message in messages}:
            raise StorageDown("the connection was lost at COMMIT")


class Smtp(Peer):
    """Mail to a server that answers by recipient."""

    name = "smtp"
    kind = "smtp"
    secret = "corr3ct horse"
    outcomes = {
        Case.TAKE: Outcome.ACCEPTED,
        Case.REFUSE: Outcome.REFUSED,
        Case.BUSY: Outcome.DEFERRED,
        Case.DEAD: Outcome.REFUSED,
        Case.LOST: Outcome.UNSURE,
    }
    answers: ClassVar[Mapping[Case, bytes]] = {
        Case.REFUSE: b"550 5.7.1 <person1@example.org>: refused",
        Case.BUSY: b"451 4.7.1 greylisted",
        Case.DEAD: b"550 5.1.1 no such user",
    }

    def __init__(self) -> None:
        self.people: dict[str, bytes] = {}
        self.faults: dict[tuple[str, int], Any] = {}
        self.server = SmtpServer(
            features=(*FEATURES, "AUTH PLAIN LOGIN"),
            people=self.people,
            faults=self.faults,
            login=("shop", self.secret),
        )
        self.listening: Any = None

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Gateway]:
        self.listening = self.server.running()
        await self.listening.__aenter__()
        options = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "security": "none",
            "auth_without_tls": True,
            "username": "shop",
            "password": self.secret,
            "connections": 3,
            "timeout": 5.0,
        }
        gateway = build("test", self.kind, options)
        yield gateway
        await gateway.aclose()
        await self.vanish()

    def message(self, n: int) -> Message:
        return mail(n)

    def behave(self, n: int, case: Case) -> None:
        if case is Case.LOST:
            self.faults["DOT", 0] = STORE_AND_CUT
        elif case in self.answers:
            self.people[self.message(n).address] = self.answers[case]

    def reached(self) -> list[DeliveryKey]:
        people = re.findall(r"\bperson(\d+)@", " ".join(self.server.recipients))
        return [DeliveryKey(7, 1000 + int(n), 1) for n in people]

    async def vanish(self) -> None:
        if self.listening is not None:
            await self.listening.__aexit__(None, None, None)
            self.listening = None


class Smpp(Peer):
    """Texts to an operator that answers by number."""

    name = "smpp"
    kind = "smpp"
    secret = "gehe1m77"
    outcomes = {
        Case.TAKE: Outcome.ACCEPTED,
        Case.REFUSE: Outcome.REFUSED,
        Case.BUSY: Outcome.DEFERRED,
        Case.BROKEN: Outcome.UNSURE,
        Case.STOPPED: Outcome.REFUSED,
        Case.DEAD: Outcome.REFUSED,
        Case.LOST: Outcome.UNSURE,
    }
    answers: ClassVar[Mapping[Case, smpp.Answer]] = {
        Case.TAKE: smpp.Answer(),
        Case.REFUSE: smpp.Answer(0x45, f"{phone(1)} is bad, says gehe1m77"),
        Case.BUSY: smpp.Answer(0x58),
        Case.BROKEN: smpp.Answer(fault=smpp.Fault.GARBAGE),
        Case.STOPPED: smpp.Answer(0x401),
        Case.DEAD: smpp.Answer(0x0B),
        Case.LOST: smpp.Answer(fault=smpp.Fault.RESET),
    }

    def __init__(self) -> None:
        self.operator = smpp.Operator()

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Gateway]:
        async def hear(_: object) -> None: ...

        async with self.operator as operator:
            options = {
                "host": "127.0.0.1",
                "port": operator.port,
                "security": "none",
                "system_id": "shop",
                "password": self.secret,
                "window": 4,
                "stopped_codes": ["0x401"],
            }
            gateway = build("test", self.kind, options, Supplies(hear=hear))
            yield gateway
            await gateway.aclose()

    def message(self, n: int) -> Message:
        return text_message(n)

    def behave(self, n: int, case: Case) -> None:
        self.operator.answers[phone(n).removeprefix("+")] = self.answers[case]

    def reached(self) -> list[DeliveryKey]:
        people = [int(each.destination_addr[-4:]) for each in self.operator.submitted]
        return [self.message(n).key for n in people]

    async def vanish(self) -> None:
        await self.operator.leave()


PEERS: tuple[type[Peer], ...] = (HttpJson, HttpForm, HttpQuery, HttpBatch, Sandbox, Smtp, Smpp)
