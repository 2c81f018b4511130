"""Reading languages written without spaces: pieces looked for anywhere in the message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dispatcher.inbound.replies.lexicon import Kind, Unspaced, unspaced

_REACH = 10  # letters between the parts of a piece
_LONGEST_KEYWORD = 40  # letters of a sentence that may be nothing but a keyword
_LETTERS = {
    "ja": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_MOST_WHOLE = 60
_MOST_CUTS = 6
_KANA = re.compile(r"[\u3040-\u30ff]")
_ORDER = (Kind.PHRASE, Kind.WRONG, Kind.MAYBE, Kind.JOINS, Kind.HELPS)
_SHORT = {Kind.MAYBE: 16, Kind.JOINS: 24, Kind.HELPS: 24}


class Piece(NamedTuple):
    """What was found, in which words and language; `whole` when nothing else was said."""

    kind: Kind
    words: str
    language: str
    whole: bool


def read_glued(sentences: Sequence[str]) -> Piece | None:
    """Read sentences without spaces; each may be a keyword, and all may hold pieces."""
    text = ".".join(sentences)
    for language in unspaced():
        if not _LETTERS[language.language].search(text):
            continue
        if language.language == "zh" and _KANA.search(text):
            continue
        found = _read(language, text, sentences)
        if found:
            return found
    return None


def _read(language: Unspaced, text: str, sentences: Sequence[str]) -> Piece | None:
    short = len(text) <= _MOST_WHOLE
    kind = _whole(language, "".join(sentences)) if short else None
    if kind:
        return Piece(kind, text, language.language, whole=True)
    pieces = _pieces_in(language, text)
    for parts in pieces.get(Kind.IDLE, ()):
        text = _without(text, parts)
    for kind in _ORDER:
        if len(text) > _SHORT.get(kind, len(text)):
            continue
        for parts in pieces.get(kind, ()):
            span = _find(text, parts)
            if span:
                return Piece(kind, text[span[0] : span[1]], language.language, whole=False)
    for sentence in dict.fromkeys(text.split(".")):
        if len(sentence) <= _LONGEST_KEYWORD and _whole(language, sentence) is Kind.STRONG:
            return Piece(Kind.STRONG, sentence, language.language, whole=False)
    return None


def _pieces_in(language: Unspaced, text: str) -> dict[Kind, list[tuple[str, ...]]]:
    """Give the pieces whose first two letters occur, in their order."""
    pairs = {text[i : i + 2] for i in range(len(text))}
    pairs.update(text)
    found = sorted(
        each for pair in language.pieces.keys() & pairs for each in language.pieces[pair]
    )
    pieces: dict[Kind, list[tuple[str, ...]]] = {}
    for _, kind, parts in found:
        pieces.setdefault(kind, []).append(parts)
    return pieces


def _without(text: str, parts: tuple[str, ...]) -> str:
    at = 0
    kept = []
    span = _find(text, parts)
    while span:
        kept.append(text[at : span[0]])
        at = span[1]
        span = _find(text, parts, at)
    return ".".join((*kept, text[at:]))


def _whole(language: Unspaced, text: str) -> Kind | None:
    """Look a sentence up, cutting what adds nothing from both ends."""
    for _ in range(_MOST_CUTS):
        kind = language.whole.get(text)
        if kind or not text:
            return kind
        rest = _cut(language, text)
        if rest is None:
            return None
        text = rest
    return language.whole.get(text)


def _cut(language: Unspaced, text: str) -> str | None:
    """Cut one filling piece, best so that a keyword is left."""
    heads = tails = []
    if text.startswith(language.fill):
        heads = [text[len(each) :] for each in language.fill if text.startswith(each)]
    if text.endswith(language.fill):
        tails = [text[: -len(each)] for each in language.fill if text.endswith(each)]
    for rest in (*heads, *tails):
        if rest in language.whole:
            return rest
    return next(iter((*tails, *heads)), None)


def _find(text: str, parts: tuple[str, ...], after: int = 0) -> tuple[int, int] | None:
    start = text.find(parts[0], after)
    if start < 0:
        return None
    end = start + len(parts[0])
    for part in parts[1:]:
        at = text.find(part, end, end + _REACH + len(part))
        if at < 0:
            return None
        end = at + len(part)
    return start, end
