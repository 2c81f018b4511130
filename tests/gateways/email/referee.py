"""Judges our DKIM signatures by dkimpy, which others wrote, and holds keys for tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dispatcher.gateways.email.dkim_keys import Kind, SigningKey, load_key, make_key
from tests.support.dkimpy import HINT, dkimpy
from tests.support.requirements import require

DOMAIN = "shop.example"


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

    dkim = dkimpy()
    require(dkim is not None, "dkimpy", "judge signed mail", HINT)
    mail = dkim.DKIM(content)
    signatures = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    return [_verified(dkim, content, at, look_up) for at in range(signatures)]


def _verified(dkim: Any, content: bytes, at: int, look_up: object) -> bool:
    try:
        return bool(dkim.DKIM(content).verify(idx=at, dnsfunc=look_up))
    except dkim.ValidationError:
        return False
