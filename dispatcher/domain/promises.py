"""Promises of a frequency: how many messages a month the wording of a consent says at most."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MOST_A_MONTH = 999
_WEEKS_A_MONTH = 4

_NUMBERS = {
    1: "one a an ein eine einer einem einen un une una uno",
    2: "two zwei deux dos due",
    3: "three drei trois tres tre",
    4: "four vier quatre cuatro quattro",
    5: "five fünf cinq cinco cinque",
    6: "six sechs seis sei",
    7: "seven sieben sept siete sette",
    8: "eight acht huit ocho otto",
    9: "nine neun neuf nueve nove",
    10: "ten zehn dix diez dieci",
    12: "twelve zwölf douze doce dodici",
}
_TIMES = {
    1: "once einmal",
    2: "twice zweimal",
    3: "thrice dreimal",
    4: "viermal",
}
_THINGS = (
    # what is sent, and "times": English, German, French, Spanish, Italian
    r"messages?|msgs?|texts?|sms|mms|e-?mails?|mails?|mailings?|newsletters?|offers?|alerts?|times?|x"
    r"|nachrichten?|textnachrichten?|angebote?|mal"
    r"|courriels?|offres?|lettres?|fois"
    r"|mensajes?|correos?|ofertas?|boletines|vez|veces"
    r"|messagg(?:io|i)|offert[ae]|volt[ae]"
)
_MONTH = (
    r"(?:(?:a|per|each|every|in an?y?|/)\s*(?:calendar\s+)?(?:month|mo)\b|monthly\b"
    r"|(?:im|pro|je|jeden|/)\s*(?:kalender)?monat\b|monatlich\w*"
    r"|(?:par|chaque|/)\s*mois\b|mensuel\w*"
    r"|(?:al|por|cada|/)\s*mes\b|mensual\w*"
    r"|(?:al|ogni|per|/)\s*mese\b|mensil\w*)"
)
_WEEK = (
    r"(?:(?:a|per|each|every|in an?y?|/)\s*(?:week|wk)\b|weekly\b"
    r"|(?:in der|die|pro|je|jede|/)\s*woche\b|wöchentlich\w*"
    r"|(?:par|chaque|/)\s*semaine\b|hebdomadaires?\b"
    r"|(?:a la|por|cada|/)\s*semana\b|semanal\w*"
    r"|(?:alla|a|ogni|per|/)\s*settimana\b|settimanal\w*)"
)

_WORDS = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_ONCE = {word: number for number, words in _TIMES.items() for word in words.split()}
# A price or part of a longer number is none; of "2-4" the larger one is what was promised.
_COUNT = rf"(?<![\w.,$€£])(?:\d{{1,3}}\s*(?:-|–|to|bis|à|a)\s*)?(\d{{1,3}}|{'|'.join(_WORDS)})"
_FILLING = r"(?:[\s(]+[^\W\d][\w.'’-]*){0,3}?"
_THING = rf"(?:{_FILLING}[\s(]+|\s*)(?:{_THINGS})\b\.?"
_AMOUNT = rf"(?:{_COUNT}{_THING}|(?<!\w)({'|'.join(_ONCE)})\b)"


class Shown(NamedTuple):
    """What is known of a text that was shown: its language, and what else told of its promise."""

    language: str = ""
    max_per_month: int = 0


def promised_in(wording: str) -> int:
    """Give the most messages a month that a text promises in plain words; 0 if it says none.

    "Up to 4 msgs/month" are 4, "höchstens zwei E-Mails pro Woche" are 8. Of several the smallest.
    """
    text = unicodedata.normalize("NFKC", wording).lower()
    found = [
        _number(match) * times for pattern, times in _PATTERNS for match in pattern.finditer(text)
    ]
    return min((number for number in found if 0 < number <= MOST_A_MONTH), default=0)


def smaller(one: int, other: int) -> int:
    """Give the smaller of two promises; 0 is none."""
    return min(one, other) if one and other else one or other


def _number(match: re.Match[str]) -> int:
    count, once = match.groups()
    if once:
        return _ONCE[once]
    return int(count) if count.isdigit() else _WORDS[count]


_PATTERNS = tuple(
    (re.compile(pattern), times)
    for period, times in ((_MONTH, 1), (_WEEK, _WEEKS_A_MONTH))
    for pattern in (
        rf"{_AMOUNT}{_FILLING}[\s,(]*{period}",
        rf"{period}[:,]?{_FILLING}[\s(]+{_AMOUNT}",
    )
)
