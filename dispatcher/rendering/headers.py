"""Header lines of a mail, written so that no value can ever become a second header."""

from __future__ import annotations

import re
from base64 import b64encode

# C0, DEL, C1, the Unicode line ends, and lone surrogates, which have no bytes at all.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FIRST_LINE = 76
_WORD_BYTES = 45  # 60 letters of base64, 72 with the frame; an encoded word has at most 75
_NOT_IN_ADDRESS = re.compile('[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff()<>\\[\\]:;,\\\\"]')
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9-]+")


def unstructured(name: str, text: str) -> str:
    """Give `Name: text`, as encoded words (RFC 2047) where plain ASCII will not do.

    ValueError when the text holds a control character or a line end.
    """
    if CONTROL.search(text):
        raise ValueError(f"the {name} holds a line break or another control character")
    plain = text.isascii() and "=?" not in text and text == text.strip()
    if plain and len(name) + 2 + len(text) <= FIRST_LINE:
        return f"{name}: {text}"
    return f"{name}: {encoded(text)}"


def encoded(text: str) -> str:
    """Give a text as encoded words on folded lines; no character is split over two words."""
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in _words(text))


def _words(text: str) -> list[str]:
    raw = text.encode()
    words = []
    at = 0
    while at < len(raw):
        end = min(at + _WORD_BYTES, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        words.append(b64encode(raw[at:end]).decode("ascii"))
        at = end
    return words


def mailbox(name: str, address: str) -> str:
    """Give `"Name" <address>`; ValueError when either could break out of the header."""
    if not is_address(address):
        raise ValueError(f"{address!r} cannot stand in a header")
    if CONTROL.search(name):
        raise ValueError("the display name holds a line break or another control character")
    if not name:
        return address
    if _ATOMS.match(name) and "=?" not in name and len(name) <= FIRST_LINE // 2:
        return f'"{name}" <{address}>'
    return f"{encoded(name)}\r\n <{address}>"


def is_address(address: str) -> bool:
    """Tell whether a text is one bare address that may stand in a header."""
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and not _NOT_IN_ADDRESS.search(address)


def token(text: str) -> str:
    """Reduce a text to letters, digits and single hyphens, for ids such as List-Id."""
    return _NOT_IN_TOKEN.sub("-", text).strip("-") or "x"
