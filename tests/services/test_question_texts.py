"""Questions by text name who asks, what one gets for it, and how to answer, in every language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatcher.domain.gsm7 import count
from dispatcher.domain.programme import Topic
from dispatcher.domain.questions import Choice, Question, QuestionKind
from dispatcher.services.joining import chosen_by_text, question_by_text, welcome_by_text
from dispatcher.services.question_texts import question_text, together, too_long
from dispatcher.words import LANGUAGES, speak
from tests.support.programme import PROGRAMME

DRINKS = Question(
    "drinks",
    QuestionKind.CHOOSE,
    {"en": "How do you drink it?", "de": "Wie trinken Sie ihn?"},
    {"en": "Then we only offer what fits"},
    (Choice("filter", {"en": "Filter", "de": "Filterkaffee"}), Choice("espresso", {})),
)
BY_TEXT = replace(
    PROGRAMME,
    topics=tuple(Topic(name, {"en": name.title()}) for name in ("coffee", "theatre", "running")),
    questions=(DRINKS,),
)


def test_a_question_says_what_it_gives_and_how_to_answer() -> None:
    """In the person's language as far as the file has it."""
    assert question_text(BY_TEXT, DRINKS, speak("en")) == (
        "Northwind Offers: How do you drink it? 1 Filter, 2 espresso. Then we only offer what fits."
        " Reply with a number, or SKIP."
    )
    german = question_text(BY_TEXT, DRINKS, speak("de"))
    assert "Wie trinken Sie ihn? 1 Filterkaffee, 2 espresso." in german
    assert german.endswith("Antworten Sie mit einer Nummer oder SKIP.")


def test_nobody_is_asked_in_two_languages_at_once() -> None:
    """Where the file does not speak the person's, everything is in one that it speaks."""
    assert question_text(BY_TEXT, DRINKS, speak("ar")) == question_text(
        BY_TEXT, DRINKS, speak("en")
    )
    german = replace(DRINKS, asks={"de": "Wie trinken Sie ihn?"}, gives={"de": "Dann passt es."})
    assert question_text(BY_TEXT, german, speak("fr")).endswith("oder SKIP.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_said_while_joining_fits_two_parts(language: str) -> None:
    """With three topics and a name of ordinary length."""
    words = speak(language)
    everything = [topic.id for topic in BY_TEXT.topics]
    texts = [
        question_by_text(BY_TEXT, words, ()),
        question_by_text(BY_TEXT, words, everything),
        welcome_by_text(BY_TEXT, words, everything),
        chosen_by_text(BY_TEXT, words, everything),
        question_text(BY_TEXT, BY_TEXT.topics_question(), words),
    ]
    assert [text for text in texts if count(text).parts > 2] == []
    assert all(text.startswith("Northwind Offers") for text in texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key", ["text.join", "text.joined", "text.chosen", "text.skipped", "text.noted_none"]
)
def test_texts_that_bind_say_how_to_go_on(language: str, key: str) -> None:
    """The words to reply with are the same everywhere."""
    told = speak(language).texts[key]
    assert ("TOPICS" if key == "text.noted_none" else "STOP") in told


def test_texts_that_follow_one_another_go_together_as_far_as_they_fit() -> None:
    """Two parts at most; nothing is cut."""
    assert together(["a", "b"]) == ["a b"]
    assert together(["a" * 300, "b" * 20, "c"]) == ["a" * 300, "b" * 20 + " c"]
    assert together([]) == []


def test_a_question_that_takes_three_texts_is_found() -> None:
    """Before anybody gets it."""
    assert too_long(BY_TEXT) == []
    long = Question("long", QuestionKind.CITY, {"en": "w" * 160}, {"en": "g" * 120})
    found = too_long(replace(BY_TEXT, questions=(long,)))
    assert ("long", "en", 3) in found
    assert {name for name, _, _ in found} == {"long"}
