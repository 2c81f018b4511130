"""Prices: a former price was charged, a personal one says so, a trial names its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.prices import DAY, claims, duties, untrue_price
from dispatcher.campaign_files.reader import read
from dispatcher.domain.campaigns import Offer
from dispatcher.errors import CampaignErrors
from tests.support.campaigns import GOOD

START = 1_796_000_000.0
WAS = Offer("Kettle", fields={"was_price": "79 EUR"}, was_since=START - 31 * DAY)


@given(st.floats(0, 400))
def test_a_former_price_was_charged_for_thirty_days(days: float) -> None:
    """Thirty days and more make a reference price, anything less does not."""
    offer = Offer("Kettle", fields={"was_price": "79 EUR"}, was_since=START - days * DAY)
    assert (untrue_price(offer, START) == "") == (START - offer.was_since >= 30 * DAY)


def test_a_former_price_names_since_when() -> None:
    """Without the date it was charged from, or a start to reckon to, it is refused."""
    assert "was_since" in untrue_price(Offer("Kettle", fields={"was_price_fr": "79 €"}), START)
    assert "schedule.start" in untrue_price(WAS, 0.0)
    assert untrue_price(Offer("Kettle"), 0.0) == ""


@pytest.mark.parametrize(
    "text",
    ["Kettle, was £79", "59 EUR instead of 79 EUR", "59 € au lieu de 79 €", "statt 79,90 EUR"],
)
def test_a_former_price_in_words_counts_too(text: str) -> None:
    """Whoever writes it into a text must name since when, as well."""
    assert list(claims(text, Offer("Kettle")))
    assert not list(claims(text, WAS))


@pytest.mark.parametrize(
    "text", ["A free trial", "First month free", "Premier mois offert", "Jetzt kostenlos testen"]
)
def test_what_is_free_first_says_whether_it_is_paid_later(text: str) -> None:
    """Only a file that says so may promise a trial."""
    assert list(claims(text, Offer("Tea box")))
    assert not list(claims(text, Offer("Tea box", trial=False)))


@pytest.mark.parametrize(
    "text", ["It was 1979 when we began", "Free of sugar", "Tea instead of 7 beers"]
)
def test_plain_words_claim_no_price(text: str) -> None:
    """Numbers and free things are no prices."""
    assert not list(claims(text, Offer("Tea box")))


def test_a_trial_and_a_personal_price_have_duties() -> None:
    """Price, first charge and way out; and the line that says the price is personal."""
    assert duties(Offer("Tea box")) == ()
    assert duties(Offer("Tea box", trial=True)) == ("trial_price", "first_charge", "cancel")
    assert duties(Offer("Tea box", personal_price=True)) == ("price_note",)


def test_the_file_lacks_the_words_of_a_trial() -> None:
    """Each missing word is named at the key that asks for it."""
    with pytest.raises(CampaignErrors) as refused:
        read(GOOD.replace("[audience]", "trial = true\n\n[audience]").encode(), "spring.toml")
    told = str(refused.value)
    assert told.count("spring.toml:18: offer.trial: this asks for its words") == 3


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing breaks, whatever is written."""
    list(claims(text, Offer("Tea box")))
