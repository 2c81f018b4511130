"""Answers: what somebody chose or told when asked; None for whatever is not an answer.

Every word has to be understood: "not 1" chooses nothing, and nothing is chosen that was not asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dispatcher.domain.questions import Choice, Question, QuestionKind
from dispatcher.inbound.commands import LONG_ENOUGH, said, says_no, says_yes, skips
from dispatcher.inbound.replies.normalise import MOST_CHARACTERS


class Answer(NamedTuple):
    """An answer: ids of what was chosen, or the text that was told; neither, where one skips."""

    chosen: tuple[str, ...] = ()
    told: str = ""
    skipped: bool = False


YES, NO = "yes", "no"
_LONGEST = 60
_MOST_WORDS = 30

_FILLERS = frozenset(
    (
        *("and", "und", "et", "y", "e", "and", "i", "like", "want", "would", "the", "number", "nr"),
        *("option", "only", "just", "ich", "will", "mag", "nur", "nummer", "je", "veux", "le"),
        *("la", "les", "solo", "so", "quiero", "voglio", "quero", "numero", "opcion", "opzione"),
        *("opcao", "mochte", "moechte", "id", "ill", "take", "choose", "me", "و", "اريد"),
    )
)
_ALL = frozenset(
    (
        *("all", "everything", "all of them", "both", "both of them", "alle", "alles", "beide"),
        *("alle beide", "tout", "tous", "toutes", "les deux", "todo", "todos", "todas", "ambos"),
        *("ambas", "los dos", "tutto", "tutti", "tutte", "entrambi", "entrambe", "tudo", "os dois"),
        *("كل", "الكل", "جميع", "كلاهما"),
    )
)
_BOTH = frozenset(
    (
        *("both", "both of them", "beide", "alle beide", "les deux", "ambos", "ambas", "los dos"),
        *("entrambi", "entrambe", "os dois", "كلاهما"),
    )
)
_NONE = frozenset(
    (
        *("none", "none of them", "nothing", "neither", "0", "zero", "keine", "keins", "nichts"),
        *("keines", "aucun", "aucune", "rien", "ninguno", "ninguna", "nada", "nessuno", "nessuna"),
        *("niente", "nenhum", "nenhuma", "لا شيء", "لا شيئ"),
    )
)
_NUMBERS = {
    1: "one|first|eins|ein|un|une|uno|una|um|uma|واحد",
    2: "two|second|zwei|deux|dos|due|dois|duas|اثنان",
    3: "three|third|drei|trois|tres|tre|ثلاثه",
    4: "four|vier|quatre|cuatro|quattro|quatro|اربعه",
    5: "five|funf|fuenf|cinq|cinco|cinque|خمسه",
    6: "six|sechs|seis|sei|سته",
    7: "seven|sieben|sept|siete|sette|sete|سبعه",
    8: "eight|acht|huit|ocho|otto|oito|ثمانيه",
    9: "nine|neun|neuf|nueve|nove|تسعه",
}
_COUNTED = {word: number for number, words in _NUMBERS.items() for word in words.split("|")}
_RANGE = re.compile(r"\d\s*(?:[-\u2010-\u2015]|to|bis)\s*\d")
_POSTCODE = re.compile(r"(?=.*\d)[A-Z0-9](?:[A-Z0-9]|[ -](?=[A-Z0-9])){2,9}")
_CITY = re.compile(r"(?:[^\W\d_]{2,}|[^\W\d_]{1,}(?=['’. -]))(?:['’. -]{1,2}[^\W\d_]+){0,5}")
_PLAIN = frozenset(" .,'’-&+")


def answer_of(question: Question, offered: Sequence[Choice], text: str) -> Answer | None:
    """Read an answer to a question that offered these choices."""
    text = text[:MOST_CHARACTERS]
    if skips(text):
        return Answer(skipped=True)
    if question.kind in (QuestionKind.TOPICS, QuestionKind.CHOOSE):
        chosen = _chosen(offered, text, many=question.many)
        return None if chosen is None else Answer(chosen)
    told = _told(question, text)
    return Answer(told=told) if told else None


def has_shape(text: str, shape: str) -> bool:
    """Tell whether a text looks so: 9 is a digit, A a letter, everything else itself."""
    return len(text) == len(shape) and all(
        letter.isdecimal() if form == "9" else letter.isalpha() if form == "A" else letter == form
        for letter, form in zip(text, shape, strict=True)
    )


def _told(question: Question, text: str) -> str:
    """Give what was told, in its usual form; "" where it is not of the kind that was asked."""
    match question.kind:
        case QuestionKind.YES_NO:
            return YES if says_yes(text) else NO if says_no(text) else ""
        case QuestionKind.CITY:
            return _fitting(_CITY, _line(text))
        case QuestionKind.POSTCODE:
            return _fitting(_POSTCODE, _line(text).upper())
        case _:
            return _shaped(_line(text), question.shape)


def _chosen(offered: Sequence[Choice], text: str, *, many: bool) -> tuple[str, ...] | None:
    """Give what was chosen, in the order of the offer; None when a word is not understood."""
    words = said(text)
    phrase = " ".join(words)
    if phrase in _NONE or says_no(text):
        return () if many else None
    if phrase in _ALL and many:
        fits = phrase not in _BOTH or len(offered) == 2
        return tuple(choice.id for choice in offered) if fits else None
    if len(words) > _MOST_WORDS or _RANGE.search(text):
        return None
    places = set(_places(offered, words, many=many))
    if not places or None in places or (len(places) > 1 and not many):
        return None
    return tuple(choice.id for at, choice in enumerate(offered) if at in places)


def _places(offered: Sequence[Choice], words: Sequence[str], *, many: bool) -> Iterator[int | None]:
    """Give the place of each choice as it is named; None for a word nobody understands."""
    names = _names(offered)
    i = 0
    while i < len(words):
        at = next((at for at, name in names if name and words[i : i + len(name)] == name), None)
        if at is not None:
            yield at
            i += len(next(name for _, name in names if name and words[i : i + len(name)] == name))
            continue
        if words[i] not in _FILLERS:
            yield from _numbers(words[i], len(offered), many=many)
        i += 1


def _numbers(word: str, most: int, *, many: bool) -> Iterator[int | None]:
    """Read "3", "three", and "13" as one and three; None for what is not on offer."""
    if word in _COUNTED:
        found = [_COUNTED[word]]
    elif word.isdecimal() and (many or len(word) == 1):
        found = [int(digit) for digit in word]
    else:
        found = []
    fits = found and all(1 <= number <= most for number in found)
    yield from [number - 1 for number in found] if fits else [None]


def _names(offered: Sequence[Choice]) -> list[tuple[int, list[str]]]:
    """Give what each choice may be called, the longest first: by a word too, if it is its alone."""
    names = [
        (at, said(name))
        for at, choice in enumerate(offered)
        for name in (choice.id, *choice.names.values())
    ]
    owners: dict[str, set[int]] = {}
    for at, name in names:
        for word in name:
            owners.setdefault(word, set()).add(at)
    short = [
        (min(of), [word])
        for word, of in owners.items()
        if len(of) == 1 and len(word) >= LONG_ENOUGH and word not in _FILLERS
    ]
    return sorted([*names, *short], key=lambda each: -len(each[1]))


def _line(text: str) -> str:
    """Give a text as one line without a stop at its end."""
    return " ".join(unicodedata.normalize("NFC", text).split()).rstrip(".!")


def _fitting(pattern: re.Pattern[str], text: str) -> str:
    return text if len(text) <= _LONGEST and pattern.fullmatch(text) else ""


def _shaped(text: str, shape: str) -> str:
    if shape:
        return text if has_shape(text, shape) else ""
    known = all(letter in _PLAIN or unicodedata.category(letter)[0] in "LMN" for letter in text)
    return text if len(text) <= _LONGEST and known and any(map(str.isalnum, text)) else ""
