"""Commands by text: a word of ours first, in any dress; everything else is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.programme import Topic
from dispatcher.inbound.commands import (
    Command,
    Verb,
    command_of,
    says_no,
    says_yes,
    skips,
    topic_named,
)
from tests.support.programme import PROGRAMME

KEYWORDS = ("join", "offers")
BY_TEXT = replace(
    PROGRAMME,
    topics=(
        Topic("coffee", {"en": "Coffee and tea", "de": "Kaffee und Tee"}),
        Topic("theatre", {"en": "Theatre and tea houses"}),
    ),
)


def verb(text: str) -> Verb | None:
    found = command_of(text, KEYWORDS)
    return found.verb if found else None


@pytest.mark.parametrize(
    "text",
    ["JOIN", "join!", " Join, please ", "Offers", "ＪＯＩＮ", "please join coffee", "j.o.i.n"],
)
def test_a_keyword_joins_in_any_dress(text: str) -> None:
    assert verb(text) is Verb.JOIN


@pytest.mark.parametrize(
    "text",
    ["don't join", "I want to join the gym", "rejoin", "join us tonight at eight for drinks", ""],
)
def test_what_only_holds_the_keyword_does_not(text: str) -> None:
    assert verb(text) is None


@pytest.mark.parametrize(
    ("text", "topic", "language"),
    [
        ("JOIN COFFEE", "coffee", ""),
        ("join coffee and tea", "coffee", "en"),
        ("join Kaffee und Tee", "coffee", "de"),
        ("join kaffee", "coffee", "de"),
        ("join theatre", "theatre", ""),
        ("join houses", "theatre", ""),
    ],
)
def test_a_topic_is_named_by_its_id_or_any_name(text: str, topic: str, language: str) -> None:
    """And its language is known where it has names in several."""
    command = command_of(text, KEYWORDS)
    assert command is not None
    assert topic_named(command.rest, BY_TEXT) == (topic, language)


@pytest.mark.parametrize("text", ["join", "join tea", "join the club", "join and"])
def test_what_fits_no_topic_or_two_names_none(text: str) -> None:
    command = command_of(text, KEYWORDS)
    assert command is not None
    assert topic_named(command.rest, BY_TEXT) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("TOPICS", "en"),
        ("change topics please", "en"),
        ("Themen", "de"),
        ("thèmes", "fr"),
        ("temas", ""),
        ("argomenti", "it"),
        ("tópicos", "pt"),
        ("المواضيع", "ar"),
    ],
)
def test_topics_are_asked_for_in_seven_languages(text: str, language: str) -> None:
    """Where two languages say the same, none is told."""
    assert command_of(text, KEYWORDS) == Command(Verb.TOPICS, language=language)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("REDEEM WEEK26", "WEEK26"),
        ("redeem: week26!", "WEEK26"),
        ("Redeem my code Week-26", "WEEK-26"),
        ("einlösen WEEK26", "WEEK26"),
        ("redeem BEANS", "BEANS"),
        ("canjear WEEK26 por favor", "WEEK26"),
    ],
)
def test_a_code_is_read_as_it_was_typed(text: str, code: str) -> None:
    command = command_of(text, KEYWORDS)
    assert command is not None
    assert (command.verb, command.code) == (Verb.REDEEM, code)


def test_a_verb_without_a_code_is_none() -> None:
    assert verb("redeem") is None


@given(st.text() | st.text(alphabet="join redtpcs 123,.?! \u20e3\u0000", max_size=60))
def test_no_text_whatever_makes_it_stumble(text: str) -> None:
    """Whatever is written, the answer is a command or none."""
    command = command_of(text, KEYWORDS)
    if command:
        found = topic_named(command.rest, BY_TEXT)
        assert found is None or BY_TEXT.topic(found.topic)
    assert not (says_yes(text) and says_no(text))
    assert skips(text) in (True, False)
