"""The alphabets of SMS: what a text costs in parts, and how to keep it in the cheap one.

GSM 7-bit default alphabet and extension table: 3GPP TS 23.038, 6.2.1. A message of one part holds
160 septets or 70 UTF-16 units; of several, 153 or 67 each, since 6 octets go to the part header
(3GPP TS 23.040, 9.2.3.24.1). Each national table takes another 3 octets of every header; they are
used only where a gateway says that it can send them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from dispatcher.domain.gsm7_tables import BASIC, ESCAPE, EXTENSION, LOCKING, SINGLE, National
from dispatcher.domain.letters import inside_a_letter


class Encoding(StrEnum):
    """How the text goes over the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


class Segments(NamedTuple):
    """What a text costs. `units`: septets, or 16-bit units in UCS-2; `parts`: what is paid for."""

    encoding: Encoding
    units: int
    parts: int


class Tables(NamedTuple):
    """The tables that a GSM-7 text is written in; None: the default one."""

    locking: National | None = None
    single: National | None = None


_DEFAULT = Tables()


class _Size(NamedTuple):
    alone: int
    joined: int


class _Script(NamedTuple):
    """A way to write: `outside` finds what it cannot say, `doubles` what takes two units."""

    encoding: Encoding
    size: _Size
    doubles: re.Pattern[str]
    outside: re.Pattern[str] = re.compile("(?!)")
    septets: Mapping[int, str] = MappingProxyType({})
    tables: Tables = _DEFAULT


_SIZES = (_Size(160, 153), _Size(155, 149), _Size(152, 146))  # by the number of national tables
_HEADER = 6  # octets before each of several parts
_LONGEST_LETTER = 12  # characters, beyond which a letter is not kept together


@cache
def _script(tables: Tables) -> _Script:
    basic = BASIC if tables.locking is None else LOCKING[tables.locking]
    extension = EXTENSION if tables.single is None else SINGLE[tables.single]
    septets = {ord(char): ESCAPE + chr(code) for char, code in extension.items()}
    septets |= {ord(char): chr(code) for code, char in enumerate(basic) if char != ESCAPE}
    pairs = "".join(char for char in extension if char not in basic)
    return _Script(
        Encoding.GSM7,
        _SIZES[sum(table is not None for table in tables)],
        re.compile(f"[{re.escape(pairs)}]"),
        re.compile(f"[^{re.escape(''.join(map(chr, septets)))}]"),
        septets,
        tables,
    )


_USUAL = _script(_DEFAULT)
_WIDE = _Script(Encoding.UCS2, _Size(70, 67), re.compile("[\U00010000-\U0010ffff]"))
_OUTSIDE = _USUAL.outside


ALPHABET = "".join(map(chr, _USUAL.septets))


def count(text: str, tables: Collection[National] = ()) -> Segments:
    """Count units and parts; an empty text has no parts. No escape or surrogate pair is split.

    `tables` are those the gateway can send; they are used where they save parts.
    """
    return _counted(text, _chosen(text, tables))


