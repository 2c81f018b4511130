"""True prices: a former price that was charged, a personal one that says so, a trial with its end.

A reference price is the lowest of the last 30 days (98/6/EC art. 6a); a price made for one person
is told to be so (2011/83/EU art. 6(1)(ea)); what is free first and paid later says what it costs,
from when, and how to leave (15 USC 8403).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dispatcher.domain.campaigns import Offer

DAY = 86400.0
CHARGED_DAYS = 30
# Words of the offer that each text must show, by what makes them necessary.
PERSONAL = ("price_note",)
TRIAL = ("trial_price", "first_charge", "cancel")

_CURRENCY = r"(?:[€£$]|(?:eur|euros?|gbp|usd|chf|pounds?|dollars?)\b)"
_AMOUNT = rf"(?:[€£$]\s?\d[\d.,]*|\d[\d.,]*\s?{_CURRENCY})"
_FORMER = re.compile(
    r"\b(?:was|instead of|reduced from|down from|regular price|au lieu de|prix habituel|statt"
    rf"|früher|bisher|regulär)[ \t:]{{1,3}}{_AMOUNT}",
    re.IGNORECASE,
)
_TRIAL = re.compile(
    r"\b(?:free trial|try (?:it |us )?(?:for )?free|(?:first|\d{1,2}) (?:days?|weeks?|months?) free"
    r"|essai gratuit|premiers? (?:mois|jours) (?:gratuits?|offerts?)"
    r"|kostenlos testen|gratis testen|(?:ersten?|erster) (?:monat|tage) (?:gratis|kostenlos))\b",
    re.IGNORECASE,
)


def duties(offer: Offer) -> tuple[str, ...]:
    """Give the words of an offer that each of its texts must show."""
    return (*(PERSONAL if offer.personal_price else ()), *(TRIAL if offer.trial else ()))


def untrue_price(offer: Offer, starts_at: float) -> str:
    """Say why an offer's former price may not be named; "" if it may, or there is none."""
    named = any(name.startswith("was_price") for name in offer.fields)
    if not named and not offer.was_since:
        return ""
    if not offer.was_since:
        told = "a former price must have been charged: write since when in [offer]"
        return f"{told}, as was_since = 2026-10-01T00:00:00Z"
    if not starts_at:
        return "write schedule.start too, so that the 30 days before it can be checked"
    if starts_at - offer.was_since < CHARGED_DAYS * DAY:
        days = max(0, int((starts_at - offer.was_since) // DAY))
        told = f"the former price was charged for {days} days before the start"
        return f"{told}; fewer than {CHARGED_DAYS} make it no reference; leave it out"
    return ""


def claims(text: str, offer: Offer) -> Iterator[tuple[int, str]]:
    """Find what a text claims about prices and the offer does not say: where, and what to do."""
    if not offer.was_since:
        for found in _FORMER.finditer(text):
            told = "names a former price: write offer.was_since, since when it was charged"
            yield found.start(), f'"{found[0]}" {told}, or take it out'
    if offer.trial is None:
        for found in _TRIAL.finditer(text):
            told = "is it paid for later? Write trial = true in [offer], with its price, or false"
            yield found.start(), f'"{found[0]}": {told}'
