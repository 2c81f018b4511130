"""Callbacks sealed by a JSON web token (RFC 7519) that holds the hash of their body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from pydantic import SecretStr

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.proofs import check_fresh, same


@dataclass(frozen=True, slots=True)
class BodyToken:
    """A bearer token, signed with HS256, whose claim `payload_hash` is the SHA-256 of the body.

    The claim is what ties the token to this callback: its signature alone would fit any body. Which
    algorithm to use is never taken from the token.
    """

    secret: SecretStr
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the token is genuine, fresh and about this body."""
        scheme, _, token = callback.header("authorization").partition(" ")
        if scheme.lower() != "bearer":
            raise CallbackRejected("the token of the callback is missing")
        claims = claims_of(token.strip(), self.secret)
        given, wanted = claims.get("payload_hash"), hashlib.sha256(callback.body).hexdigest()
        if not isinstance(given, str) or not same(given.lower().encode(), wanted.encode()):
            raise CallbackRejected("the token is not about this body")
        check_fresh(callback, str(claims.get("iat")))
        expires = claims.get("exp", callback.received_at + 1)
        if not isinstance(expires, int | float) or expires <= callback.received_at:
            raise CallbackRejected("the token has expired")


def claims_of(token: str, secret: SecretStr) -> dict[str, Any]:
    """Give what a token claims; raise CallbackRejected unless HS256 with the secret signed it."""
    signed, _, signature = token.rpartition(".")
    digest = hmac.new(secret.get_secret_value().encode(), signed.encode(), hashlib.sha256).digest()
    wanted = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not same(signature.encode(), wanted):
        raise CallbackRejected("the token of the callback is missing or not genuine")
    about, _, claims = signed.partition(".")
    if _part(about).get("alg") != "HS256":
        raise CallbackRejected("the token of the callback is not signed with HS256")
    return _part(claims)


def _part(text: str) -> dict[str, Any]:
    """Read one part of a token."""
    try:
        said = orjson.loads(base64.urlsafe_b64decode(text.encode() + b"=="))
    except (binascii.Error, ValueError):
        said = None
    if not isinstance(said, dict):
        raise CallbackRejected("the token of the callback cannot be read")
    return said
