"""Signs mails by DKIM (RFC 6376, 8463): relaxed/relaxed, headers oversigned, the whole body."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

from dispatcher.gateways.email.dkim_keys import SigningKey

# Each is named once more than it is there: none can be added under a signature that stays valid.
SIGNED = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
)
_ADDED_BY_SERVERS = frozenset({b"date", b"message-id"})  # where they are missing (RFC 6409 8)
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"  +")  # two literal blanks are looked for six times as fast as a class
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")
_LINE = 72  # letters of base64 on one line
_PLACES = range(0, len(SIGNED), 2)  # where the list of headers is folded


class Signer:
    """Signs with the keys of the sender's domain, or of the nearest domain above it."""

    def __init__(self, keys: Mapping[str, Sequence[SigningKey]]) -> None:
        self._keys = keys

    def keys_for(self, domain: str) -> Sequence[SigningKey]:
        """Give the keys that mail from a domain is signed with; none where nobody set any."""
        domain = domain.lower()
        while domain not in self._keys and "." in domain:
            domain = domain.partition(".")[2]
        return self._keys.get(domain, ())

    def signed(self, content: bytes, keys: Sequence[SigningKey]) -> bytes:
        """Give the mail with one signature a key before it; line ends are made whole first.

        Servers on the way mend bare line ends, and with them would break the signature.
        """
        content = whole_lines(content)
        head, body = parted(content)
        body_hash = b64encode(sha256(relaxed_body(body)).digest())
        signed_headers, counts = _headers(head)
        made = (_signature(key, signed_headers, counts, body_hash) for key in keys)
        return b"".join((*made, content))


def whole_lines(content: bytes) -> bytes:
    """Let every line end in CRLF, the last one, too."""
    within = content.replace(b"\r\n", b"")
    if b"\n" in within or b"\r" in within:
        content = _ANY_LINE_END.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def parted(content: bytes) -> tuple[bytes, bytes]:
    """Give the header lines, each with its CRLF, and the body."""
    if content.startswith(b"\r\n"):
        return b"", content[2:]
    head, found, body = content.partition(b"\r\n\r\n")
    return (head + b"\r\n", body) if found else (content, b"")


def relaxed_body(body: bytes) -> bytes:
    """Canonicalise a body of whole lines (RFC 6376 3.4.4)."""
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return b"%b\r\n" % body if body else b""


def _headers(head: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Give the signed headers canonicalised, in the order signed, and how many there are of each.

    Of several with one name the last comes first (RFC 6376 5.4.2).
    """
    found: dict[bytes, list[bytes]] = {name: [] for name in SIGNED}
    for field in _FIELD_END.split(head[:-2]):
        name, canonical = _relaxed(field)
        if canonical:
            found[name].append(canonical)
    ordered = [field for fields in found.values() for field in reversed(fields)]
    return b"".join(ordered), tuple(map(len, found.values()))


# All letters of a batch share most of their headers; those of one person leave the cache again.
@lru_cache(maxsize=256)
def _relaxed(field: bytes) -> tuple[bytes, bytes]:
    """Give a header's name, and the header canonicalised (RFC 6376 3.4.2) if it is to be signed."""
    name, _, value = field.partition(b":")
    name = name.rstrip(b" \t").lower()
    if name not in SIGNED:
        return name, b""
    words = value.replace(b"\r\n", b"").replace(b"\t", b" ").split(b" ")
    return name, b"%b:%b\r\n" % (name, b" ".join(filter(None, words)))


def _signature(
    key: SigningKey, signed_headers: bytes, counts: tuple[int, ...], body_hash: bytes
) -> bytes:
    header, canonical = _frame(key.domain, key.selector, key.algorithm, counts)
    data = b"%b%b%b; b=" % (signed_headers, canonical, body_hash)
    signature = b64encode(key.sign(data))
    lines = (signature[at : at + _LINE] for at in range(0, len(signature), _LINE))
    return b"%b%b;\r\n b=%b\r\n" % (header, body_hash, b"\r\n ".join(lines))


@lru_cache(maxsize=64)
def _frame(
    domain: str, selector: str, algorithm: str, counts: tuple[int, ...]
) -> tuple[bytes, bytes]:
    """Give the signature's header up to the body's hash, as written and canonicalised."""
    listed = [_listed(name, many) for name, many in zip(SIGNED, counts, strict=True)]
    pairs = (b":".join(filter(None, listed[at : at + _PLACES.step])) for at in _PLACES)
    names = b":\r\n ".join(filter(None, pairs))
    tags = f"v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector};".encode()
    header = b"DKIM-Signature: %b\r\n h=%b;\r\n bh=" % (tags, names)
    canonical = b"dkim-signature:" + header.partition(b": ")[2].replace(b"\r\n", b"")
    return header, canonical


def _listed(name: bytes, many: int) -> bytes:
    if not many and name in _ADDED_BY_SERVERS:
        return b""
    return b":".join([name] * (many + 1))
