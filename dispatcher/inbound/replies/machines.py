"""Machines: automatic answers, reactions that quote our own text, and signatures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dispatcher.inbound.replies.normalise import BREAK, PAUSE, words_of

_QUOTE = re.compile(r"[\"“”„«‟「『]")
_BEFORE_QUOTE = 40


class Machines(NamedTuple):
    """Phrases of machines, folded, with a space at both ends."""

    auto: tuple[str, ...]
    reactions: tuple[str, ...]
    signature: re.Pattern[str]


@cache
def _machines() -> Machines:
    path = Path(__file__).parent / "machines.toml"
    lists = tomllib.loads(path.read_text(encoding="utf-8"))
    folded = {name: tuple(_folded(each) for each in lists[name].split(",")) for name in lists}
    starts = "|".join(re.escape(each.strip()) for each in lists["signatures"].split(","))
    return Machines(
        auto=folded["auto"],
        reactions=tuple(each for each in folded["reactions"] if each.strip()),
        signature=re.compile(rf"(?im)(?:^|(?<=[.!\s]))\s*(?:{starts})\b.*$|^-- ?$[\s\S]*"),
    )


def _folded(phrase: str) -> str:
    stem = phrase.rstrip().endswith("*")
    return " " + " ".join(_plain(words_of(phrase))) + ("" if stem else " ")


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in (BREAK, PAUSE)]


def unsigned(text: str) -> str:
    """Cut the line a telephone adds; a message that is nothing else stays."""
    rest = _machines().signature.sub(" ", text)
    return rest if rest.strip() else text


def by_machine(words: Sequence[str]) -> bool:
    """Say whether nobody typed this."""
    text = f" {' '.join(_plain(words))} "
    return any(phrase in text for phrase in _machines().auto)


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
