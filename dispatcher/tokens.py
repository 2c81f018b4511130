"""Signed tokens for links, return paths and message ids, and the keyed digests of addresses.

A token says who, on which channel, in which wave, and proves that we made it: one head byte (key id
and channel), up to three numbers, twelve bytes of keyed BLAKE2b (RFC 7693). Nothing in it is secret
and nothing in it is an address. Each purpose has its own key, so a return path can never
unsubscribe anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.addresses import forms
from dispatcher.domain.messages import Channel

MIN_KEY = 16
BUCKETS = 10_000
_MAC = 12
_LARGEST, _MOST_ATTEMPTS = 2**63 - 1, 2**16 - 1
# Who is meant takes 8 bytes, for ids are random; wave and attempt take theirs where they are told.
_PERSON, _WAVE, _ATTEMPT = struct.Struct(">Bq"), struct.Struct(">Bqq"), struct.Struct(">BqqH")
_BY_SIZE = {each.size: each for each in (struct.Struct(">B"), _PERSON, _WAVE, _ATTEMPT)}


class Purpose(StrEnum):
    """What a token is good for; a token of one purpose is refused for every other."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    BOUNCE = "bounce"
    DELIVERY = "delivery"
    RECEIPT = "receipt"
    CONFIRM = "confirm"
    SANDBOX = "sandbox"
    SHARE = "share"
    EXPORT = "export"
    ERASE = "erase"
    LEFT = "left"
    STAY = "stay"


class Token(NamedTuple):
    """What a token stands for. Numbers are 0 when the purpose does not need them."""

    customer_id: int
    wave_id: int = 0
    attempt: int = 0
    channel: Channel | None = None


_CHANNELS: tuple[Channel | None, ...] = (None, Channel.EMAIL, Channel.SMS)
_CODES = {channel: code for code, channel in enumerate(_CHANNELS)}
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648, section 5


class Tokens:
    """Makes and opens tokens. The first key signs, all keys verify: that is how keys are rotated.

    Keys are at least 16 secret bytes. `link` is for URLs and Message-IDs, `mailbox` for the local
    part of an address, where relays may change the case of letters. Both say the same.
    """

    __slots__ = ("_key_id", "_makers", "_readers")

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < MIN_KEY for key in keys):
            raise ValueError(f"tokens need at least one key, each of at least {MIN_KEY} bytes")
        self._key_id = _key_id(keys[0])
        self._makers = {purpose: _keyed(keys[0], purpose) for purpose in Purpose}
        self._readers = {
            purpose: [(_key_id(key), _keyed(key, purpose)) for key in keys] for purpose in Purpose
        }

    def __repr__(self) -> str:
        return "Tokens(...)"

    def seal(self, purpose: Purpose, token: Token) -> bytes:
        """Give the signed bytes of a token; ValueError for a negative or too large number."""
        customer_id, wave_id, attempt, channel = token
        ids = 0 <= customer_id <= _LARGEST and 0 <= wave_id <= _LARGEST
        if not ids or not 0 <= attempt <= _MOST_ATTEMPTS:
            raise ValueError(f"ids are from 0 to 2^63-1 and attempts to 65535, not {token}")
        body = _packed(self._key_id | _CODES[channel], customer_id, wave_id, attempt)
        maker = self._makers[purpose].copy()
        maker.update(body)
        return body + maker.digest()

    def unseal(self, purpose: Purpose, raw: bytes) -> Token | None:
        """Give what signed bytes stand for, or None when we did not make them for this."""
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) not in _BY_SIZE:
            return None
        for key_id, reader in self._readers[purpose]:
            if key_id == body[0] & 0xFC and hmac.compare_digest(_mac(reader, body), mac):
                return _parse(body)
        return None

    def link(self, purpose: Purpose, token: Token) -> str:
        """Make a token for a URL or a Message-ID: letters, digits, `-` and `_`."""
        return as_link(self.seal(purpose, token))

    def open_link(self, purpose: Purpose, text: str) -> Token | None:
        """Read a token out of a URL; None when it is not ours, damaged or for something else."""
        try:
            raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            return None
        # One token has one spelling: the unused bits of the last letter count as well.
        return self.unseal(purpose, raw) if as_link(raw) == text else None

    def mailbox(self, purpose: Purpose, token: Token) -> str:
        """Make a token for the local part of an address: hexadecimal digits."""
        return as_mailbox(self.seal(purpose, token))

    def open_mailbox(self, purpose: Purpose, text: str) -> Token | None:
        """Read a token out of a local part, whatever has become of its upper and lower case."""
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return None
        return self.unseal(purpose, raw) if as_mailbox(raw) == text.lower() else None


