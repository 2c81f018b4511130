"""The programme file: what people may ask for, in whose name, and by which words they join."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.programme_file import read
from dispatcher.campaign_files.programme_keys import KEYS, NAMED_TABLES
from dispatcher.domain.messages import Channel
from dispatcher.domain.programme import Programme, in_language
from dispatcher.domain.questions import QuestionKind
from dispatcher.errors import CampaignError, CampaignErrors
from dispatcher.services.question_texts import too_long

HOW_TO = Path(__file__).parents[2] / "docs/how-to/let-people-join-by-text.md"
CHOICES = """
[questions.coffee.choices]
filter = { en = "Filter", de = "Filterkaffee" }
espresso = "Espresso"
"""
QUESTIONS = """
[questions.tastes]
kind = "topics"
topics = ["theatre", "coffee"]

[questions.drinks]
kind = "choose"
asks = "How do you drink it?"
gives = "Then we only offer what fits."
hours = 24

[questions.drinks.choices]
filter = "Filter"
espresso = "Espresso"

[questions.member]
kind = "text"
asks = "Your member number?"
gives = "Then your points count."
keeps = "member_number"
shape = "AA99"
"""
PROGRAMME = """\
[programme]
name = "Northwind Offers"
email = "offers@northwind.example"
sms_sender = "+447700900999"
postal_address = "1 Quay St, Bristol BS1 4DJ, UK"
keywords = ["JOIN", "Offers"]
most_a_month = 8

[topics.coffee]
name = { en = "Coffee and tea", de = "Kaffee und Tee" }
about = "New roasts, tastings, bags at a good price."
brands = ["Northwind Coffee"]

[topics.theatre]
name = "Theatre"

[wordings.sms]
en = "{programme}: offers on {topics}, up to {most} texts a month. STOP ends it."
"""


def programme(text: str) -> Programme:
    return read(text.encode(), "programme.toml")


def test_a_file_says_what_it_says() -> None:
    """Topics stay in the order of the file, and a plain text stands for all languages."""
    found = programme(PROGRAMME)
    assert (found.name, found.contact) == ("Northwind Offers", "offers@northwind.example")
    assert found.keywords == ("join", "offers")
    assert [topic.id for topic in found.topics] == ["coffee", "theatre"]
    coffee, theatre = found.topics
    assert in_language(coffee.names, "de-AT") == "Kaffee und Tee"
    assert in_language(coffee.names, "fr") == "Coffee and tea"
    assert in_language(theatre.names, "it") == "Theatre"
    assert "{most}" in found.wordings[Channel.SMS]["en"]
    assert found.topic("theatre") is theatre
    assert found.topic("tea") is None


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('name = "Northwind Offers"\n', "", 1, "lacks name"),
        ("[topics.theatre]", "[topics.Theatre]", 14, "small letters"),
        ('name = "Theatre"', 'nmae = "Theatre"', 14, "lacks name"),
        ("most_a_month = 8", "most_a_month = 0", 7, "from 1 to 999"),
        ("most_a_month = 8\n", "", 17, "{most} needs programme.most_a_month"),
        ("up to {most} texts", "some texts", 18, "name {most}"),
        ("{topics}", "{topic}", 18, "nothing fills in {topic}"),
        ('"JOIN", "Offers"', '"JOIN NOW"', 6, "one word"),
        ("[wordings.sms]", "[wordings.post]", 17, "no such"),
        ("en = ", "english = ", 18, "language"),
    ],
)
def test_a_slip_is_told_with_its_line(old: str, new: str, line: int, told: str) -> None:
    """Nothing is silently ignored, for people are told what they agree to."""
    with pytest.raises(CampaignErrors) as refused:
        programme(PROGRAMME.replace(old, new))
    assert any(told in str(each) and each.line == line for each in refused.value.problems), str(
        refused.value
    )


def test_questions_are_read_in_their_order() -> None:
    """With their choices in the order of their numbers, and what keeps the answer."""
    tastes, drinks, member = programme(PROGRAMME + QUESTIONS).questions
    assert tastes.kind is QuestionKind.TOPICS
    assert [choice.id for choice in tastes.choices] == ["theatre", "coffee"]
    assert [choice.id for choice in drinks.choices] == ["filter", "espresso"]
    assert (drinks.hours, drinks.keeps, drinks.many) == (24, "drinks", False)
    assert (member.keeps, member.shape, member.hours) == ("member_number", "AA99", 48)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('gives = "Then your points count."\n', "", 34, "lacks gives"),
        ('asks = "How do you drink it?"\n', "", 24, "lacks asks"),
        ('kind = "choose"', 'kind = "chose"', 25, "write one of topics, choose"),
        ('["theatre", "coffee"]', '["theatre", "tea"]', 22, "there is no such topic"),
        ('["theatre", "coffee"]', '["coffee", "coffee"]', 22, "each once"),
        ('espresso = "Espresso"\n', "", 30, "2 to 9 choices"),
        ('shape = "AA99"', 'shape = "[a-z]+"', 39, "9 for a digit"),
        ('kind = "text"', 'kind = "city"', 39, 'goes with kind = "text"'),
        ("hours = 24", "hours = 0", 28, "from 1 to 720"),
        ('kind = "text"', 'kind = "topics"', 34, '"tastes" asks about topics already'),
        ("[questions.member]", "[questions.Member]", 34, "small letters"),
        ('keeps = "member_number"', 'kept = "member_number"', 38, "no such key"),
    ],
)
def test_a_slip_in_a_question_is_told_with_its_line(
    old: str, new: str, line: int, told: str
) -> None:
    """No question without what people get for it, and none that cannot be answered."""
    with pytest.raises(CampaignErrors) as refused:
        programme(PROGRAMME + QUESTIONS.replace(old, new))
    assert any(told in str(each) and each.line == line for each in refused.value.problems), str(
        refused.value
    )


def test_without_topics_there_is_nothing_to_join() -> None:
    """An empty choice is an error, not an empty page."""
    with pytest.raises(CampaignErrors, match=r"\[topics\.coffee\]"):
        programme(PROGRAMME.split("[topics.coffee]")[0])


def test_the_file_of_the_how_to_can_be_read() -> None:
    """And what it asks fits two texts in every language."""
    (shown,) = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    found = programme(shown)
    assert [question.id for question in found.questions] == ["drinks"]
    assert too_long(found) == []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_rubbish_is_refused_in_words(data: bytes) -> None:
    """Whatever is in the file, a problem is told and nothing else happens."""
    with pytest.raises((CampaignError, CampaignErrors)):
        read(data, "programme.toml")


def test_each_example_of_the_reference_can_be_read() -> None:
    """Who copies the reference gets a programme."""
    lines = []
    for table, keys in KEYS.items():
        lines += [f"[{table}.coffee]" if table in NAMED_TABLES else f"[{table}]"]
        examples = (key for key in keys.values() if key.name not in ("shape", "topics"))
        lines += [f"{key.name} = {key.example}" for key in examples]
    text = "\n".join([*lines, CHOICES])
    values: dict[str, Any] = tomllib.loads(text)
    assert programme(text).name == values["programme"]["name"]
