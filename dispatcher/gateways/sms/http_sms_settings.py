"""The settings of an SMS gateway over HTTP: how to ask, what answers mean, how it calls back."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from dispatcher.errors import ConfigError
from dispatcher.gateways.api import ConnectionSettings, check_url
from dispatcher.gateways.api_tables import Format
from dispatcher.gateways.filling import placeholders
from dispatcher.gateways.options import option
from dispatcher.gateways.vocabulary import Meaning, News

MESSAGE_WORDS = frozenset({"to", "to_digits", "from", "from_digits", "text", "id", "delivery"})
SECRET_WORDS = frozenset({"token", "username", "password"})
_HEADER_WORDS = frozenset({"id", "delivery"})
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_NO_SECRET = SecretStr("")


class Auth(StrEnum):
    """How the gateway knows us."""

    NONE = "none"
    BEARER = "bearer"
    BASIC = "basic"
    HEADER = "header"
    FIELDS = "fields"


class CallbackAuth(StrEnum):
    """How we know that a callback is genuine."""

    NONE = "none"
    HMAC = "hmac"
    TOKEN = "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSmsSettings(ConnectionSettings):
    """Everything about one SMS gateway over HTTP. Paths are dotted: `messages.0.id`."""

    url: str = option("Where messages are posted; https, or http on this machine only")
    method: str = option("HTTP method: POST, PUT or GET", "POST")
    format: Format = option("How fields travel: json, form or query", Format.JSON)
    fields: dict[str, Any] = option(
        "The fields of one message, nested as the gateway wants them; {to} {from} {text} {id}"
        " are filled in, also {to_digits} {from_digits} (without +) and {delivery} (the same for"
        " every attempt)",
        {"to": "{to}", "from": "{from}", "text": "{text}", "reference": "{id}"},
    )
    headers: dict[str, str] = option("Further headers; {id} and {delivery} may be used", {})
    auth: Auth = option(
        "How the gateway knows us: none, bearer, basic, header, or fields ({token}, {username},"
        " {password} in fields)",
        Auth.NONE,
    )
    auth_header: str = option("Name of the header that carries the token (auth = header)", "")
    token: SecretStr = option("Secret for bearer, header or fields", _NO_SECRET)
    username: str = option("User name for basic or fields", "")
    password: SecretStr = option("Password for basic or fields", _NO_SECRET)

    batch_in: str = option("Field that takes a list of messages; `.` if the body is the list", "")
    batch_fields: dict[str, Any] = option("Fields beside the list of messages", {})
    max_batch: int = option("Messages in one request; more than 1 needs batch_in", 1)
    idempotency: float = option(
        "Seconds for which the gateway recognises a repeated {delivery}; 0: never", 0.0
    )

    answer_pattern: str = option(
        "Regular expression for answers in plain text, with groups named id, code or detail", ""
    )
    answer_list: str = option("Path to the list of results, where a request holds many", "")
    answer_ref: str = option("Path, in one result, to our {id}; else results are in order", "")
    answer_id: str = option("Path to the gateway's id of the message", "id")
    answer_code: str = option("Path to its code of success or error", "")
    answer_detail: str = option("Path to its words", "")
    success: tuple[str, ...] = option("Codes that mean taken; none: any 2xx does", ())
    codes: dict[str, Meaning] = option(
        "What other codes mean: accepted, refused, stopped, dead, deferred, unsure, throttled or"
        " down",
        {},
    )
    stopped_codes: tuple[str, ...] = option("Codes for: this person has opted out", ())
    dead_codes: tuple[str, ...] = option("Codes for: this number does not exist", ())
    defer_seconds: float = option("When to try again after a deferred or throttled code", 300.0)

    callback_auth: CallbackAuth = option(
        "How callbacks prove themselves: hmac, token, or none (callbacks are refused)",
        CallbackAuth.NONE,
    )
    callback_secret: SecretStr = option("The secret for callbacks", _NO_SECRET)
    callback_token_header: str = option("Header of the token; else ?token= in the URL", "")
    signature_header: str = option("Header of the HMAC-SHA256 signature", "X-Signature")
    timestamp_header: str = option("Header of the time of signing, Unix seconds", "X-Timestamp")
    signature_prefix: str = option("What stands before the signature, such as sha256=", "")
    signature_base64: bool = option("The signature is base64 instead of hex", False)
    signed_content: str = option("What is signed", "{timestamp}.{body}")
    callback_list: str = option("Path to the list of events, where a callback holds many", "")
    receipt_id: str = option("Path, in a receipt, to the gateway's id", "id")
    receipt_ref: str = option("Path, in a receipt, to our {id}", "reference")
    receipt_status: str = option("Path, in a receipt, to the status", "status")
    receipt_code: str = option("Path, in a receipt, to the error code", "")
    statuses: dict[str, News] = option(
        "What statuses mean: delivered, bounced, delayed; others are unknown",
        {"delivered": News.DELIVERED, "failed": News.BOUNCED},
    )
    reply_id: str = option("Path, in a reply, to the gateway's id", "id")
    reply_from: str = option("Path, in a reply, to the person's number", "from")
    reply_to: str = option("Path, in a reply, to our number", "to")
    reply_text: str = option("Path, in a reply, to the text", "text")
    reply_country: str = option(
        "Country of people whose numbers come without country code, such as US; none: all have one",
        "",
    )
    reply_answered: str = option(
        "Path, in a reply, to what is only there where the gateway or the carrier has answered it"
        " itself, such as OptOutType; else people would get two confirmations",
        "",
    )
    answered_words: tuple[str, ...] = option(
        "Texts that the gateway or the carrier answers itself, such as STOP and HELP", ()
    )

    def __post_init__(self) -> None:
        ConnectionSettings.__post_init__(self)
        check_url("url", self.url)
        _check_ways(self)
        _check_words(self)
        _check_callbacks(self)


def _check_ways(s: HttpSmsSettings) -> None:
    if s.method not in ("POST", "PUT", "GET"):
        raise ConfigError("method", "must be POST, PUT or GET")
    if s.method == "GET" and s.format is not Format.QUERY:
        raise ConfigError("format", "must be query when method is GET")
    if s.max_batch < 1:
        raise ConfigError("max_batch", "must be 1 or more")
    if s.max_batch > 1 and (not s.batch_in or s.format is not Format.JSON):
        raise ConfigError("max_batch", "more than 1 needs batch_in and format = json")
    if min(s.idempotency, s.defer_seconds) < 0:
        raise ConfigError("idempotency, defer_seconds", "must not be below 0")
    try:
        re.compile(s.answer_pattern)
    except re.error as error:
        raise ConfigError("answer_pattern", f"is no regular expression: {error}") from None


def _check_words(s: HttpSmsSettings) -> None:
    known = MESSAGE_WORDS | (SECRET_WORDS if s.auth is Auth.FIELDS else frozenset())
    _check_placeholders("fields", s.fields, known)
    _check_placeholders("batch_fields", s.batch_fields, known - MESSAGE_WORDS)
    _check_placeholders("headers", s.headers, _HEADER_WORDS if s.max_batch == 1 else frozenset())
    used = placeholders(s.fields)
    if not used & {"to", "to_digits"} or "text" not in used:
        raise ConfigError("fields", "must hold {to} (or {to_digits}) and {text}")
    if s.idempotency and "delivery" not in used | placeholders(s.headers):
        raise ConfigError("idempotency", "needs {delivery} in fields or headers")
    for name, value in s.headers.items():
        if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ConfigError("headers", f"{name!r} is no header that can be sent")
    _check_auth(s)


def _check_auth(s: HttpSmsSettings) -> None:
    token = s.token.get_secret_value()
    if s.auth in (Auth.BEARER, Auth.HEADER) and not (token.isascii() and token.isprintable()):
        raise ConfigError("token", "holds characters that a header cannot carry")
    if s.auth in (Auth.BEARER, Auth.HEADER) and not token:
        raise ConfigError("token", f"is missing: auth = {s.auth} needs it")
    if s.auth is Auth.HEADER and not _HEADER.fullmatch(s.auth_header):
        raise ConfigError("auth_header", "must name a header, such as X-Api-Key")
    if s.auth is Auth.BASIC and not (s.username and s.password.get_secret_value()):
        raise ConfigError("username, password", "are missing: auth = basic needs both")


def _check_callbacks(s: HttpSmsSettings) -> None:
    country = s.reply_country
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise ConfigError("reply_country", "must be two letters, such as US")
    if s.callback_auth is CallbackAuth.NONE:
        return
    if len(s.callback_secret.get_secret_value()) < 16:
        raise ConfigError("callback_secret", "must have 16 characters or more")
    if s.callback_auth is CallbackAuth.HMAC and not (
        "{timestamp}" in s.signed_content and "{body}" in s.signed_content
    ):
        raise ConfigError(
            "signed_content",
            "must hold {timestamp} and {body}, else old callbacks could be played again",
        )


def _check_placeholders(setting: str, node: object, known: frozenset[str]) -> None:
    for name in sorted(placeholders(node) - known):
        usable = ", ".join(f"{{{word}}}" for word in sorted(known)) or "none"
        raise ConfigError(setting, f"{{{name}}} cannot be filled in here; usable: {usable}")
