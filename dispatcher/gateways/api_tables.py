"""The tables that describe a provider: how it is asked, what its answers and callbacks say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.vocabulary import Codes, Meaning


class Format(StrEnum):
    """How the fields travel."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"  # fields of bytes travel as files
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How messages are handed over.

    `path` follows the base URL; settings may stand in it, as `{account}`. `fields` are those of one
    message, nested as the provider wants them; what may be filled in tells `ApiGateway.words`.
    `batch_in` is the field that takes a list of messages (`.`: the body is the list), beside
    `batch_fields`. `headers` may hold placeholders where a request carries one message. `optional`
    names the fields, by dotted paths, that are left out where they are empty.
    """

    path: str = ""
    method: str = "POST"
    format: Format = Format.JSON
    fields: Mapping[str, Any]
    batch_in: str = ""
    batch_fields: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Where an answer says what; paths are dotted, as `messages.0.id`.

    `each`: the list of results, where a request holds many; `ref`: our id in one result, else
    results are in the order of the messages. `success`: codes that mean taken; none: any 2xx does.
    `statuses`: what statuses of HTTP mean here, where that differs from everybody else.
    `pattern`: for answers in plain text, a regular expression with groups named id, code, detail.
    """

    each: str = ""
    ref: str = ""
    id: str = ""
    code: str = ""
    detail: str = ""
    success: Sequence[str] = ()
    statuses: Mapping[int, Meaning] = field(default_factory=dict)
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Everything about a provider that is data. `defer_seconds`: when it does not say how long.

    `phrases`: words of a refusal's detail, in lower case, that say more than its code, where one
    code stands for a bad sender as well as for a bad recipient; no address may hold them.
    """

    ask: Ask
    answer: Answer
    codes: Codes = field(default_factory=dict)
    phrases: Mapping[str, Meaning] = field(default_factory=dict)
    reports: Reports = field(default_factory=Reports)
    replies: Replies | None = None
    incoming: bool = False  # mails to us come back by callbacks as well
    max_batch: int = 1
    idempotency: float = 0.0
    defer_seconds: float = 300.0
