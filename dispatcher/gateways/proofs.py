"""How callbacks prove that they are genuine: seals over raw bytes, passwords, tokens in the URL."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from pydantic import SecretStr

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected

STALE_AFTER = 300.0  # seconds between the time in the seal and ours, either way


class Proof(Protocol):
    """Something a callback must show. `covers_query`: what stands in its URL is proven as well."""

    @property
    def covers_query(self) -> bool:
        """Whether fields may be taken from the URL's query."""

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine."""


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
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine and fresh."""
        timestamp = callback.header(self.timestamp_header)
        given = callback.header(self.signature_header)
        wanted = self._signature(timestamp, callback.body)
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise CallbackRejected("the signature does not fit the callback")
        check_fresh(callback, timestamp)

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
    covers_query: ClassVar[bool] = True

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the word is right."""
        given = callback.header(self.header) if self.header else callback.query.get("token", "")
        wanted = self.secret.get_secret_value()
        if not hmac.compare_digest(given.removeprefix("Bearer ").encode(), wanted.encode()):
            raise CallbackRejected("the token does not fit")


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and password in the Authorization header (RFC 7617), as weak as SharedToken."""

    username: str
    password: SecretStr
    covers_query: ClassVar[bool] = True

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless both are right."""
        scheme, _, given = callback.header("authorization").partition(" ")
        wanted = f"{self.username}:{self.password.get_secret_value()}".encode()
        if scheme.lower() != "basic" or not same(unbase64(given), wanted):
            raise CallbackRejected("the user name or password of the callback is wrong")


@dataclass(frozen=True, slots=True)
class UrlSeal:
    """HMAC-SHA1, in base64, over the URL and the sorted fields of a form, name before value.

    The URL is the one the provider was told, which is ours as the world sees it. There is no time
    in it, so a copied callback is only known by its events being told already.
    """

    secret: SecretStr
    header: str
    covers_query: ClassVar[bool] = True

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the signature fits."""
        form = parse_qsl(callback.body.decode("utf-8", "replace"), keep_blank_values=True)
        signed = callback.url + "".join(name + value for name, value in sorted(form))
        key = self.secret.get_secret_value().encode()
        wanted = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha1).digest())
        if not same(callback.header(self.header).encode(), wanted):
            raise CallbackRejected("the signature does not fit the callback")


@dataclass(frozen=True, slots=True)
class PublicKeySeal:
    """A signature, in base64, over the timestamp's header, `between` and the raw body.

    `verify(signature, signed)` raises InvalidSignature. `good_for`: seconds, where a provider calls
    again with the signature of its first try.
    """

    verify: Callable[[bytes, bytes], object]
    signature_header: str
    timestamp_header: str
    between: bytes = b""
    good_for: float = STALE_AFTER
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine and fresh."""
        timestamp = callback.header(self.timestamp_header)
        signed = timestamp.encode() + self.between + callback.body
        try:
            self.verify(unbase64(callback.header(self.signature_header)), signed)
        except InvalidSignature:
            raise CallbackRejected("the signature does not fit the callback") from None
        check_fresh(callback, timestamp, self.good_for)


@dataclass(frozen=True, slots=True)
class StandardWebhook:
    """The open format of Standard Webhooks (standardwebhooks.com), version 1, symmetric.

    `names` are the three headers' common beginning: `webhook`, or `svix` for its first users.
    """

    secret: SecretStr
    names: str = "webhook"
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless one of the signatures fits and the callback is fresh."""
        about, timestamp, given = (
            callback.header(f"{self.names}-{name}") for name in ("id", "timestamp", "signature")
        )
        key = unbase64(self.secret.get_secret_value().removeprefix("whsec_"))
        if not key:
            raise CallbackRejected("the secret of the callbacks is not in base64")
        signed = f"{about}.{timestamp}.".encode() + callback.body
        wanted = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        if not any(same(each.encode(), wanted) for each in given.split()):
            raise CallbackRejected("the signature does not fit the callback")
        check_fresh(callback, timestamp)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of several proofs, where a provider has a key for each kind of callback."""

    proofs: Sequence[Proof]

    @property
    def covers_query(self) -> bool:
        """Whether all of them prove the query."""
        return all(proof.covers_query for proof in self.proofs)

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless one of them is right; the last one says why."""
        for proof in self.proofs[:-1]:
            try:
                return proof.check(callback)
            except CallbackRejected:
                continue
        return self.proofs[-1].check(callback)


def same(given: bytes, wanted: bytes) -> bool:
    """Compare in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given, wanted)


def unbase64(text: str) -> bytes:
    """Give the bytes; none of them where the text is no base64, so that nothing fits them."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def check_fresh(callback: Callback, timestamp: str, good_for: float = STALE_AFTER) -> None:
    """Raise CallbackRejected unless the time of signing, in Unix seconds, is close to ours."""
    check_age(callback.received_at - seconds(timestamp), good_for)


def check_age(age: float, good_for: float) -> None:
    """Raise CallbackRejected for what was signed longer ago than it is good for, or in future."""
    if not -STALE_AFTER <= age <= good_for:
        minutes = f"{good_for / 60:g} minutes"
        raise CallbackRejected(f"the callback is stale: it was not signed in the last {minutes}")


def seconds(timestamp: str) -> float:
    """Read Unix seconds or milliseconds; raise CallbackRejected for anything else."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 13):
        raise CallbackRejected("the timestamp of the callback is not a number of seconds")
    value = int(timestamp)
    return value / 1000 if value > 99_999_999_999 else float(value)
