"""Providers described by data: where to ask, what answers mean, how they call back.

An adapter is a table (`Api`) and, where its provider differs from all others, one of the hooks of
ApiGateway. docs/how-to/write-a-gateway.md shows one.
"""

# Settings are declared by calls to option(), which give immutable fields.

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from time import time
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx
import orjson
from pydantic import SecretStr

from dispatcher.domain.findings import Finding
from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.domain.ports import Limits
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.api_answers import verdict
from dispatcher.gateways.api_events import understand
from dispatcher.gateways.api_tables import Api, Ask, Format
from dispatcher.gateways.callbacks import content, dig, key_word, word
from dispatcher.gateways.classify import Verdict
from dispatcher.gateways.email.parts import parts_of
from dispatcher.gateways.filling import Words, filler, placeholders
from dispatcher.gateways.http import HttpGateway
from dispatcher.gateways.http_check import reach
from dispatcher.gateways.http_transport import GatedTransport, Timeouts
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof

_PATTERN_CAP = 4096  # characters of a plain answer that the pattern sees


_CONTENT_TYPES = {
    Format.JSON: {"Content-Type": "application/json"},
    Format.FORM: {"Content-Type": "application/x-www-form-urlencoded"},
    Format.MULTIPART: {},  # the boundary differs from request to request
    Format.QUERY: {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """How requests travel."""

    in_flight: int = option("Requests at once", 10)
    connect_timeout: float = option("Longest wait for a connection, in seconds", 10.0)
    timeout: float = option("Longest wait for a whole answer, in seconds", 30.0)
    ca_file: str = option("File of certificates to trust instead of the system's", "")

    def __post_init__(self) -> None:
        if self.in_flight < 1:
            raise ConfigError("in_flight", "must be 1 or more")
        if min(self.connect_timeout, self.timeout) <= 0:
            raise ConfigError("connect_timeout, timeout", "must be more than 0 seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(ConnectionSettings):
    """What every provider has; an adapter adds its own and the default of `base_url`."""

    base_url: str = option("Where the provider listens; a simulator may stand in for it")

    def __post_init__(self) -> None:
        # super() does not know the class that slots=True makes anew.
        ConnectionSettings.__post_init__(self)
        check_url("base_url", self.base_url)


class ApiGateway(HttpGateway):
    """A gateway as its table describes it; the hooks stand below, each with what it is for."""

    channel: ClassVar[Channel]
    settings_type: ClassVar[type[Any]]  # ApiSettings with what the adapter adds
    api: ClassVar[Api]
    needs: ClassVar[tuple[str, ...]] = ("hooks", "wall")

    def __init__(
        self, name: str, *, hooks: str = "", wall: Callable[[], float] = time, **options: Any
    ) -> None:
        settings = self.settings_type(**options)
        self._prepare(name, settings, settings.base_url, self.api, hooks, wall)

    def _prepare(
        self,
        name: str,
        settings: ConnectionSettings,
        url: str,
        api: Api,
        hooks: str,
        wall: Callable[[], float],
    ) -> None:
        limits = _limits(self.channel, settings, api)
        HttpGateway.__init__(self, name, limits, _transport(settings), _secrets(settings))
        self._callback = f"{hooks}/{name}" if hooks else ""
        self._wall = wall
        ask = api.ask
        self._about = api
        self._settings: Any = settings
        self._words = _words(settings, ask)
        path = filler(ask.path)(self._words)
        self._url = httpx.URL(url.rstrip("/") + path if path else url)
        self._fields = filler(ask.fields)
        self._batch_fields = filler(ask.batch_fields)(self._words)
        fixed = {k: v for k, v in ask.headers.items() if not placeholders(v)}
        auth = self.auth()
        self._secrets += tuple(value.rpartition(" ")[2] for value in auth.values())
        self._headers = {**_headers(ask.format), **fixed, **auth}
        self._per_message = {k: filler(v) for k, v in ask.headers.items() if placeholders(v)}
        self._pattern = re.compile(api.answer.pattern)
        self._proof = self.proof()

    # Hooks: override where the provider differs.

    def auth(self) -> Mapping[str, str]:
        """Give the headers by which the provider knows us; they are sent with every request."""
        return {}

    def proof(self) -> Proof | None:
        """Say how callbacks prove themselves; None: they are refused."""
        return None

    def words(self, message: Message) -> Words:
        """Give what may stand in `fields`.

        For both channels: to, from, id (of this attempt), delivery (the same for every attempt),
        every setting, callback (the URL for callbacks; empty: nobody could reach it) and
        callback_ref (the same, with our id as `ref` in its query). Text messages: to_digits,
        from_digits (without +), text. Mails: from_name, reply_to, subject, text, html,
        headers (all further ones, by name), raw (the whole mail).
        """
        attempt = key_word(message.key)
        words = {
            **self._words,
            "to": message.address,
            "from": message.sender,
            "id": attempt,
            "delivery": attempt.rpartition("-")[0],
            "callback": self._callback,
            "callback_ref": f"{self._callback}?ref={attempt}" if self._callback else "",
        }
        if message.channel is Channel.SMS:
            words["to_digits"] = message.address.removeprefix("+")
            words["from_digits"] = message.sender.removeprefix("+")
            words["text"] = message.content.decode()
            return words
        parts = parts_of(message.content)
        return words | {"from": parts.sender, "raw": message.content, **parts.words()}

    def body(self, messages: Sequence[Message]) -> Any:
        """Give the fields of one request."""
        filled = [self.entry(message) for message in messages]
        batch_in = self._about.ask.batch_in
        if not batch_in:
            return filled[0]
        return filled if batch_in == "." else {**self._batch_fields, batch_in: filled}

    def entry(self, message: Message) -> Any:
        """Give the fields of one message."""
        filled = self._fields(self.words(message))
        for path in self._about.ask.optional:
            inside, _, name = path.rpartition(".")
            place = dig(filled, inside)
            if place[name] in ("", [], {}):
                del place[name]
        return filled

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Sign a whole request, where that differs from one request to the next."""
        return request

    def told(self, response: httpx.Response, data: Any) -> Any:  # noqa: ARG002
        """Give an answer as the table reads it, where it tells things in headers or two ways."""
        return data

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Give the part of an answer that speaks of each message; None where none does."""
        answer = self._about.answer
        if not answer.each:
            return [data] * len(messages)
        found = dig(data, answer.each if answer.each != "." else "")
        if not isinstance(found, list):
            return [None] * len(messages)
        if answer.ref:
            by_ref = {word(result, answer.ref): result for result in found}
            return [by_ref.get(key_word(message.key)) for message in messages]
        return found if len(found) == len(messages) else [None] * len(messages)

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give what a genuine callback tells, entry by entry."""
        trusts_query = self._proof is not None and self._proof.covers_query
        said = content(callback, query=trusts_query)
        found = dig(said, self._about.reports.each)
        return found if isinstance(found, list) else [found]

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Give what one entry means."""
        about = self._about
        return understand(self.name, item, callback.received_at, about.reports, about.replies)

    async def check(self, now: float) -> Sequence[Finding]:  # noqa: ARG002
        """Call the provider without a message: does it answer, is its certificate good?"""
        return [await reach(str(self._url))]

    # The same for all.

    def compose(self, messages: Sequence[Message]) -> httpx.Request:
        """Give the request for one message, or for a list of them where the provider takes one."""
        ask, body, headers = self._about.ask, self.body(messages), self._headers
        if self._per_message:
            words = self.words(messages[0])
            headers = headers | {k: fill(words) for k, fill in self._per_message.items()}
        if ask.format is Format.QUERY:
            url = self._url.copy_merge_params(body)
            return self.sign(httpx.Request(ask.method, url, headers=headers))
        if ask.format is Format.MULTIPART:
            return self.sign(_multipart(ask.method, self._url, headers, body))
        is_json = ask.format is Format.JSON
        data = orjson.dumps(body) if is_json else urlencode(body, doseq=True).encode()
        return self.sign(httpx.Request(ask.method, self._url, headers=headers, content=data))

    def judge(self, messages: Sequence[Message], response: httpx.Response) -> Sequence[Verdict]:
        """Give the verdicts by the provider's own codes, then by the status."""
        about = self._about
        data = self.told(response, self._read(response))
        each = about.answer.each
        listed = bool(each) and isinstance(dig(data, each if each != "." else ""), list)
        if not response.is_success and not listed:
            return [verdict(about, response, data)] * len(messages)
        return [verdict(about, response, each) for each in self.results(messages, data)]

    def read(self, callback: Callback) -> Sequence[Event]:
        """Verify and understand receipts and replies."""
        if self._proof is None:
            raise CallbackRejected("callbacks are not set up for this gateway: see its settings")
        self._proof.check(callback)
        return [event for item in self.items(callback) for event in self.events(item, callback)]

    def _read(self, response: httpx.Response) -> Any:
        """Give the answer as plain data; None when it cannot be read."""
        if self._about.answer.pattern:
            text = response.content[:_PATTERN_CAP].decode("utf-8", "replace")
            match = self._pattern.search(text)
            return match.groupdict() if match else None
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None


def check_url(setting: str, text: str) -> None:
    """Raise ConfigError unless a URL can be asked without giving anything away."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConfigError(setting, f"cannot be read: {error}") from None
    if url.userinfo:
        raise ConfigError(setting, "must not hold a password; there are settings for it")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(setting, "must begin with https:// and a host")
    if url.scheme == "http" and not _loopback(url.host):
        raise ConfigError(setting, "would send messages in clear text; use https://")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _headers(dress: Format) -> dict[str, str]:
    return {
        "Accept": "application/json, */*;q=0.5",
        "User-Agent": "Dispatcher",
        **_CONTENT_TYPES[dress],
    }


def _multipart(
    method: str, url: httpx.URL, headers: Mapping[str, str], body: Mapping[str, Any]
) -> httpx.Request:
    files = {name: (name, value) for name, value in body.items() if isinstance(value, bytes)}
    fields = {name: value for name, value in body.items() if name not in files}
    request = httpx.Request(method, url, headers=headers, data=fields, files=files)
    request.read()
    return request


def _limits(channel: Channel, s: ConnectionSettings, api: Api) -> Limits:
    return Limits(
        channel=channel,
        max_batch=api.max_batch,
        in_flight=s.in_flight,
        idempotency=api.idempotency,
        receipts_later=bool(api.reports.statuses),
        replies=api.replies is not None or api.incoming,
    )


def _transport(s: ConnectionSettings) -> GatedTransport:
    tls = None
    if s.ca_file:
        try:
            tls = ssl.create_default_context(cafile=s.ca_file)
        except OSError as error:
            raise ConfigError("ca_file", f"{s.ca_file} cannot be read: {error}") from error
    return GatedTransport(Timeouts(connect=s.connect_timeout, answer=s.timeout), tls)


def _values(settings: ConnectionSettings) -> dict[str, Any]:
    return {f.name: getattr(settings, f.name) for f in fields(settings)}


def _secrets(settings: ConnectionSettings) -> list[str]:
    """Give every form in which a provider might echo a secret."""
    values = _values(settings).values()
    plain = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return [*plain, *map(quote, plain)]


def _words(settings: ConnectionSettings, ask: Ask) -> dict[str, Any]:
    """Give the settings that the templates of a request ask for."""
    used = placeholders([ask.path, ask.fields, ask.batch_fields, ask.headers])
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in _values(settings).items()
        if name in used
    }
