"""Every language says the same things, with the same blanks to be filled in."""

from __future__ import annotations

import string

import pytest

from dispatcher.words import LANGUAGES, accepted, choose, speak


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_said_in_one_language_only(language: str) -> None:
    """The same keys in each, none of them empty, and each with the same blanks as in English."""
    english, here = speak("en").texts, speak(language).texts
    assert here.keys() == english.keys()
    assert {key: blanks(text) for key, text in here.items()} == {
        key: blanks(text) for key, text in english.items()
    }
    assert all(text == text.strip() != "" for text in here.values())


def test_the_first_language_that_we_speak_is_chosen() -> None:
    """As a browser or a person has it; English when there is none of them."""
    assert choose("nl", "fr-CA", "de").language == "fr"
    assert choose("pt_BR").language == "pt"
    assert choose("nl", "").language == "en"
    assert choose(*accepted("nl, ar;q=0.9, en;q=0.8")).language == "ar"
    assert (speak("ar").direction, speak("it").direction) == ("rtl", "ltr")
