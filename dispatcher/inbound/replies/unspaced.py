"""Whole messages in languages written without spaces: keywords, and what adds nothing to them."""

from __future__ import annotations

import re
from typing import NamedTuple

from dispatcher.inbound.replies.lexicon import Kind, Unspaced, unspaced

_LETTERS = {
    "ja": re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_KANA = re.compile(r"[\u3040-\u30ff]")
_MOST = 60  # letters of a message that may be nothing but a keyword
_MOST_CUTS = 6


class Keyword(NamedTuple):
    """What was said, in which words and language."""

    kind: Kind
    words: str
    language: str


def said_whole(text: str) -> Keyword | None:
    """Read a message without spaces that is a keyword and otherwise says nothing."""
    if text.isascii() or len(text) > _MOST:
        return None
    for language in unspaced():
        if not _LETTERS[language.language].search(text):
            continue
        if language.language == "zh" and _KANA.search(text):
            continue
        kind = _whole(language, text)
        if kind:
            return Keyword(kind, text, language.language)
    return None


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
