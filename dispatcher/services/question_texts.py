"""The words of questions: asked in the person's language, each with what an answer gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dispatcher.domain.gsm7 import count, smarten
from dispatcher.domain.programme import Programme, in_language
from dispatcher.domain.questions import Choice, Question, QuestionKind
from dispatcher.inbound.answers import YES, Answer
from dispatcher.words import DEFAULT, LANGUAGES, Words, choose, speak

MOST_PARTS = 2
_HINTS = {
    QuestionKind.TOPICS: "text.hint_many",
    QuestionKind.CHOOSE: "text.hint_one",
    QuestionKind.YES_NO: "text.hint_yes_no",
}
_ENDS = ".!?؟"


def question_text(programme: Programme, question: Question, words: Words) -> str:
    """Write a question: who asks, what, the choices, what it gives, and how to answer.

    All of it is in one language: where the file does not ask in the person's, in one that it has.
    """
    words = choose(*_languages(question, words.language))
    asks = in_language(question.asks, words.language) or words("text.ask_topics")
    gives = in_language(question.gives, words.language) or words("text.gives_topics")
    parts = [asks, _listed(question.choices, words), _ended(gives), words(hint_of(question))]
    return smarten(f"{programme.name}: {' '.join(part for part in parts if part)}")


def hint_of(question: Question) -> str:
    """Name the words that say how to answer."""
    return _HINTS.get(question.kind, "text.hint_open")


def answer_told(question: Question, offered: Sequence[Choice], answer: Answer, words: Words) -> str:
    """Give an answer as the person may read it."""
    if question.kind is QuestionKind.YES_NO:
        return words("text.yes" if answer.told == YES else "text.no")
    names = [
        in_language(choice.names, words.language) or choice.id
        for choice in offered
        if choice.id in answer.chosen
    ]
    return ", ".join(names) or answer.told


def together(texts: Iterable[str]) -> list[str]:
    """Join texts that follow one another, as long as they fit two parts together.

    Who writes is named once in each.
    """
    packed: list[str] = []
    for text in texts:
        both = f"{packed[-1]} {_unnamed(text, packed[-1])}" if packed else ""
        if both and count(both).parts <= MOST_PARTS:
            packed[-1] = both
        else:
            packed.append(text)
    return packed


def too_long(programme: Programme) -> list[tuple[str, str, int]]:
    """Name the questions that take more than two parts: (name, language, parts)."""
    asked = (programme.topics_question(), *programme.questions)
    sizes = {
        (question.id, language): count(question_text(programme, question, speak(language))).parts
        for question in asked
        for language in LANGUAGES
        if not question.asks or language in _languages(question, language)
    }
    return [(name, at, parts) for (name, at), parts in sizes.items() if parts > MOST_PARTS]


def _unnamed(text: str, before: str) -> str:
    name, _, rest = text.partition(": ")
    return rest if before.startswith(f"{name}: ") else text


def _listed(choices: Sequence[Choice], words: Words) -> str:
    named = [in_language(choice.names, words.language) or choice.id for choice in choices]
    return ", ".join(f"{number} {name}" for number, name in enumerate(named, 1)) + "." * bool(named)


def _languages(question: Question, wish: str) -> list[str]:
    """Give the languages a question may be put in, the wish first where it is one of them."""
    spoken = [language.partition("-")[0] for language in question.asks]
    if not spoken or wish in spoken:
        return [wish]
    return [DEFAULT] if DEFAULT in spoken else spoken


def _ended(text: str) -> str:
    return text if text.endswith(tuple(_ENDS)) else f"{text}."
