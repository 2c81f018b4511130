"""Any SMS gateway that takes JSON or forms over HTTP, described by settings instead of code."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx
import orjson

from dispatcher.domain.messages import Callback, Channel, Event, Message, Outcome
from dispatcher.domain.ports import Limits
from dispatcher.errors import ConfigError
from dispatcher.gateways.callbacks import dig, key_word, word
from dispatcher.gateways.classify import Trouble, Verdict, by_status
from dispatcher.gateways.http import HttpGateway
from dispatcher.gateways.http_transport import GatedTransport, Timeouts
from dispatcher.gateways.sms.http_sms_callbacks import SmsCallbacks
from dispatcher.gateways.sms.http_sms_settings import (
    PLACEHOLDER,
    Auth,
    BodyFormat,
    CallbackAuth,
    HttpSmsSettings,
    Meaning,
)

_PATTERN_CAP = 4096  # characters of a plain answer that the pattern sees

_MEANINGS: dict[Meaning, tuple[Outcome, Trouble]] = {
    Meaning.ACCEPTED: (Outcome.ACCEPTED, Trouble.MESSAGE),
    Meaning.REFUSED: (Outcome.REFUSED, Trouble.MESSAGE),
    Meaning.DEFERRED: (Outcome.DEFERRED, Trouble.MESSAGE),
    Meaning.UNSURE: (Outcome.UNSURE, Trouble.MESSAGE),
    Meaning.THROTTLED: (Outcome.DEFERRED, Trouble.PASSING),
    Meaning.DOWN: (Outcome.DEFERRED, Trouble.LASTING),
}
_CONTENT_TYPES = {
    BodyFormat.JSON: {"Content-Type": "application/json"},
    BodyFormat.FORM: {"Content-Type": "application/x-www-form-urlencoded"},
    BodyFormat.QUERY: {},
}

Words = Mapping[str, str]
Fill = Callable[[Words], Any]


class HttpSmsGateway(HttpGateway):
    """An SMS gateway as its settings describe it; its options are the fields of HttpSmsSettings."""

    kind: ClassVar[str] = "http_sms"
    settings_type: ClassVar[type[HttpSmsSettings]] = HttpSmsSettings

    def __init__(self, name: str, **options: Any) -> None:
        settings = HttpSmsSettings(**options)
        super().__init__(name, _limits(settings), _transport(settings), _secrets(settings))
        self._settings = settings
        self._url = httpx.URL(settings.url)
        self._fields = _filler(settings.fields)
        self._batch_fields = _filler(settings.batch_fields)
        self._headers = _headers(settings)
        self._per_message = {k: _filler(v) for k, v in settings.headers.items()}
        self._secret_words = _secret_words(settings)
        self._pattern = re.compile(settings.answer_pattern)
        self._callbacks = SmsCallbacks(name, settings)

    def compose(self, messages: Sequence[Message]) -> httpx.Request:
        """Give the request for one message, or for a list of them where the gateway takes one."""
        s = self._settings
        words = [self._words(message) for message in messages]
        filled = [self._fields(each) for each in words]
        body = self._batch(filled) if s.batch_in else filled[0]
        headers = self._headers
        if self._per_message:
            headers = headers | {k: fill(words[0]) for k, fill in self._per_message.items()}
        if s.format is BodyFormat.QUERY:
            url = self._url.copy_merge_params(body)
            return httpx.Request(s.method, url, headers=headers)
        data = orjson.dumps(body) if s.format is BodyFormat.JSON else urlencode(body).encode()
        return httpx.Request(s.method, self._url, headers=headers, content=data)

    def judge(self, messages: Sequence[Message], response: httpx.Response) -> Sequence[Verdict]:
        """Give the verdicts by the gateway's own codes, then by the status."""
        body = self._body(response)
        if not (self._settings.answer_list and response.is_success):
            return [self._verdict(response, body)] * len(messages)
        results = self._results(messages, dig(body, self._settings.answer_list))
        return [self._verdict(response, result) for result in results]

    def read(self, callback: Callback) -> Sequence[Event]:
        """Verify and understand receipts and replies."""
        return self._callbacks.read(callback)

    def _words(self, message: Message) -> Words:
        attempt = key_word(message.key)
        return {
            **self._secret_words,
            "to": message.address,
            "to_digits": message.address.removeprefix("+"),
            "from": message.sender,
            "from_digits": message.sender.removeprefix("+"),
            "text": message.content.decode(),
            "id": attempt,
            "delivery": attempt.rpartition("-")[0],
        }

    def _batch(self, filled: list[Any]) -> Any:
        if self._settings.batch_in == ".":
            return filled
        return {**self._batch_fields(self._secret_words), self._settings.batch_in: filled}

    def _body(self, response: httpx.Response) -> Any:
        """Give the answer as plain data; None when it cannot be read."""
        if self._settings.answer_pattern:
            text = response.content[:_PATTERN_CAP].decode("utf-8", "replace")
            match = self._pattern.search(text)
            return match.groupdict() if match else None
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None

    def _results(self, messages: Sequence[Message], results: Any) -> list[Any]:
        """Match results with messages; None where the answer does not speak of a message."""
        if not isinstance(results, list):
            return [None] * len(messages)
        if self._settings.answer_ref:
            by_ref = {word(result, self._settings.answer_ref): result for result in results}
            return [by_ref.get(key_word(message.key)) for message in messages]
        return results if len(results) == len(messages) else [None] * len(messages)

    def _verdict(self, response: httpx.Response, result: Any) -> Verdict:
        s = self._settings
        code, detail = word(result, s.answer_code), word(result, s.answer_detail)
        if code in s.stopped_codes:
            return Verdict(Outcome.REFUSED, code=code, detail=detail, contact_stopped=True)
        if code in s.dead_codes:
            return Verdict(Outcome.REFUSED, code=code, detail=detail, dead_address=True)
        if code in s.codes:
            outcome, trouble = _MEANINGS[s.codes[code]]
            wait = s.defer_seconds if outcome is Outcome.DEFERRED else 0.0
            return Verdict(outcome, trouble, word(result, s.answer_id), code, detail, wait)
        verdict = by_status(response, idempotent=s.idempotency > 0)
        verdict = verdict._replace(code=code or verdict.code, detail=detail)
        if verdict.outcome is not Outcome.ACCEPTED:
            return verdict
        return self._taken(verdict, result, code, bool(response.content))

    def _taken(self, verdict: Verdict, result: Any, code: str, readable: bool) -> Verdict:
        """Look closer at a 2xx: it may say nothing about this message, or hold a strange code."""
        s = self._settings
        unclear = bool(s.success) and code not in s.success
        if unclear or (result is None and (s.answer_list or readable)):
            outcome = Outcome.DEFERRED if s.idempotency > 0 else Outcome.UNSURE
            wait = s.defer_seconds if outcome is Outcome.DEFERRED else 0.0
            detail = verdict.detail or "the answer does not say whether the message was taken"
            return verdict._replace(
                outcome=outcome, trouble=Trouble.PASSING, detail=detail, retry_after=wait
            )
        return verdict._replace(reference=word(result, s.answer_id))


