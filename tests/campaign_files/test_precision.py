"""Precision: texts tell roughly what a shop remembers, never what a watcher would know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.precision import SLOT, tells_of_watching, too_exact


@pytest.mark.parametrize(
    "text",
    [
        "You looked at this kettle 7 times.",
        f"You viewed it {SLOT * 12} times this week",
        "Vous avez consulté cette page 3 fois",
        "7-mal haben Sie das angesehen",
        "Our shop is 300 m from you",
        "The shop is 0.4 km away",
        f"Der Laden liegt {SLOT * 9} Meter von Ihnen",
        "Last seen at 14:32",
        f"You were here on {SLOT * 10}",
        "Zuletzt online gestern um 14 Uhr",
        "Vue pour la dernière fois hier à 14 h 30",
    ],
)
def test_what_is_too_exact_is_found(text: str) -> None:
    """Counted visits, metres and moments, in three languages, written or filled in."""
    assert too_exact(text)


@pytest.mark.parametrize(
    "text",
    [
        "You often look at kettles.",
        "Three times the taste",
        "2 km away from the sea, the beans dry in the sun",
        "Open until 14:30",
        "We last had it in the stand in June 2025.",
        "Brew it 3 times as long",
        "A cup holds 300 ml",
    ],
)
def test_plain_words_pass(text: str) -> None:
    """Ordinary copy with numbers in it is nobody's secret."""
    assert too_exact(text) == []


def test_long_rows_of_digits_and_tags_are_read_once() -> None:
    """A text as long as a template may be is looked at without going over it again and again."""
    for letter in ("7", SLOT, "0,", "looked "):
        text = letter * (200_000 // len(letter))
        assert too_exact(text) == []
        assert tells_of_watching(text) == []


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    """Each finding begins where it says."""
    for exact in (*too_exact(text), *tells_of_watching(text)):
        assert text.startswith(exact.words, exact.place)


@pytest.mark.parametrize(
    "text",
    [
        "You looked at this machine yesterday.",
        "Yesterday you looked at this machine.",
        f"You viewed it {SLOT * 9} hours ago",
        "We saw you had a look at it twice",
        "The one you visited several times",
        "Vous l'avez regardée hier soir",
        "Il y a deux jours, hier encore, vous l'avez vue",
        "Sie haben sie gestern angesehen",
        "Vor 3 Tagen haben Sie sie angeschaut",
    ],
)
def test_a_reminder_tells_neither_when_nor_how_often_somebody_looked(text: str) -> None:
    """In three languages, in either order, written or filled in."""
    assert tells_of_watching(text)


@pytest.mark.parametrize(
    "text",
    [
        "The espresso machine you looked at is still here.",
        "You looked at our machine. Today it comes with a bag of beans.",
        "Open today until six.",
        "La machine que vous avez regardée est encore là.",
        "Die Maschine, die Sie angesehen haben, ist noch da.",
    ],
)
def test_a_reminder_may_say_that_somebody_looked(text: str) -> None:
    """That is known from our own pages, and no more is said."""
    assert tells_of_watching(text) == []