def split(
    text: str,
    tables: Collection[National] = (),
    *,
    encoding: Encoding | None = None,
    header: int = _HEADER,
) -> list[str]:
    """Cut a text into the parts it is counted as; letters stay whole where that is free.

    `encoding` UCS-2 is used even where GSM-7 would do. A header with a reference of 16 bits has
    7 octets, which leaves each part less room than it is counted with.
    """
    script = _WIDE if encoding is Encoding.UCS2 else _chosen(text, tables)
    if header != _HEADER:
        bits = 16 if script is _WIDE else 7
        script = script._replace(size=script.size._replace(joined=(140 - header) * 8 // bits))
    parts = _counted(text, script).parts
    if parts <= 1:
        return [text] if text else []
    cuts = [0]
    while len(cuts) < parts:
        cuts.append(_cut(text, cuts[-1], script, parts - len(cuts)))
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def encoding_of(text: str) -> Encoding:
    """Say which alphabet a text needs where no national table may be used."""
    return Encoding.GSM7 if _OUTSIDE.search(text) is None else Encoding.UCS2


def tables_for(text: str, tables: Collection[National]) -> Tables:
    """Give the tables that a text of GSM-7 is counted in; headers and `encode` need them."""
    return _chosen(text, tables).tables


def _chosen(text: str, tables: Collection[National]) -> _Script:
    best = _USUAL if _OUTSIDE.search(text) is None else _WIDE
    if not tables:
        return best
    cost = _counted(text, best).parts
    for script in map(_script, _pairs(tables) if cost > 1 else ()):
        if script.outside.search(text) is None:
            parts = _counted(text, script).parts
            best, cost = (script, parts) if parts < cost else (best, cost)
    return best


def _pairs(tables: Collection[National]) -> Iterator[Tables]:
    """Give what may be combined: one table alone, or both of one language."""
    for language in sorted(tables):
        yield Tables(single=language)
        if language in LOCKING:
            yield Tables(locking=language)
            yield Tables(language, language)


def _counted(text: str, script: _Script) -> Segments:
    pairs = len(script.doubles.findall(text))
    units = len(text) + pairs
    if units <= script.size.alone:
        return Segments(script.encoding, units, 1 if text else 0)
    return Segments(script.encoding, units, _joined(text, script, pairs))


def _joined(text: str, script: _Script, pairs: int) -> int:
    """Count the parts of a text that does not go alone."""
    size = script.size.joined
    pushed = _pushed(text, script.doubles, size) if pairs else 0
    return -(-(len(text) + pairs + pushed) // size)


def _cut(text: str, start: int, script: _Script, left: int) -> int:
    """Give where a part ends: full, unless that cuts a letter and `left` parts have room for it."""
    size = script.size.joined
    end = start + size
    while end - start + len(script.doubles.findall(text, start, end)) > size:
        end -= 1
    whole = end
    while end - whole < _LONGEST_LETTER and whole > start + 1 and inside_a_letter(text, whole):
        whole -= 1
    rest = text[whole:]
    free = _joined(rest, script, len(script.doubles.findall(rest))) <= left
    return whole if free and not inside_a_letter(text, whole) else end


def fits(
    text: str, size: Segments, more: str, more_size: Segments, tables: Collection[National] = ()
) -> bool:
    """Tell whether `more` can follow a text without another part; both sizes are known already."""
    if size.parts == 1 and size.encoding is more_size.encoding and not tables:
        script = _USUAL if size.encoding is Encoding.GSM7 else _WIDE
        return size.units + more_size.units <= script.size.alone
    return count(text + more, tables).parts == size.parts


def _pushed(text: str, doubles: re.Pattern[str], size: int) -> int:
    """Count the units left empty because a pair would have straddled the end of its part."""
    pushed = 0
    for before, pair in enumerate(doubles.finditer(text)):
        if (pair.start() + before + pushed) % size == size - 1:
            pushed += 1
    return pushed


def encode(text: str, tables: Tables = _DEFAULT) -> bytes:
    """Give the septets, one to a byte (unpacked); ValueError names what does not fit."""
    script = _script(tables)
    wrong = dict.fromkeys(script.outside.findall(text))
    if wrong:
        told = " ".join(wrong)
        raise ValueError(f"not in the GSM 7-bit alphabet: {told}")
    return text.translate(script.septets).encode("latin-1")


def decode(septets: bytes) -> str:
    """Read unpacked septets back; what is no character of the alphabet shows as a replacement."""
    text = septets.decode("latin-1").translate(_CHARACTERS)
    if ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda pair: _ESCAPES.get(pair[1], pair[1]), text)


_CHARACTERS = dict(enumerate(BASIC)) | dict.fromkeys(range(128, 256), "\ufffd")
_ESCAPES = {BASIC[code]: char for char, code in EXTENSION.items()}
_ESCAPED = re.compile(f"{ESCAPE}(.?)", re.DOTALL)


def smarten(text: str, tables: Collection[National] = ()) -> str:
    """Replace typographic characters by plain ones, if that lets the whole text go as GSM-7.

    Web addresses keep every character. Accented letters are never changed: that changes words
    ("pêche", "péché"). A text that needs UCS-2 anyway comes back as it was.
    """
    if _OUTSIDE.search(text) is None:
        return text
    pieces = _LINK.split(text)
    pieces[::2] = [_plain(piece) for piece in pieces[::2]]
    plain = "".join(pieces)
    if _OUTSIDE.search(plain) is None:
        return plain
    cheaper = tables and count(plain, tables).parts < count(text, tables).parts
    return plain if cheaper else text


def replaced(text: str) -> tuple[tuple[str, str], ...]:
    """Give what smart encoding puts for each character of a text, each once."""
    bare = _LINK.sub("", text)
    return tuple((char, _PLAIN[ord(char)]) for char in dict.fromkeys(bare) if ord(char) in _PLAIN)


class Offender(NamedTuple):
    """A character that forces UCS-2, where it stands, and what is put for it; None: nothing."""

    place: int
    char: str
    plain: str | None


def forced_by(text: str, tables: Collection[National] = ()) -> Iterator[Offender]:
    """Find every character that forces UCS-2 upon a text; none where it goes as GSM-7."""
    if count(text, tables).encoding is Encoding.GSM7:
        return
    links = [place for found in _LINK.finditer(text) for place in range(*found.span())]
    for found in _OUTSIDE.finditer(text):
        kept = found.start() in links
        yield Offender(found.start(), found[0], None if kept else _PLAIN.get(ord(found[0])))


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
