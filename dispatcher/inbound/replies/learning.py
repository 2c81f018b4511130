"""Learning what traits weigh from examples, by the follow-the-regularised-leader method.

H. B. McMahan and others, "Ad Click Prediction: a View from the Trenches", KDD 2013: a weight moves
less the more often it was moved, and one that tells little stays exactly zero. Here it has one
weight for each intent (softmax).

`python -m dispatcher.inbound.replies.learning tests/inbound/replies/examples` writes the weights
anew from all examples; a few minutes of one core.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import exp, sqrt
from pathlib import Path
from typing import NamedTuple

import orjson

from dispatcher.inbound.replies.marking import mark
from dispatcher.inbound.replies.meanings import Intent
from dispatcher.inbound.replies.reading import typed
from dispatcher.inbound.replies.traits import traits
from dispatcher.inbound.replies.weighing import INTENTS, SCALE, WEIGHTS

_RATE, _EASE = 0.1, 1.0
_LASSO, _RIDGE = 0.6, 0.5
_PASSES = 8
_SEEN_BY = 2  # examples that must show a trait before it counts
_RIGHT_ENOUGH = 0.001  # a smaller mistake teaches nothing


class Example(NamedTuple):
    """What somebody wrote, in which language, and what it means."""

    text: str
    language: str
    intent: Intent


class _Lesson(NamedTuple):
    traits: list[int]
    intent: int


def examples(files: Iterable[Path]) -> list[Example]:
    """Read every example once: text, language and label, a tab between them."""
    texts = [path.read_text("utf-8").split("\n") for path in files]
    lines = dict.fromkeys(line for text in texts for line in text if line)
    return [_example(*line.split("\t")) for line in lines]


def _example(text: str, language: str, label: str) -> Example:
    return Example(text.replace("\\n", "\n"), language, Intent(label))


def shown(example: Example) -> set[str]:
    """Give the traits that an example shows."""
    words = typed(example.text)
    return traits(example.text, words, mark(words), example.language)


def learn(taught: Iterable[Example], seed: int = 1) -> dict[str, list[float]]:
    """Give each trait's weights in the order of `Intent`; same examples, same weights."""
    told = [(shown(example), INTENTS.index(example.intent)) for example in taught]
    seen = Counter(trait for found, _ in told for trait in found)
    known = {trait: i for i, trait in enumerate(sorted(t for t in seen if seen[t] >= _SEEN_BY))}
    lessons = [_Lesson(sorted(known[t] for t in found & known.keys()), at) for found, at in told]
    scales = _Scales(len(known))
    dice = random.Random(seed)
    for _ in range(_PASSES):
        dice.shuffle(lessons)
        for lesson in lessons:
            scales.study(lesson)
    return {trait: scales.weights[i] for trait, i in known.items()}


class _Scales:
    """Weights, and for each how far it was pulled and how much it was moved altogether."""

    def __init__(self, size: int) -> None:
        self.weights = [[0.0] * len(INTENTS) for _ in range(size)]
        self._pulls = [[0.0] * len(INTENTS) for _ in range(size)]
        self._moves = [[0.0] * len(INTENTS) for _ in range(size)]

    def study(self, lesson: _Lesson) -> None:
        """Move the weights of one lesson's traits towards what it means."""
        mistakes = [
            (k, mistake, mistake * mistake)
            for k, mistake in enumerate(self._mistakes(lesson))
            if abs(mistake) > _RIGHT_ENOUGH
        ]
        for i in lesson.traits:
            weights, pulls, moves = self.weights[i], self._pulls[i], self._moves[i]
            for k, mistake, square in mistakes:
                before, after = sqrt(moves[k]), sqrt(moves[k] + square)
                moves[k] += square
                pulls[k] += mistake - (after - before) / _RATE * weights[k]
                weights[k] = _weight(pulls[k], after)

    def _mistakes(self, lesson: _Lesson) -> list[float]:
        columns = zip(*(self.weights[i] for i in lesson.traits), strict=True)
        sums = [sum(column) for column in columns] or [0.0] * len(INTENTS)
        parts = [exp(each - max(sums)) for each in sums]
        whole = sum(parts)
        return [part / whole - (k == lesson.intent) for k, part in enumerate(parts)]


def _weight(pull: float, moved: float) -> float:
    if abs(pull) <= _LASSO:
        return 0.0
    rest = pull + _LASSO if pull < 0 else pull - _LASSO
    return -rest / ((_EASE + moved) / _RATE + _RIDGE)


def fingerprint(folder: Path) -> str:
    """Give what tells whether the examples or the lexicon changed since."""
    files = [*sorted(folder.glob("*.tsv")), *sorted(WEIGHTS.parent.glob("*.toml"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def write(weights: Mapping[str, Sequence[float]], source: str, path: Path = WEIGHTS) -> None:
    """Write the weights in hundredths, without rows of zeros; same weights, same bytes."""
    rows = {trait: [round(each * SCALE) for each in row] for trait, row in weights.items()}
    told = {"source": source, "weights": {trait: row for trait, row in rows.items() if any(row)}}
    path.write_bytes(gzip.compress(orjson.dumps(told), mtime=0))


def main() -> None:
    """Learn from a folder of examples and write what was learned."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    write(learn(examples(sorted(folder.glob("*.tsv")))), fingerprint(folder))


if __name__ == "__main__":
    main()
