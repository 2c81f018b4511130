"""Reading languages written without spaces: pieces looked for anywhere in the message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dispatcher.inbound.replies.lexicon import Kind, Unspaced, unspaced

_REACH = 10  # letters between the parts of a piece
_FIRST_LETTERS, _LAST_LETTERS = 400, 100
_LETTERS = {
    "ja": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_MOST_WHOLE = 60
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
    if len(text) > _FIRST_LETTERS + _LAST_LETTERS:
        text = f"{text[:_FIRST_LETTERS]}.{text[-_LAST_LETTERS:]}"
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
    for parts in language.pieces.get(Kind.IDLE, ()):
        span = _find(text, parts)
        while span:
            text = f"{text[: span[0]]}.{text[span[1] :]}"
            span = _find(text, parts)
    for kind in _ORDER:
        if len(text) > _SHORT.get(kind, len(text)):
            continue
        for parts in language.pieces.get(kind, ()):
            span = _find(text, parts)
            if span:
                return Piece(kind, text[span[0] : span[1]], language.language, whole=False)
    for sentence in text.split("."):
        if _whole(language, sentence) is Kind.STRONG:
            return Piece(Kind.STRONG, sentence, language.language, whole=False)
    return None


def _whole(language: Unspaced, text: str) -> Kind | None:
    """Look a sentence up, cutting what adds nothing from both ends."""
    for _ in range(6):
        kind = language.whole.get(text)
        if kind or not text:
            return kind
        for piece in language.fill:
            if text.startswith(piece) and language.whole.get(text[len(piece) :]):
                text = text[len(piece) :]
                break
            if text.endswith(piece):
                text = text[: -len(piece)]
                break
            if text.startswith(piece):
                text = text[len(piece) :]
                break
        else:
            return None
    return language.whole.get(text)


def _find(text: str, parts: tuple[str, ...]) -> tuple[int, int] | None:
    start = text.find(parts[0])
    if start < 0:
        return None
    end = start + len(parts[0])
    for part in parts[1:]:
        at = text.find(part, end, end + _REACH + len(part))
        if at < 0:
            return None
        end = at + len(part)
    return start, end
