"""Whoever asks why in so many words is understood, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.replies import Intent, read_reply
from dispatcher.inbound.why import asks_why

ASKING = {
    "en": ("WHY", "why?", "Why me?", "but why", "Why did I get this message?", "why please"),
    "de": ("Warum", "WIESO?", "weshalb ich", "Warum diese SMS?"),
    "fr": ("Pourquoi ?", "POURQUOI", "pourquoi ce message", "Pourquoi j'ai reçu ça ?"),
    "it": ("Perché?", "PERCHE", "perché io"),
    "ar": ("لماذا", "لماذا؟", "لماذا أنا؟", "ليش"),
}
OF_TWO = ("Por qué", "¿POR QUE?", "porque", "Porquê?", "por que este sms")
NOTHING = (
    "",
    "why not",
    "that is why I love you",
    "why is my order late?",
    "tell me why the shop is shut",
    "porque si",
    "more?? why",
)


@pytest.mark.parametrize(
    ("words", "language"), [(words, each) for each, told in ASKING.items() for words in told]
)
def test_who_asks_why_is_understood(words: str, language: str) -> None:
    """In each language, alone or with what it is about."""
    assert asks_why(words) == language
    assert read_reply(words).intent is Intent.HELP


@pytest.mark.parametrize("words", OF_TWO)
def test_words_of_two_languages_tell_of_neither(words: str) -> None:
    """Spanish and Portuguese ask alike."""
    assert asks_why(words) == ""
    assert read_reply(words).intent is Intent.HELP


@pytest.mark.parametrize("words", NOTHING)
def test_the_word_alone_in_a_sentence_asks_nothing(words: str) -> None:
    """Only the whole message counts."""
    assert asks_why(words) is None


@given(st.text(max_size=200))
def test_no_text_makes_it_stumble(words: str) -> None:
    """Whatever is written."""
    assert asks_why(words) in (None, "", "en", "de", "fr", "es", "pt", "it", "ar")
