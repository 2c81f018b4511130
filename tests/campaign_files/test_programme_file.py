"""The programme file: what people may ask for, in whose name, and by which words they join."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.programme_file import read
from dispatcher.campaign_files.programme_keys import KEYS
from dispatcher.domain.messages import Channel
from dispatcher.domain.programme import Programme, in_language
from dispatcher.errors import CampaignError, CampaignErrors

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


def test_without_topics_there_is_nothing_to_join() -> None:
    """An empty choice is an error, not an empty page."""
    with pytest.raises(CampaignErrors, match=r"\[topics\.coffee\]"):
        programme(PROGRAMME.split("[topics.coffee]")[0])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_rubbish_is_refused_in_words(data: bytes) -> None:
    """Whatever is in the file, a problem is told and nothing else happens."""
    with pytest.raises((CampaignError, CampaignErrors)):
        read(data, "programme.toml")


def test_each_example_of_the_reference_can_be_read() -> None:
    """Who copies the reference gets a programme."""
    lines = []
    for table, keys in KEYS.items():
        lines += [f"[{table}.coffee]" if table == "topics" else f"[{table}]"]
        lines += [f"{key.name} = {key.example}" for key in keys.values()]
    text = "\n".join(lines)
    values: dict[str, Any] = tomllib.loads(text)
    assert programme(text).name == values["programme"]["name"]
