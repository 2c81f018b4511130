"""Questions: what a programme asks people by text, and what each of them gets for answering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Texts = Mapping[str, str]

# A choice is answered with one digit, so that "13" is two choices and never a thirteenth.
MOST_CHOICES = 9
TOPICS_QUESTION = "topics"  # the name of the question that each programme asks if it has none


class QuestionKind(StrEnum):
    """What counts as an answer."""

    TOPICS = "topics"
    CHOOSE = "choose"
    YES_NO = "yes-no"
    TEXT = "text"
    CITY = "city"
    POSTCODE = "postcode"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose; `id` is what is kept, `names` what people read and may write back."""

    id: str
    names: Texts


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `gives` says what the person gets for an answer: no question goes without.

    Topics are chosen several at once, and each chosen one is a consent; every other answer is kept
    as the attribute `keeps`. `shape` is what a text looks like: 9 a digit, A a letter, the rest as
    it stands. After `hours` without an answer the question is forgotten.
    """

    id: str
    kind: QuestionKind
    asks: Texts = field(default_factory=dict)
    gives: Texts = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    keeps: str = ""
    shape: str = ""
    hours: int = 48

    @property
    def many(self) -> bool:
        """Tell whether several may be chosen at once."""
        return self.kind is QuestionKind.TOPICS

    def offering(self, ids: tuple[str, ...]) -> tuple[Choice, ...]:
        """Give what was offered, in the order of its numbers, as far as it is still there."""
        known = {choice.id: choice for choice in self.choices}
        return tuple(known.get(each, Choice(each, {})) for each in ids)
