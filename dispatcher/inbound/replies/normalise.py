"""Normalising replies: what somebody typed, as plain words that can be looked up."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MOST_CHARACTERS = 1600  # ten parts of a text; the first of them say it
BREAK = "."  # stands as a word of its own where a sentence ends
PAUSE = ","

# Upper and lower case apart: a Cyrillic "Н" looks like a Latin H, its small form like nothing.
_LATIN = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеѕіјорсхуԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχՍՏՕՐսօոցհꜱᴀʙᴄᴅᴇʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ",
    "ABESIJKMHOPCTXYaesijopcxydqwhABEZHIKMNOPTYXaeikvoptuxUSOPuonghsabcdehijklmnoprtuvwyz",
)
_CYRILLIC = str.maketrans("ABCEHKMOPTXYaceopxy", "АВСЕНКМОРТХУасеорху")
_PICTURES = {
    **{0x1F1E6 + n: chr(ord("a") + n) for n in range(26)},  # the halves of flags
    **{0x1F150 + n: chr(ord("a") + n) for n in range(26)},
    **{0x1F170 + n: chr(ord("a") + n) for n in range(26)},
    **{ord(c): " \u26d4 " for c in "🛑🚫⛔"},
}
_STOP_SIGN = "\u26d4"
_LEET = str.maketrans("013457$@!|", "oieastsaii")

_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
_LETTERS |= {"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": "", "ς": "σ", "ʻ": "", "ʼ": ""}
_LETTERS |= {"ё": "е", "ґ": "г", "ー": "", _STOP_SIGN: _STOP_SIGN}
_BREAKS = frozenset(".!?;:\n\r…。！？｡؟।|¿¡\u2028\u2029")
_PAUSES = frozenset(",،、，()/")
_NUMBER_SIGN = re.compile(r"#(?!\w)")
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_ASCII = 127
_KNOWN = 4096  # letters remembered; a flood of strange ones must not fill the memory

_QUOTED_LINE = re.compile(r"^[ \t]*+>.*$", re.MULTILINE)
_QUOTED = re.compile(r"[“”„«‟\"「『]([^“”„«»\"「」『』]{15,})(?:[“”»\"」』]|$)")
_SEPARATORS = r"[ \t.,\-_*~'·|/+\u2010-\u2015\u2022]"
_SPACED_OUT = re.compile(
    rf"(?<![^\s.,\-_*~])[^\W\d_](?:{_SEPARATORS}{{1,3}}[^\W_](?![^\W_])){{2,}}"
)
_GAPS = re.compile(rf"{_SEPARATORS}+")
_REPEATED = re.compile(r"([^\W\d])\1{2,}")
_ELISION = re.compile(r"(?<=\w)['’`´‘](?=(?:t|s|m|re|ve|ll|d)\b)")
_LATIN_LETTER = re.compile(r"[a-zA-Z]")
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u04ff]")
_LOOK_ALIKE = re.compile(r"[\u0370-\u058f\u0250-\u02af\u1d00-\u1d7f\ua700-\ua7ff]")
_LEET_WORD = re.compile(r"(?<![a-z0-9$@!|])[a-z!]*+[0-9$@|][a-z0-9$@!|]*")


class _Fold(dict[int, str]):
    """What becomes of each letter, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < _KNOWN:
            self[code] = folded
        return folded


def _fold(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    if letter in _BREAKS:
        return f" {BREAK} "
    if letter in _PAUSES:
        return f" {PAUSE} "
    kind = unicodedata.category(letter)
    if kind == "Cf" or letter in _HIDDEN or unicodedata.combining(letter):
        return ""
    if "\ufe00" <= letter <= "\ufe0f" or "\u180b" <= letter <= "\u180f":
        return ""
    return letter if kind[0] in "LNM" else " "


class _Seen(dict[int, str]):
    """Each letter as it is, and nothing for those that cannot be seen."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        seen = "" if code > _ASCII and _unseen(letter) else letter
        if len(self) < _KNOWN:
            self[code] = seen
        return seen


_FOLDS = _Fold()
_SEEN = _Seen()


def words_of(
    text: str, known: frozenset[str] = frozenset(), plain: frozenset[str] = frozenset()
) -> list[str]:
    """Give the words in plain lower-case letters; a full stop stands between sentences.

    `known` are the words that digits and foreign letters may be meant to look like, `plain`
    those that a digit among letters may.
    """
    text = text[:MOST_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_PICTURES))[:MOST_CHARACTERS]
        text = _unmask(text.translate(_SEEN), known)
    text = _NUMBER_SIGN.sub(" number ", text).casefold()
    text = _ELISION.sub("", text)
    text = _LEET_WORD.sub(lambda found: _unleet(found[0], known, plain), text)
    text = _SPACED_OUT.sub(lambda found: _unmask(_GAPS.sub("", found[0]), known), text)
    text = _REPEATED.sub(r"\1", unicodedata.normalize("NFD", text).translate(_FOLDS))
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).split()


def own_words(text: str) -> str:
    """Cut what is quoted, most often our own text; all of it stays when nothing else is there."""
    text = text[:MOST_CHARACTERS]
    rest = _QUOTED.sub(" . ", _QUOTED_LINE.sub(" ", text))
    return rest if any(c.isalnum() for c in rest) else _QUOTED_LINE.sub(" ", text)


def _unseen(letter: str) -> bool:
    """Zero-width and bidi characters, and strokes laid over letters."""
    return (
        unicodedata.category(letter) == "Cf"
        or letter in _HIDDEN
        or "\u0334" <= letter <= "\u0338"
        or "\ufe00" <= letter <= "\ufe0f"
        or letter == "\u20e0"
    )


def _unmask(text: str, known: frozenset[str]) -> str:
    """Give Latin words written with look-alike letters in Latin ones; real words survive."""
    if text.isascii() or not _LOOK_ALIKE.search(text):
        return text
    return "".join(_plain(piece, known) for piece in re.split(r"(\W+)", text))


@lru_cache(maxsize=8192)
def _plain(word: str, known: frozenset[str]) -> str:
    seen = word.translate(_LATIN)
    mixed = _LATIN_LETTER.search(word) is not None
    if seen == word and not (mixed and _CYRILLIC_LETTER.search(word)):
        return word
    if mixed and _CYRILLIC_LETTER.search(seen):
        return word.translate(_CYRILLIC)  # "CTOП", the other way about
    return seen if mixed or (seen.isascii() and seen.casefold() in known) else word


def _unleet(word: str, known: frozenset[str], plain: frozenset[str]) -> str:
    meant = word.rstrip("!|").translate(_LEET)
    among_letters = word[0].isalpha() and meant in plain
    return meant if meant in known or among_letters else word