def _limits(s: HttpSmsSettings) -> Limits:
    return Limits(
        channel=Channel.SMS,
        max_batch=s.max_batch,
        in_flight=s.in_flight,
        idempotency=s.idempotency,
        receipts_later=s.callback_auth is not CallbackAuth.NONE,
        replies=s.callback_auth is not CallbackAuth.NONE,
    )


def _transport(s: HttpSmsSettings) -> GatedTransport:
    tls = None
    if s.ca_file:
        try:
            tls = ssl.create_default_context(cafile=s.ca_file)
        except OSError as error:
            raise ConfigError("ca_file", f"{s.ca_file} cannot be read: {error}") from error
    return GatedTransport(Timeouts(connect=s.connect_timeout, answer=s.timeout), tls)


def _basic(s: HttpSmsSettings) -> str:
    pair = f"{s.username}:{s.password.get_secret_value()}"
    return base64.b64encode(pair.encode()).decode()


def _headers(s: HttpSmsSettings) -> dict[str, str]:
    headers = {"Accept": "application/json, */*;q=0.5", "User-Agent": "Dispatcher"}
    headers |= _CONTENT_TYPES[s.format]
    if s.auth is Auth.BEARER:
        headers["Authorization"] = f"Bearer {s.token.get_secret_value()}"
    elif s.auth is Auth.BASIC:
        headers["Authorization"] = f"Basic {_basic(s)}"
    elif s.auth is Auth.HEADER:
        headers[s.auth_header] = s.token.get_secret_value()
    return headers


def _secret_words(s: HttpSmsSettings) -> Words:
    return {
        "token": s.token.get_secret_value(),
        "username": s.username,
        "password": s.password.get_secret_value(),
    }


def _secrets(s: HttpSmsSettings) -> list[str]:
    """Give every form in which a gateway might echo a secret."""
    plain = [x.get_secret_value() for x in (s.token, s.password, s.callback_secret)]
    return [*plain, *map(quote, plain), _basic(s) if s.auth is Auth.BASIC else ""]


def _filler(node: Any) -> Fill:
    """Compile a template of nested data into a function; values are never read as templates."""
    if isinstance(node, str):
        whole = PLACEHOLDER.fullmatch(node)
        if whole:
            name = whole[1]
            return lambda words: words[name]
        if PLACEHOLDER.search(node):
            return lambda words: PLACEHOLDER.sub(lambda match: words[match[1]], node)
    if isinstance(node, Mapping):
        fillers = {key: _filler(value) for key, value in node.items()}
        return lambda words: {key: fill(words) for key, fill in fillers.items()}
    if isinstance(node, list):
        parts = [_filler(value) for value in node]
        return lambda words: [fill(words) for fill in parts]
    return lambda _: node
