"""What people ask for in a word or two is understood, and nothing else is taken for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.replies import Intent, read_reply
from dispatcher.inbound.wishes import LONGEST, Wish, wish_of

MORE = {
    "en": ("MORE", "more please", "Offers!", "any deals?", "next", "send offers"),
    "de": ("Mehr", "mehr, bitte", "Angebote", "weitere Angebote"),
    "fr": ("plus", "ENCORE svp", "offres", "d'autres offres"),
    "es": ("más", "Ofertas por favor", "otra oferta"),
    "it": ("altro", "Offerta", "altre offerte"),
    "pt": ("mais", "mais ofertas"),
}
QUIET = {
    "quiet": 7,
    "Quiet a week": 7,
    "pause 1 month": 30,
    "snooze for 3 months": 90,
    "mute 1 quarter": 90,
    "not now": 7,
    "Später": 7,
    "Ruhe zwei Wochen": 14,
    "nicht jetzt, danke": 7,
    "pause pendant un mois": 30,
    "plus tard": 7,
    "silencio 2 semanas": 14,
    "más tarde": 7,
    "pausa di 2 mesi": 60,
    "pausa por um mês": 30,
    "agora não": 7,
    "mais tarde": 7,
    "pausa 1 trimestre": 90,
    "quiet 0 days": 7,
    "quiet 999 months": 366,
}
NEITHER = (
    "no more",
    "no more offers",
    "more?? why",
    "I like quiet places",
    "hello",
    "",
    "pause it!",
)


@pytest.mark.parametrize(
    ("words", "language"), [(words, each) for each, said in MORE.items() for words in said]
)
def test_who_asks_for_an_offer_is_understood(words: str, language: str) -> None:
    """In the house's languages, with and without politeness."""
    assert wish_of(words) in (Wish(None, language), Wish(None))


@pytest.mark.parametrize(("words", "days"), QUIET.items())
def test_who_wants_quiet_is_understood_with_how_long(words: str, days: int) -> None:
    """A week where nothing is said, never more than a year."""
    found = wish_of(words)
    assert found is not None
    assert found.span == timedelta(days=days)


@pytest.mark.parametrize("words", NEITHER)
def test_only_the_whole_message_counts(words: str) -> None:
    """A word in a sentence may mean anything."""
    assert wish_of(words) is None


@pytest.mark.parametrize("words", ["stop", "STOP please", "end", "cancel", "unsubscribe"])
def test_no_word_that_ends_offers_is_a_wish(words: str) -> None:
    """An opt-out is an opt-out."""
    assert read_reply(words).intent is Intent.OPT_OUT
    assert wish_of(words) is None


@given(st.text(max_size=80))
def test_whatever_is_written_nothing_breaks(words: str) -> None:
    """Any text has an answer, and no quiet is longer than a year."""
    found = wish_of(words)
    assert found is None or found.span is None or timedelta() < found.span <= LONGEST


@pytest.mark.parametrize("words", [*sum(MORE.values(), ()), *QUIET])
def test_no_wish_is_taken_for_an_opt_out(words: str) -> None:
    """An opt-out goes before any wish, so none may be read into one."""
    assert read_reply(words).intent is Intent.OTHER
