"""Urgency: a text may only hurry people as far as the offer's end is true to it."""

from __future__ import annotations

import pytest

from dispatcher.campaign_files.urgency import DAY, untrue

MONDAY = 1_796_000_000.0


@pytest.mark.parametrize(
    "text",
    [
        "Today only: two for one",
        "LAST DAY",
        "Plus qu’aujourd'hui",
        "Nur noch heute!",
        "3 days left",
        "Only 5 hours left",
        "Nur noch 3 Stunden",
        "Ends tomorrow",
    ],
)
def test_a_claim_that_outlives_its_words_is_untrue(text: str) -> None:
    """An offer of a week is not "today only", in any of the three languages."""
    assert "is not true" in untrue(text, MONDAY, MONDAY + 7 * DAY)


@pytest.mark.parametrize("text", ["Today only: two for one", "Last day", "Nur heute", "1 day left"])
def test_a_claim_that_fits_is_true(text: str) -> None:
    """An offer of less than a day may say so."""
    assert untrue(text, MONDAY, MONDAY + DAY / 2) == ""


def test_a_claim_without_a_known_start_cannot_be_checked() -> None:
    """Without a start nobody can tell, so the file must name one."""
    assert "schedule.start" in untrue("Ends tonight", 0.0, MONDAY)


@pytest.mark.parametrize("text", ["Re: your order", "FWD: look at this", "AW: Ihr Kaffee"])
def test_an_offer_never_pretends_to_be_an_answer(text: str) -> None:
    """A subject that looks like a reply is a lie."""
    assert "pretends" in untrue(text, MONDAY, MONDAY + DAY)


@pytest.mark.parametrize(
    "text", ["Rerelease: the old blend", "Two bags for one", "Lasting daylight"]
)
def test_plain_words_claim_nothing(text: str) -> None:
    """Ordinary copy passes."""
    assert untrue(text, 0.0, MONDAY) == ""


def test_a_claim_of_a_week_fits_a_week() -> None:
    """What is for this week only is true of seven days, and of no more."""
    assert untrue("This week only", MONDAY, MONDAY + 7 * DAY) == ""
    assert "is not true" in untrue("Nur diese Woche", MONDAY, MONDAY + 8 * DAY)
