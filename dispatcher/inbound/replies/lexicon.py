"""The lexicon: what people write, read once from the data files and ready to be looked up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dispatcher.inbound.replies.normalise import BREAK, PAUSE, words_of

_HERE = Path(__file__).parent
UNIVERSAL = "en"  # people mix its words into every language


class Kind(IntEnum):
    """What a word or phrase may do to a message; the data files tell what each means."""

    STRONG = 1 << 0
    WEAK = 1 << 1
    HELP = 1 << 2
    JOIN = 1 << 3
    STOP = 1 << 4
    TEXT = 1 << 5
    SEND = 1 << 6
    REMOVE = 1 << 7
    MINE = 1 << 8
    NOT = 1 << 9
    WANT = 1 << 10
    MORE = 1 << 11
    KEEP = 1 << 12
    CONSENT = 1 << 13
    REVOKE = 1 << 14
    THING = 1 << 15
    PHRASE = 1 << 16
    MAYBE = 1 << 17
    WRONG = 1 << 18
    IAMNOT = 1 << 19
    HELPS = 1 << 20
    JOINS = 1 << 21
    SUBJECT = 1 << 22
    IDLE = 1 << 23
    FILL = 1 << 24
    HOW = 1 << 25
    NUMBER = 1 << 26
    OFF = 1 << 27
    WHO = 1 << 28
    HAS = 1 << 29
    GONE = 1 << 30
    OWN = 1 << 31
    NOW = 1 << 32
    CRY = 1 << 33
    GLAD = 1 << 34


WHOLE = (Kind.STRONG, Kind.WEAK, Kind.HELP, Kind.JOIN)


class Entry(NamedTuple):
    """A phrase after its first word; `rest` has stems ending in `*` and `_` for a gap."""

    rest: tuple[str, ...]
    kind: Kind
    language: str


class Lexicon(NamedTuple):
    """Phrases by their first word or stem, whole messages, and words that say nothing."""

    words: Mapping[str, tuple[Entry, ...]]
    stems: Mapping[str, tuple[Entry, ...]]
    longest_stem: int
    whole: Mapping[str, tuple[tuple[Kind, str], ...]]
    fill: frozenset[str]
    fills: Mapping[str, tuple[tuple[str, ...], ...]]  # those of more words, by the first
    tongues: Mapping[str, frozenset[str]]  # the languages that have a word
    plain: frozenset[str]  # words that a digit among letters may be meant to be
    latin: frozenset[str]  # keywords that look-alikes and digits may be meant to be


class Unspaced(NamedTuple):
    """A language written without spaces: whole messages, and what adds nothing to them."""

    language: str
    whole: Mapping[str, Kind]
    fill: tuple[str, ...]


@cache
def lexicon() -> Lexicon:
    """Read the languages written in words."""
    words: dict[str, list[Entry]] = {}
    stems: dict[str, list[Entry]] = {}
    whole: dict[str, list[tuple[Kind, str]]] = {}
    fills: list[tuple[str, ...]] = []
    tongues: dict[str, set[str]] = {}
    shared: set[tuple[Kind, tuple[str, ...]]] = set()  # English is mixed into every language
    for language, kind, entry in _entries("words.toml"):
        for word in entry:
            tongues.setdefault(word, set()).add(language)
        if kind is Kind.FILL:
            fills.append(entry)
        if kind in WHOLE:
            whole.setdefault(" ".join(entry), []).append((kind, language))
        if (kind in WHOLE and kind is not Kind.STRONG) or kind is Kind.FILL:
            continue
        if (kind, entry) in shared:
            continue
        if language == UNIVERSAL:
            shared.add((kind, entry))
        first = entry[0]
        shelf = stems if first.endswith("*") else words
        item = Entry(entry[1:], kind, language)
        shelf.setdefault(first.rstrip("*"), []).append(item)
    return Lexicon(
        words={word: tuple(found) for word, found in words.items()},
        stems={word: tuple(found) for word, found in stems.items()},
        longest_stem=max(map(len, stems)),
        whole={words: tuple(found) for words, found in whole.items()},
        fill=frozenset(entry[0] for entry in fills if len(entry) == 1),
        fills=_by_first(entry for entry in fills if len(entry) > 1),
        tongues={word: frozenset(languages) for word, languages in tongues.items()},
        latin=frozenset(
            word for said in whole for word in said.split() if word.isascii() and len(word) > 2
        ),
        plain=frozenset(word for word in tongues if word.isascii() and len(word) > 2),
    )


@cache
def unspaced() -> tuple[Unspaced, ...]:
    """Read the languages written without spaces."""
    found: dict[str, dict[Kind, list[str]]] = {}
    for language, kind, entry in _entries("unspaced.toml"):
        found.setdefault(language, {}).setdefault(kind, []).append("".join(entry))
    return tuple(
        Unspaced(
            language,
            {said: kind for kind in WHOLE for said in kinds.get(kind, ())},
            tuple(sorted(kinds[Kind.FILL], key=len, reverse=True)),
        )
        for language, kinds in found.items()
    )


def _entries(name: str) -> Iterator[tuple[str, Kind, tuple[str, ...]]]:
    languages = tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
    for language, kinds in languages.items():
        for kind, text in kinds.items():
            for phrase in text.split(","):
                entry = _entry(phrase)
                if entry:
                    yield language, Kind[kind.upper()], entry


def _entry(phrase: str) -> tuple[str, ...]:
    """Fold an entry as messages are folded, its stars and gaps apart."""
    entry: list[str] = []
    for word in phrase.split():
        if word == "_":
            entry.append("_")
            continue
        entry += _folded(word).split()
        if word.endswith("*") and entry:
            entry[-1] += "*"
    return tuple(entry)


def _folded(word: str) -> str:
    return " ".join(piece for piece in words_of(word) if piece not in (BREAK, PAUSE))


def _by_first(
    entries: Iterator[tuple[str, ...]],
) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for entry in entries:
        found.setdefault(entry[0], []).append(entry)
    return {word: tuple(sorted(rest, key=len, reverse=True)) for word, rest in found.items()}
