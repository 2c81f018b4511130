"""The alphabets of SMS: what a text costs in parts, and how to keep it in the cheap one.

GSM 7-bit default alphabet and extension table: 3GPP TS 23.038, 6.2.1. A message of one part holds
160 septets or 70 UTF-16 units; of several, 153 or 67 each, since 6 octets go to the part header
(3GPP TS 23.040, 9.2.3.24.1). National tables are not used: most gateways cannot say them.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_ESCAPE = "\x1b"

_SEPTETS = {ord(char): chr(code) for code, char in enumerate(_BASIC) if char != _ESCAPE}
_SEPTETS |= {ord(char): _ESCAPE + chr(code) for char, code in _EXTENSION.items()}

_CHARACTERS = dict(enumerate(_BASIC)) | dict.fromkeys(range(128, 256), "\ufffd")
_ESCAPES = {_BASIC[code]: char for char, code in _EXTENSION.items()}
_ESCAPED = re.compile("\x1b(.?)", re.DOTALL)

_OUTSIDE = re.compile("[^" + re.escape("".join(map(chr, _SEPTETS))) + "]")
_PAIR = re.compile("[" + re.escape("".join(_EXTENSION)) + "]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Encoding(StrEnum):
    """How the text goes over the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


class Segments(NamedTuple):
    """What a text costs. `units`: septets, or 16-bit units in UCS-2; `parts`: what is paid for."""

    encoding: Encoding
    units: int
    parts: int


class _Size(NamedTuple):
    alone: int
    joined: int


_SIZES = {Encoding.GSM7: _Size(160, 153), Encoding.UCS2: _Size(70, 67)}


def count(text: str) -> Segments:
    """Count units and parts; an empty text has no parts. No escape or surrogate pair is split."""
    encoding = encoding_of(text)
    doubles = _PAIR if encoding is Encoding.GSM7 else _ASTRAL
    size = _SIZES[encoding]
    pairs = len(doubles.findall(text))
    units = len(text) + pairs
    if units <= size.alone:
        return Segments(encoding, units, 1 if text else 0)
    pushed = _pushed(text, doubles, size.joined) if pairs else 0
    return Segments(encoding, units, -(-(units + pushed) // size.joined))


def fits(text: str, size: Segments, more: str, more_size: Segments) -> bool:
    """Tell whether `more` can follow a text without another part; both sizes are known already."""
    if size.parts == 1 and size.encoding is more_size.encoding:
        return size.units + more_size.units <= _SIZES[size.encoding].alone
    return count(text + more).parts == size.parts


def _pushed(text: str, doubles: re.Pattern[str], size: int) -> int:
    """Count the units left empty because a pair would have straddled the end of its part."""
    pushed = 0
    for before, pair in enumerate(doubles.finditer(text)):
        if (pair.start() + before + pushed) % size == size - 1:
            pushed += 1
    return pushed


def encode(text: str) -> bytes:
    """Give the septets, one to a byte (unpacked); ValueError names what does not fit."""
    if _OUTSIDE.search(text) is not None:
        raise ValueError(f"not in the GSM 7-bit alphabet: {' '.join(offenders(text))}")
    return text.translate(_SEPTETS).encode("latin-1")


def decode(septets: bytes) -> str:
    """Read unpacked septets back; what is no character of the alphabet shows as a replacement."""
    text = septets.decode("latin-1").translate(_CHARACTERS)
    return (
        _ESCAPED.sub(lambda pair: _ESCAPES.get(pair[1], pair[1]), text) if _ESCAPE in text else text
    )


def encoding_of(text: str) -> Encoding:
    """Say which alphabet a text needs."""
    return Encoding.GSM7 if _OUTSIDE.search(text) is None else Encoding.UCS2


def split(text: str, encoding: Encoding | None = None, header: int = 6) -> list[str]:
    """Cut a text into its parts, as `count` counts them where the part header has 6 octets.

    No escape or surrogate pair is torn. A header with a reference of 16 bits has 7 octets.
    """
    encoding = encoding or encoding_of(text)
    doubles = _PAIR if encoding is Encoding.GSM7 else _ASTRAL
    if len(text) + len(doubles.findall(text)) <= _SIZES[encoding].alone:
        return [text] if text else []
    room = (140 - header) * 8 // 7 if encoding is Encoding.GSM7 else (140 - header) // 2
    parts: list[str] = []
    begin, left = 0, room
    for place, char in enumerate(text):
        width = 2 if doubles.match(char) else 1
        if width > left:
            parts.append(text[begin:place])
            begin, left = place, room
        left -= width
    return [*parts, text[begin:]]


def offenders(text: str) -> tuple[str, ...]:
    """Give the characters that force UCS-2, each once, in order of appearance."""
    return tuple(dict.fromkeys(_OUTSIDE.findall(text)))


def smarten(text: str) -> str:
    """Replace typographic characters by plain ones, if that lets the whole text go as GSM-7.

    Web addresses keep every character. Accented letters are never changed: that changes words
    ("pêche", "péché"). A text that needs UCS-2 anyway comes back as it was.
    """
    if _OUTSIDE.search(text) is None:
        return text
    pieces = _LINK.split(text)
    pieces[::2] = [_plain(piece) for piece in pieces[::2]]
    plain = "".join(pieces)
    return text if _OUTSIDE.search(plain) else plain


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return _FRACTION.sub(r"\1 ", composed).translate(_PLAIN)


_LINK = re.compile(r"(https?://\S+)", re.IGNORECASE)
_FRACTION = re.compile(r"(\d)(?=[½¼¾])")  # 1½ is 1 1/2, never 11/2
_REPLACEMENTS = {
    "'": "\u2018\u2019\u201a\u201b\u2032",
    '"': "\u201c\u201d\u201e\u201f\u2033«»",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "...": "…",
    "*": "•",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000",
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff",
    "x": "×",
    "1/2": "½",
    "1/4": "¼",
    "3/4": "¾",
    "(TM)": "™",
    "(C)": "©",
    "(R)": "®",
    "oe": "œ",
    "OE": "Œ",
    "ff": "ﬀ",
    "fi": "ﬁ",
    "fl": "ﬂ",
    "ffi": "ﬃ",
    "ffl": "ﬄ",
}
_PLAIN = {ord(char): plain for plain, chars in _REPLACEMENTS.items() for char in chars}
