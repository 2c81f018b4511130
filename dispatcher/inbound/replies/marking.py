"""Marks on words: what each word and phrase of the lexicon may do to a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from dispatcher.inbound.replies.lexicon import UNIVERSAL, Entry, Kind, Lexicon, lexicon
from dispatcher.inbound.replies.normalise import BREAK, PAUSE

_GAP_WORDS = 3
_LONG = 60
_MOST_LANGUAGES = 3
_STOPS = (BREAK,)


class Finding(NamedTuple):
    """What was found, where, and in which language."""

    kind: Kind
    start: int
    end: int
    language: str


class Marks(NamedTuple):
    """The findings in a message, and for each language what each word may do."""

    findings: list[Finding]
    masks: dict[str, list[int]]


def mark(words: Sequence[str]) -> Marks:
    """Look up every word and phrase; what lies within an idle one does not count."""
    present = frozenset(words)
    found = [finding for i in range(len(words)) for finding in _at(words, i, present)]
    if len(words) > _LONG:
        found = _in_main_languages(found)
    found = _delighted(found, words)
    reach = _idle_reach(found, len(words))
    kept = [each for each in found if each.kind is Kind.IDLE or not _idle(each, reach)]
    masks: dict[str, list[int]] = {}
    for kind, start, end, language in kept:
        mask = masks.get(language)
        if mask is None:
            mask = masks[language] = [0] * len(words)
        for i in range(start, end):
            mask[i] |= kind
    return Marks(kept, masks)


def _in_main_languages(found: Sequence[Finding]) -> list[Finding]:
    """A long message shows its language: leave what other languages make of its words."""
    count = Counter(each.language for each in found)
    main = {UNIVERSAL, *(language for language, _ in count.most_common(_MOST_LANGUAGES))}
    return [each for each in found if each.language in main]


def _delighted(found: list[Finding], words: Sequence[str]) -> list[Finding]:
    """Take "stop it, so cute" for what it is: a cry is idle where delight is told."""
    glad = {each.start for each in found if each.kind is Kind.GLAD}
    if not glad:
        return found
    apart = {i for i, word in enumerate(words) if word in (BREAK, PAUSE)}
    apart.update(i for start in glad for i in range(start - _GAP_WORDS, start + 1))
    return [
        each._replace(kind=Kind.IDLE) if each.kind is Kind.CRY and each.end in apart else each
        for each in found
    ]


def _idle_reach(found: Sequence[Finding], length: int) -> list[int]:
    """Give for each place how far the idle phrases go that begin there or earlier."""
    reach = [0] * length
    for each in found:
        if each.kind is Kind.IDLE:
            reach[each.start] = max(reach[each.start], each.end)
    return list(accumulate(reach, max))


def _idle(one: Finding, reach: Sequence[int]) -> bool:
    """Say whether it lies in an idle phrase or runs into one: "please stop by"."""
    if one.kind is Kind.PHRASE and one.start and reach[one.start - 1] > one.start:
        return True
    if one.kind is Kind.PHRASE and reach[one.end - 1] > one.end:
        return True
    return one.end <= reach[one.start]


def _at(words: Sequence[str], i: int, present: frozenset[str]) -> Iterator[Finding]:
    shelf = _shelf(words[i])
    for entry in shelf.alone:
        yield Finding(entry.kind, i, i + 1, entry.language)
    longer = shelf.longer.get(words[i + 1], ()) if i + 1 < len(words) else ()
    loose = [entry for needed, entry in shelf.loose if not needed or needed in present]
    for entry in (*longer, *loose):
        end = _follow(words, i + 1, entry.rest)
        if end:
            yield Finding(entry.kind, i, end, entry.language)


class Shelf(NamedTuple):
    """What begins with one word: alone, before a certain next word, or before a stem or a gap.

    With the loose ones stands a word that they need somewhere, if there is one.
    """

    alone: tuple[Entry, ...]
    longer: dict[str, tuple[Entry, ...]]
    loose: tuple[tuple[str, Entry], ...]


@lru_cache(maxsize=8192)
def _shelf(word: str) -> Shelf:
    known: Lexicon = lexicon()
    found = known.words.get(word, ())
    for length in range(2, min(len(word), known.longest_stem) + 1):
        found += known.stems.get(word[:length], ())
    longer: dict[str, tuple[Entry, ...]] = {}
    loose: list[tuple[str, Entry]] = []
    for entry in found:
        if entry.rest and entry.rest[0] != "_" and not entry.rest[0].endswith("*"):
            longer[entry.rest[0]] = (*longer.get(entry.rest[0], ()), entry)
        elif entry.rest:
            plain = [part for part in entry.rest if part != "_" and part[-1] != "*"]
            loose.append((plain[-1] if plain else "", entry))
    return Shelf(tuple(each for each in found if not each.rest), longer, tuple(loose))


def _follow(words: Sequence[str], i: int, rest: tuple[str, ...]) -> int:
    """Give where the phrase ends that goes on like this, or 0."""
    for n, part in enumerate(rest):
        if part == "_":
            return _leap(words, i, rest[n + 1 :])
        if i >= len(words):
            return 0
        fits = words[i].startswith(part[:-1]) if part[-1] == "*" else words[i] == part
        if not fits:
            return 0
        i += 1
    return i


def _leap(words: Sequence[str], i: int, rest: tuple[str, ...]) -> int:
    for start in range(i, min(i + _GAP_WORDS, len(words)) + 1):
        if start > i and words[start - 1] in _STOPS:
            return 0
        end = _follow(words, start, rest)
        if end:
            return end
    return 0


@lru_cache(maxsize=8)
def tongues(words: tuple[str, ...]) -> frozenset[str]:
    """Give the languages that have the most of these words."""
    known = lexicon().tongues
    count = Counter(each for word in words for each in known.get(word, ()))
    most = max(count.values(), default=0)
    return frozenset(each for each, n in count.items() if n == most)
