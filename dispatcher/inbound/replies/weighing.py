"""Weighing: how likely each meaning is, by weights learned from examples (learning.py)."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import NamedTuple

from dispatcher.inbound.replies.meanings import Intent

INTENTS = tuple(Intent)
WEIGHTS = Path(__file__).parent / "weights.txt.gz"
SCALE = 100  # weights are kept as whole hundredths
_LONGEST = 3  # words of the phrase that is named as the reason

Row = Sequence[int]


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


@cache
def weights() -> Mapping[str, Row]:
    """Read what each trait weighs for each intent, in the order of `Intent`."""
    with gzip.open(WEIGHTS, "rt", encoding="utf-8") as lines:
        next(lines)  # what they were learned from
        pairs = (line.rstrip("\n").split("\t") for line in lines)
        return {trait: tuple(map(int, row.split())) for trait, row in pairs}


def learned_from() -> str:
    """Give the fingerprint of the examples and the lexicon behind the weights."""
    with gzip.open(WEIGHTS, "rt", encoding="utf-8") as lines:
        return next(lines).strip()


def weigh(traits: Iterable[str]) -> Weighed:
    """Add up what the traits weigh, and give each intent its share (softmax)."""
    known = weights()
    rows = [known[trait] for trait in traits if trait in known]
    sums = [sum(column) / SCALE for column in zip(*rows, strict=True)] or [0.0] * len(INTENTS)
    top = max(sums)
    parts = [exp(each - top) for each in sums]
    whole = sum(parts)
    return Weighed({intent: part / whole for intent, part in zip(INTENTS, parts, strict=True)})


def telling(words: Sequence[str], intent: Intent) -> str:
    """Give the phrase of one to three words that speaks most for an intent."""
    spans = (
        words[i : i + size]
        for i in range(len(words))
        for size in range(1, min(_LONGEST, len(words) - i) + 1)
    )
    best: Sequence[str] = max(spans, key=lambda span: _speaks(span, intent), default=())
    return " ".join(best)


def _speaks(span: Sequence[str], intent: Intent) -> int:
    """Add up by how much the words of a phrase, and their pairs, are for it above all others."""
    mine = INTENTS.index(intent)
    found = (
        weights().get(" ".join(span[i : i + size]))
        for size in range(1, len(span) + 1)
        for i in range(len(span) - size + 1)
    )
    return sum(
        row[mine] - max(weight for k, weight in enumerate(row) if k != mine)
        for row in found
        if row is not None
    )
