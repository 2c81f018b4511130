"""Weighing: how likely each meaning is, by weights learned from examples (learning.py)."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import NamedTuple

import orjson

from dispatcher.inbound.replies.meanings import Intent

INTENTS = tuple(Intent)
WEIGHTS = Path(__file__).parent / "weights.json.gz"
SCALE = 100  # weights are kept as whole hundredths
_SIZES = (1, 2, 3)  # words of the phrase that is named as the reason
_FEW = 5

Row = Sequence[int]
Span = tuple[int, int]  # where it begins, and how many words it has


class Weighed(NamedTuple):
    """The share of each intent, all together 1."""

    shares: Mapping[Intent, float]

    @property
    def leaving(self) -> float:
        """How likely it is that somebody is to be left alone, whoever it is."""
        return self.shares[Intent.OPT_OUT] + self.shares[Intent.WRONG_NUMBER]

    def likeliest(self, among: Iterable[Intent]) -> Intent:
        """Give the likeliest of some."""
        return max(among, key=self.shares.__getitem__)


class Learned(NamedTuple):
    """What each trait weighs for each intent, in their order, and the print of what taught it."""

    weights: Mapping[str, Row]
    source: str


@cache
def learned() -> Learned:
    """Read the weights; half a hundred thousand traits and more, once in a process."""
    found = orjson.loads(gzip.decompress(WEIGHTS.read_bytes()))
    return Learned(found["weights"], found["source"])


def weigh(traits: Iterable[str]) -> Weighed:
    """Add up what the traits weigh, and give each intent its share (softmax)."""
    known = learned().weights
    rows = [known[trait] for trait in traits if trait in known]
    sums = [sum(column) / SCALE for column in zip(*rows, strict=True)] or [0.0] * len(INTENTS)
    top = max(sums)
    parts = [exp(each - top) for each in sums]
    whole = sum(parts)
    return Weighed({intent: part / whole for intent, part in zip(INTENTS, parts, strict=True)})


def telling(words: Sequence[str], intent: Intent) -> str:
    """Give the phrase that speaks most for an intent; a message of few words says it whole."""
    if len(words) <= _FEW:
        return " ".join(words)
    mine = INTENTS.index(intent)
    spans = [(i, size) for size in _SIZES for i in range(len(words) - size + 1)]
    speaks = {(i, size): _speaks(" ".join(words[i : i + size]), mine) for i, size in spans}
    start, length = max(spans, key=lambda span: _within(span, speaks), default=(0, 0))
    return " ".join(words[start : start + length])


def _within(span: Span, speaks: Mapping[Span, int]) -> int:
    """Add up what a phrase says, and all that it is made of."""
    start, length = span
    sizes = range(1, length + 1)
    return sum(speaks[i, size] for size in sizes for i in range(start, start + length - size + 1))


def _speaks(phrase: str, mine: int) -> int:
    """Say by how much a phrase is for one intent above all others."""
    row = learned().weights.get(phrase)
    return 0 if row is None else row[mine] - max((*row[:mine], *row[mine + 1 :]))
