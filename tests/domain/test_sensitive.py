"""Sensitive words: what is nobody's business is recognised in texts and in conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.sensitive import Category, in_condition, in_text


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Your pharmacy is open", Category.HEALTH),
        ("Für Schwangere", Category.PREGNANCY),
        ("Vous êtes enceinte ?", Category.PREGNANCY),
        ("Ramadan offers", Category.RELIGION),
        ("For union members", Category.TRADE_UNION),
        ("After your divorce", Category.DIVORCE),
        ("Raus aus den Schulden", Category.DEBT),
        ("With the fingerprint of your hand", Category.BIOMETRICS),
        ("Since the funeral", Category.BEREAVEMENT),
    ],
)
def test_texts_that_touch_it_are_found(text: str, category: Category) -> None:
    """In English, French and German, with any ending."""
    assert [tagged.category for tagged in in_text(text)] == [category]


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("pharmacy_category", Category.HEALTH),
        ("dueDate", Category.PREGNANCY),
        ("has-debt", Category.DEBT),
        ("faith", Category.RELIGION),
        ("party", Category.POLITICS),
    ],
)
def test_conditions_that_sort_people_by_it_are_found(name: str, category: Category) -> None:
    """However the words of a name are joined."""
    assert category in {tagged.category for tagged in in_condition(name)}


@pytest.mark.parametrize(
    "text",
    [
        "A party on the quay with a healthy breakfast",
        "The race is on",
        "Christian roasts our coffee",
        "A union of filter and espresso",
        "Tickets for The Cherry Orchard",
        "Debtford Market",
    ],
)
def test_everyday_words_pass_in_texts(text: str) -> None:
    """What is an everyday word in a text is a condition only on people."""
    assert in_text(text) == []


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    """Each finding begins where it says."""
    for tagged in in_text(text):
        assert text.startswith(tagged.word, tagged.place)
    in_condition(text)
