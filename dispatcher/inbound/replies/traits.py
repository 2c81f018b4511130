"""Traits: what a reply shows that can be weighed: its words, their order, letters and kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import or_

from dispatcher.inbound.replies.lexicon import UNIVERSAL, Kind
from dispatcher.inbound.replies.marking import Marks, tongues
from dispatcher.inbound.replies.normalise import BREAK, PAUSE

_START, _END = "^", "$"
_STEMS = (4, 6)  # letters of a word's beginning that count as its stem
_PIECES = (3, 4, 5)  # letters of a piece of a word
_GLYPHS = (1, 2)  # further pieces of words in scripts that say much with few letters
_REACH = 3  # words between two kinds that still belong together
_LENGTHS = 10
_NAMES = {kind: kind.name.lower() for kind in Kind if kind is not Kind.FILL}
_QUESTION = frozenset("?？؟;")


def traits(text: str, words: Sequence[str], marks: Marks, hint: str) -> set[str]:
    """Give every trait once; `hint` is the person's language, if it is known."""
    found = set(_words(words))
    for word in words:
        found.update(_of_word(word))
    found.update(_kinds(words, _masks(words, marks, hint)))
    found.add(f"length {min(len(words) // 3, _LENGTHS)}")
    if not _QUESTION.isdisjoint(text):
        found.add("asks")
    return found


def _words(words: Sequence[str]) -> Iterator[str]:
    """Give each word, and it with the next and the next two."""
    padded = (_START, *words, _END)
    yield from words
    yield from map(" ".join, pairwise(padded))
    yield from map(" ".join, zip(padded, padded[1:], padded[2:], strict=False))


@lru_cache(maxsize=1 << 14)
def _of_word(word: str) -> tuple[str, ...]:
    """Give a word's stems and its pieces, which slips and endings leave alone."""
    if word in (BREAK, PAUSE):
        return ()
    sizes = _PIECES if word.isascii() else (*_GLYPHS, *_PIECES)
    whole = f"<{word}>"
    stems = (f"{word[:size]}*" for size in _STEMS if len(word) > size)
    pieces = (f"~{whole[i : i + size]}" for size in sizes for i in range(len(whole) - size + 1))
    return (*stems, *pieces)


def _masks(words: Sequence[str], marks: Marks, hint: str) -> list[int]:
    """Give what each word may do in the person's language, or that of the words, or in English."""
    base = hint.partition("-")[0]
    told = {UNIVERSAL, base} if base else {UNIVERSAL, *tongues(tuple(words))}
    found = [0] * len(words)
    for language in told & marks.masks.keys():
        found = list(map(or_, found, marks.masks[language]))
    return found


def _kinds(words: Sequence[str], masks: Sequence[int]) -> Iterator[str]:
    """Give the kinds met, and each pair of them in its order, next to each other or near."""
    named = [_named(mask, word) for mask, word in zip(masks, words, strict=True)]
    for i, here in enumerate(named):
        yield from here
        for near in range(i + 1, min(i + 1 + _REACH, len(named))):
            joint = "+" if near == i + 1 else "…"
            for first in here:
                for second in named[near]:
                    yield f"{first}{joint}{second}"


def _named(mask: int, word: str) -> tuple[str, ...]:
    return _names(mask) or (("[,]",) if word in (BREAK, PAUSE) else ("[]",))


@lru_cache(maxsize=1 << 12)
def _names(mask: int) -> tuple[str, ...]:
    return tuple(f"[{name}]" for kind, name in _NAMES.items() if mask & kind)