def as_link(raw: bytes) -> str:
    """Spell sealed bytes for a URL."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def as_mailbox(raw: bytes) -> str:
    """Spell sealed bytes for the local part of an address."""
    return raw.hex()


class Digests:
    """Keyed digests under which addresses are remembered after the addresses are erased.

    HMAC-SHA256 with a pepper. The first pepper is used for new digests; all of them must stay, for
    an erased address cannot be digested again. The first byte of a digest names its pepper.
    """

    __slots__ = ("_bucket_key", "_peppers")

    def __init__(self, peppers: Sequence[bytes]) -> None:
        if not peppers or any(len(pepper) < MIN_KEY for pepper in peppers):
            raise ValueError(f"digests need at least one pepper of at least {MIN_KEY} bytes")
        self._peppers = [(bytes((_key_id(p),)), _derive(p, "address")) for p in peppers]
        # The oldest pepper decides who is held back, so that adding one moves nobody.
        self._bucket_key = _derive(peppers[-1], "holdout")

    def __repr__(self) -> str:
        return "Digests(...)"

    def digest(self, channel: Channel, address: str) -> bytes:
        """Digest one normalised address (33 bytes), exactly as it stands."""
        version, key = self._peppers[0]
        return version + _address_mac(key, channel, address)

    def store(self, channel: Channel, address: str) -> tuple[bytes, ...]:
        """Give the digests to write for a suppression: the address and its plain form."""
        return tuple(self.digest(channel, form) for form in forms(channel, address))

    def look_up(self, channel: Channel, address: str) -> tuple[bytes, ...]:
        """Give every digest that would suppress this address, under every pepper."""
        return tuple(
            version + _address_mac(key, channel, form)
            for version, key in self._peppers
            for form in forms(channel, address)
        )

    def holdout_bucket(self, address: str) -> int:
        """Give the bucket 0..9999 of a normalised address: the same for ever, known to nobody."""
        mac = hashlib.blake2b(address.encode(), key=self._bucket_key, digest_size=8)
        return int.from_bytes(mac.digest(), "big") % BUCKETS


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"dispatcher 1 " + purpose.encode(), "sha256")


def _keyed(key: bytes, purpose: Purpose) -> hashlib.blake2b:
    return hashlib.blake2b(key=_derive(key, f"token {purpose}"), digest_size=_MAC)


def _key_id(key: bytes) -> int:
    return _derive(key, "key id")[0] & 0xFC


def _mac(reader: hashlib.blake2b, body: bytes) -> bytes:
    mac = reader.copy()
    mac.update(body)
    return mac.digest()


def _address_mac(key: bytes, channel: Channel, address: str) -> bytes:
    return hmac.digest(key, f"{channel}\0{address}".encode(), "sha256")


def _packed(head: int, customer_id: int, wave_id: int, attempt: int) -> bytes:
    """Write a head byte and three numbers, zeros at the end left out."""
    if attempt:
        return _ATTEMPT.pack(head, customer_id, wave_id, attempt)
    if wave_id:
        return _WAVE.pack(head, customer_id, wave_id)
    return _PERSON.pack(head, customer_id) if customer_id else bytes((head,))


def _parse(body: bytes) -> Token:
    numbers = _BY_SIZE[len(body)].unpack(body)
    customer_id, wave_id, attempt = (*numbers[1:], 0, 0, 0)[:3]
    return Token(customer_id, wave_id, attempt, _CHANNELS[body[0] & 0x03])
