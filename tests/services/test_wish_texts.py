"""Answers to wishes fit one part, name the brand, and say how it all ends."""

from __future__ import annotations

import pytest

from dispatcher.domain.gsm7 import count
from dispatcher.domain.messages import MessageClass
from dispatcher.services.wish_texts import TEXTS, wish_text
from dispatcher.storage.replies import Voice
from dispatcher.words import LANGUAGES

BRANDS = ("Bean & Cup", "The Very Long Name of a Coffee Roaster of Bristol and All Around", "Кофе")


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("message_class", TEXTS)
def test_every_answer_is_one_part(message_class: MessageClass, brand: str) -> None:
    """In each language, whatever the brand is called."""
    texts = {
        wish_text(message_class, f"{language}-XX", Voice(brand, "us"), "2026-12-08")
        for language in LANGUAGES
    }
    assert len(texts) == len(LANGUAGES)
    for text in texts:
        assert count(text).parts == 1
        assert text.startswith(brand[:3])
        assert "STOP" in text
        assert "{" not in text
    if message_class is MessageClass.QUIET_CONFIRMATION:
        assert all("2026-12-08" in text for text in texts)


def test_an_unknown_language_is_answered_in_english() -> None:
    """As all answers are."""
    told = wish_text(MessageClass.NOTHING_NEW, "xx", Voice("Bean", "us"))
    assert told.startswith("Bean: Nothing new")
