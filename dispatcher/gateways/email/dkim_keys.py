"""DKIM keys: read from files, made anew, and written as the DNS records that belong to them."""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from dispatcher.errors import ConfigError
from dispatcher.gateways.options import option, parse

LEAST_BITS = 1024  # RFC 8301: verifiers need not take less
GOOD_BITS = 2048
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_TXT = 255  # bytes of one string in a TXT record


class Kind(StrEnum):
    """What a key is for, as DNS records name it."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """One key of one domain: `[gateways.<name>.dkim."shop.example"]`."""

    selector: str = option("Name under which the public key stands in the DNS")
    key_file: str = option("File with the private key: PEM, RSA or Ed25519")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that signs for a domain; `bits` is its size, for RSA."""

    domain: str
    selector: str
    algorithm: str
    public: bytes
    bits: int
    sign: Callable[[bytes], bytes] = field(repr=False)
    file: Path = Path()

    @property
    def record(self) -> str:
        """Give what the TXT record `<selector>._domainkey.<domain>` must say."""
        kind = self.algorithm.partition("-")[0]
        return f"v=DKIM1; k={kind}; p={b64encode(self.public).decode()}"


def read_keys(tables: Mapping[str, Any]) -> dict[str, tuple[SigningKey, ...]]:
    """Read the setting `dkim`: by domain one table, or several; ConfigError names what is wrong."""
    return {
        domain.lower(): tuple(_read(domain, each) for each in _listed(domain, told))
        for domain, told in tables.items()
    }


def _listed(domain: str, told: Any) -> Sequence[Mapping[str, Any]]:
    every: Sequence[Any] = told if isinstance(told, list | tuple) else [told]
    if not every or not all(isinstance(each, Mapping) for each in every):
        raise ConfigError(f'dkim."{domain}"', "must be a table with selector and key_file")
    return every


def _read(domain: str, told: Mapping[str, Any]) -> SigningKey:
    where = f'dkim."{domain}"'
    try:
        settings = parse(KeySettings, told)
        check_name(domain, settings.selector)
        return load_key(Path(settings.key_file), domain.lower(), settings.selector)
    except ConfigError as error:
        problem = str(error).removeprefix(f"{error.setting}: ")
        raise ConfigError(f"{where}.{error.setting}", problem) from None


def check_name(domain: str, selector: str) -> None:
    """Refuse what cannot stand in the DNS; domains are written as A-labels (xn--...)."""
    if not _NAME.fullmatch(domain.lower()) or "." not in domain:
        raise ConfigError("domain", f'"{domain}" is no domain; write it in ASCII (xn--...)')
    if not _NAME.fullmatch(selector):
        raise ConfigError("selector", f'"{selector}" is no name; use small letters and digits')


def load_key(file: Path, domain: str, selector: str) -> SigningKey:
    """Read a private key; ConfigError says what is wrong with the file."""
    try:
        found = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigError("key_file", f"{file} cannot be read: {error.strerror}") from None
    except TypeError:
        raise ConfigError("key_file", f"{file} has a password; write the key without") from None
    except ValueError:
        raise ConfigError("key_file", f"{file} holds no private key in PEM form") from None
    if isinstance(found, RSAPrivateKey):
        return _rsa(found, file, domain, selector)
    if isinstance(found, Ed25519PrivateKey):
        return _ed25519(found, file, domain, selector)
    raise ConfigError("key_file", f"{file} holds another kind of key; DKIM has RSA and Ed25519")


def _rsa(key: RSAPrivateKey, file: Path, domain: str, selector: str) -> SigningKey:
    if key.key_size < LEAST_BITS:
        told = f"{file} has {key.key_size} bits; nobody takes fewer than {LEAST_BITS}, make a key"
        raise ConfigError("key_file", f"{told} with 'dispatcher gateway dkim-key'")
    padding, algorithm = PKCS1v15(), hashes.SHA256()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(data: bytes) -> bytes:
        return key.sign(data, padding, algorithm)

    return SigningKey(domain, selector, "rsa-sha256", public, key.key_size, sign, file)


def _ed25519(key: Ed25519PrivateKey, file: Path, domain: str, selector: str) -> SigningKey:
    def sign(data: bytes) -> bytes:
        return key.sign(sha256(data).digest())  # RFC 8463 3: the hash is what is signed

    public = key.public_key().public_bytes_raw()
    return SigningKey(domain, selector, "ed25519-sha256", public, 0, sign, file)


def make_key(file: Path, kind: Kind) -> None:
    """Write a new private key, which only its owner may read; FileExistsError if it is there."""
    key = (
        Ed25519PrivateKey.generate()
        if kind is Kind.ED25519
        else generate_private_key(public_exponent=65537, key_size=GOOD_BITS)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)


def in_zone_file(text: str) -> str:
    """Write a TXT record's text in quotes, in strings of 255 bytes at most."""
    parts = (text[at : at + _TXT] for at in range(0, len(text), _TXT))
    return " ".join(f'"{part}"' for part in parts)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a DKIM record in the DNS says; no `data`: the key was taken back."""

    data: bytes
    bits: int
    testing: bool = False


def read_record(text: str) -> PublicKey:
    """Read a DKIM record (RFC 6376 3.6.1); ValueError says why verifiers cannot use it."""
    tags = read_tags(text)
    if tags.get("v", "DKIM1") != "DKIM1":
        raise ValueError(f"it begins with v={tags['v']}, not v=DKIM1")
    if "p" not in tags:
        raise ValueError("it has no p=, where the key should stand")
    try:
        data = b64decode("".join(tags["p"].split()), validate=True)
        bits = _bits(data, tags.get("k", Kind.RSA)) if data else 0
    except ValueError as wrong:
        raise ValueError(f"its key cannot be read ({wrong})") from None
    return PublicKey(data, bits, "y" in tags.get("t", "").split(":"))


def _bits(data: bytes, kind: str) -> int:
    if kind == Kind.ED25519:
        Ed25519PublicKey.from_public_bytes(data)
        return 0
    if kind != Kind.RSA:
        raise ValueError(f"k={kind} is unknown")
    key = load_der_public_key(data)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("k=rsa, but it is another kind of key")
    return key.key_size


def read_tags(text: str) -> dict[str, str]:
    """Read `name=value; name=value`, as DKIM and DMARC records are written."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
