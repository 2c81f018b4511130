"""What all callbacks share: seals against forgery and replay, fields in any dress, stable keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, DeliveryKey
from dispatcher.errors import CallbackRejected

STALE_AFTER = 300.0  # seconds between the time in the seal and ours, either way
_FIELDS_CAP = 200  # names in a form


@dataclass(frozen=True, slots=True)
class Seal:
    """HMAC-SHA256 over the raw body and a timestamp, as two headers of the callback.

    `signed` says what is signed and must hold both `{timestamp}` (Unix seconds or milliseconds, as
    the header has it) and `{body}`.
    """

    secret: SecretStr
    signature_header: str = "x-signature"
    timestamp_header: str = "x-timestamp"
    prefix: str = ""
    base64: bool = False
    signed: str = "{timestamp}.{body}"

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine and fresh."""
        timestamp = callback.header(self.timestamp_header)
        given = callback.header(self.signature_header)
        wanted = self._signature(timestamp, callback.body)
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise CallbackRejected("the signature does not fit the callback")
        if abs(callback.received_at - _seconds(timestamp)) > STALE_AFTER:
            raise CallbackRejected("the callback is stale: it was signed more than 5 minutes ago")

    def sign(self, body: bytes, at: float) -> dict[str, str]:
        """Give the headers that seal a body at a time (Unix seconds)."""
        timestamp = str(int(at))
        return {
            self.timestamp_header: timestamp,
            self.signature_header: self._signature(timestamp, body),
        }

    def _signature(self, timestamp: str, body: bytes) -> str:
        before, _, after = self.signed.replace("{timestamp}", timestamp).partition("{body}")
        content = before.encode() + body + after.encode()
        key = self.secret.get_secret_value().encode()
        digest = hmac.new(key, content, hashlib.sha256).digest()
        text = base64.b64encode(digest).decode() if self.base64 else digest.hex()
        return self.prefix + text


@dataclass(frozen=True, slots=True)
class SharedToken:
    """A secret word in a header, or in the query of the callback's URL when `header` is empty.

    Weaker than a Seal: a copied callback cannot be told from a fresh one, only deduplicated.
    """

    secret: SecretStr
    header: str = ""

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the word is right."""
        given = callback.header(self.header) if self.header else callback.query.get("token", "")
        wanted = self.secret.get_secret_value()
        if not hmac.compare_digest(given.removeprefix("Bearer ").encode(), wanted.encode()):
            raise CallbackRejected("the token does not fit")


def content(callback: Callback, *, query: bool = False) -> Any:
    """Give what the callback says: its JSON or form, and its query where that may be trusted."""
    kind = callback.header("content-type").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _json(callback.body)
    fields = dict(callback.query) if query else {}
    fields.pop("token", None)
    return fields | _form(callback.body)


def dig(value: Any, path: str) -> Any:
    """Follow a dotted path through mappings and lists: `messages.0.id`; None when it is missing."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def word(value: Any, path: str) -> str:
    """Give the text or number at a path as text; nothing for anything else."""
    found = dig(value, path) if path else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)


def dedup_key(gateway: str, *parts: str) -> str:
    """Give a key that is equal for the same event told twice, and hides what it is made of."""
    return hashlib.sha256("\x1f".join((gateway, *parts)).encode()).hexdigest()[:40]


def key_word(key: DeliveryKey) -> str:
    """Write a delivery key as gateways carry it: `wave-customer-attempt`."""
    return f"{key.wave_id}-{key.customer_id}-{key.attempt}"


def parse_key(text: str) -> DeliveryKey | None:
    """Read a delivery key back; None when it is not one of ours."""
    parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 20 for p in parts):
        return None
    return DeliveryKey(*map(int, parts))


def international(number: str) -> str:
    """Give a number its plus sign back where a gateway leaves it out; short codes stay."""
    bare = number.strip().removeprefix("00")
    if bare.isascii() and bare.isdigit() and 8 <= len(bare) <= 15 and not bare.startswith("0"):
        return f"+{bare}"
    return number.strip()


def _seconds(timestamp: str) -> float:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 13):
        raise CallbackRejected("the timestamp of the callback is not a number of seconds")
    value = int(timestamp)
    return value / 1000 if value > 99_999_999_999 else float(value)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CallbackRejected("the callback says it is JSON and is not") from None


def _form(body: bytes) -> dict[str, str]:
    try:
        text = body.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_CAP))
    except ValueError:
        raise CallbackRejected("the callback is not a form that can be read") from None
