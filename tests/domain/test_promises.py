"""Promises about promises: what a consent's wording says of a frequency is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.promises import MOST_A_MONTH, promised_in, smaller


@pytest.mark.parametrize(
    ("wording", "most"),
    [
        ("Yes, text me offers. Up to 4 messages a month.", 4),
        ("Max. 4 msgs/mo. Msg & data rates may apply. Reply STOP to end.", 4),
        ("I agree to receive 4 msgs/month from Northwind.", 4),
        ("up to 10 automated marketing text messages per month", 10),
        ("We send no more than two texts a week.", 8),
        ("2-4 msgs per month, cancel any time", 4),
        ("4 SMS max per month", 4),
        ("Monthly: up to 6 offers", 6),
        ("We write at most twice a month.", 2),
        ("a newsletter once a week", 4),
        ("4x/month", 4),
        ("Up to 8\u00a0texts each month", 8),
        ("Ja, ich möchte bis zu 4 Nachrichten im Monat erhalten.", 4),
        ("max. 4 SMS pro Monat", 4),
        ("höchstens zwei E-Mails pro Woche", 8),
        ("monatlich bis zu 4 Nachrichten", 4),
        ("Wir schreiben einmal im Monat.", 1),
        ("4 Nachrichten/Monat", 4),
        ("jusqu'à 4 messages par mois", 4),
        ("4 SMS maximum par mois", 4),
        ("au plus deux courriels par semaine", 8),
        ("une fois par mois", 1),
        ("hasta 4 mensajes al mes", 4),
        ("máx. 4 mensajes/mes", 4),
        ("dos correos a la semana", 8),
        ("una vez al mes", 1),
        ("fino a 4 messaggi al mese", 4),
        ("massimo quattro SMS al mese", 4),
        ("2 email a settimana", 8),
        ("Up to 4 messages a week, at most 10 texts a month", 10),
    ],
)
def test_plain_words_of_five_languages_are_understood(wording: str, most: int) -> None:
    """A frequency that people can read is one that counts; weeks are four to a month."""
    assert promised_in(wording) == most


@pytest.mark.parametrize(
    "wording",
    [
        "",
        "Yes, send me coffee offers by e-mail.",
        "Message frequency varies. Reply HELP for help.",
        "Membership costs $5 a month and brings texts.",
        "Win one of 3 coffee machines this month!",
        "Plans from 4.99 messages included",
    ],
)
def test_where_nothing_is_promised_nothing_is_found(wording: str) -> None:
    """Prices and prizes are no promises."""
    assert promised_in(wording) == 0


@given(st.integers(1, MOST_A_MONTH), st.text(max_size=300))
def test_whatever_stands_around_a_promise_is_found_or_is_stricter(most: int, around: str) -> None:
    """Text before and after never makes more of a promise."""
    assert 0 < promised_in(f"{around}. Up to {most} messages a month. {around}") <= most


@given(st.integers(0, 9), st.integers(0, 9))
def test_of_two_promises_the_smaller_counts(one: int, other: int) -> None:
    """None is not smaller than one."""
    assert smaller(one, other) == smaller(other, one)
    assert (smaller(one, other) == 0) == (one == other == 0)
    assert smaller(one, other) in (one, other)
