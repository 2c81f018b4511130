"""Judges our DKIM signatures by dkimpy, which others wrote, and holds keys for tests."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dispatcher.gateways.email.dkim_keys import Kind, SigningKey, load_key, make_key

DOMAIN = "shop.example"


class _VerifyKey:
    """The one call that dkimpy makes of PyNaCl, which is not there: Ed25519, and no more."""

    def __init__(self, text: bytes, encoder: object) -> None:
        del encoder
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(text))

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


dkim.nacl = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=_VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


@cache
def signing_key(kind: Kind, domain: str = DOMAIN) -> SigningKey:
    """Make a key; the selector is named after its kind."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "key.pem"
        make_key(file, kind)
        return load_key(file, domain, str(kind))


def both(domain: str = DOMAIN) -> tuple[SigningKey, ...]:
    """Give an RSA and an Ed25519 key of a domain."""
    return tuple(signing_key(kind, domain) for kind in Kind)


def judged(content: bytes, keys: Sequence[SigningKey]) -> list[bool]:
    """Let dkimpy verify each signature, the topmost first; a mail without one gives none."""
    records = {f"{key.selector}._domainkey.{key.domain}.".encode(): key.record for key in keys}

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        return records[name].encode()

    mail = dkim.DKIM(content)
    signatures = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    return [_verified(content, at, look_up) for at in range(signatures)]


def _verified(content: bytes, at: int, look_up: object) -> bool:
    try:
        return bool(dkim.DKIM(content).verify(idx=at, dnsfunc=look_up))
    except dkim.ValidationError:
        return False
