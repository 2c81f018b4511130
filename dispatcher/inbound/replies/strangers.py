"""Reading that we have the wrong person, in languages written in words: rules over the marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dispatcher.inbound.replies.lexicon import Kind, lexicon
from dispatcher.inbound.replies.spaced import Finding, Marks, Sight, native, sights

_TELLS = Kind.OFF | Kind.HAS | Kind.GONE | Kind.OWN | Kind.NUMBER
_NO_CAPITALS = frozenset({"ar", "he", "hi"})
_NEAR = 3
_WITHIN = 6


def stranger(words: Sequence[str], marks: Marks, names: frozenset[str]) -> Finding | None:
    """Find where somebody says that the number is not, or no longer, the one we look for."""
    for language, sight in sights(words, marks, _TELLS):
        if sight.things or not native(words, language):
            continue
        named = language in _NO_CAPITALS or _named(sight, names)
        for i, kinds in enumerate(sight.mask):
            if kinds & Kind.OFF and _mistaken(sight, i):
                return Finding(Kind.WRONG, i, i + 1, language)
            if kinds & Kind.NUMBER and (_left(sight, i) or _mine_now(sight, i)):
                return Finding(Kind.WRONG, i, i + 1, language)
            if kinds & Kind.NOT and named and _not_theirs(sight, i):
                return Finding(Kind.WRONG, i, i + 1, language)
    return None


def _named(sight: Sight, names: frozenset[str]) -> bool:
    fill = lexicon().fill
    return any(
        word in names and not sight.mask[j] and word not in fill
        for j, word in enumerate(sight.words)
        if j
    )


def _around(sight: Sight, i: int, most: int) -> Iterator[int]:
    yield from sight.ahead(i, most)
    yield from sight.behind(i, most)


def _mistaken(sight: Sight, i: int) -> bool:
    """Read "the wrong person", "le mauvais num"."""
    return any(sight.mask[j] & (Kind.NUMBER | Kind.WHO) for j in _around(sight, i, _NEAR))


def _left(sight: Sight, i: int) -> bool:
    """Read "Maria doesn't have this phone anymore", "he switched numbers"."""
    near = tuple(_around(sight, i, _WITHIN))
    if any(sight.mask[j] & Kind.GONE and not _first_person(sight, j) for j in near):
        return True
    lacks = any(sight.mask[j] & Kind.NOT and not _first_person(sight, j) for j in near)
    return lacks and any(sight.mask[j] & Kind.HAS for j in near)


def _first_person(sight: Sight, i: int) -> bool:
    return bool(i and sight.mask[i - 1] & Kind.SUBJECT)


def _mine_now(sight: Sight, i: int) -> bool:
    """Read "this number is mine now"."""
    near = tuple(_around(sight, i, _WITHIN))
    return any(sight.mask[j] & Kind.OWN for j in near) and any(
        sight.mask[j] & Kind.NOW for j in near
    )


def _not_theirs(sight: Sight, i: int) -> bool:
    """Read "this is no longer Tina's number": a "not" near a number, and a name."""
    return not _first_person(sight, i) and any(
        sight.mask[j] & Kind.NUMBER for j in _around(sight, i, 5)
    )
