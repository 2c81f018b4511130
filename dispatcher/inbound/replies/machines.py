"""Machines: automatic answers, reactions that quote our own text, and signatures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from dispatcher.inbound.replies.normalise import BREAK, PAUSE, words_of

_QUOTE = re.compile(r"[\"“”„«‟「『]")
_BEFORE_QUOTE = 40


class Machines(NamedTuple):
    """Phrases of machines, folded, with a space at both ends."""

    auto: dict[str, list[str]]  # by their first words
    reactions: tuple[str, ...]
    signatures: tuple[str, ...]
    signature: re.Pattern[str]


@cache
def _machines() -> Machines:
    path = Path(__file__).parent / "machines.toml"
    lists = tomllib.loads(path.read_text(encoding="utf-8"))
    folded = {name: tuple(_folded(each) for each in lists[name].split(",")) for name in lists}
    signatures = tuple(each.strip().lower() for each in lists["signatures"].split(","))
    starts = "|".join(map(re.escape, signatures))
    return Machines(
        auto={first: list(all_) for first, all_ in groupby(sorted(folded["auto"]), _first)},
        reactions=tuple(each for each in folded["reactions"] if each.strip()),
        signatures=(*signatures, "--"),
        signature=re.compile(rf"(?im)(?:^|(?<=[.!\s]))(?:{starts})\b.*$|^-- ?$[\s\S]*"),
    )


def _first(phrase: str) -> str:
    return phrase.split()[0]


def _folded(phrase: str) -> str:
    stem = phrase.rstrip().endswith("*")
    return " " + " ".join(_plain(words_of(phrase))) + ("" if stem else " ")


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in (BREAK, PAUSE)]


def unsigned(text: str) -> str:
    """Cut the line a telephone adds; a message that is nothing else stays."""
    lowered = text.lower()
    if not any(start in lowered for start in _machines().signatures):
        return text
    rest = _machines().signature.sub(" ", text)
    return rest if rest.strip() else text


def by_machine(words: Sequence[str]) -> bool:
    """Say whether nobody typed this."""
    auto = _machines().auto
    firsts = auto.keys() & set(words)
    text = f" {' '.join(_plain(words))} " if firsts else ""
    return any(phrase in text for first in firsts for phrase in auto[first])


def reacts(text: str) -> bool:
    """Say whether this is a reaction, which quotes what it reacts to."""
    quote = _QUOTE.search(text)
    if not quote:
        return False
    before, after = text[: quote.start()], text[quote.start() :]
    closing = max((each.end() for each in re.finditer(r"[\"“”»」』]", after)), default=0)
    outside = before if before.strip() else after[closing:]
    if len(outside) > _BEFORE_QUOTE:
        return False
    words = f" {' '.join(_plain(words_of(outside)))} "
    return any(phrase in words for phrase in _machines().reactions)
