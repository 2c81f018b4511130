"""Wishes: texts by which people ask for an offer, or for some quiet, in six languages.

Only the whole message counts, so "no more" asks for nothing. Whoever opts out is not asked about
here: that goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from dispatcher.inbound.replies.normalise import BREAK, PAUSE, words_of


class Wish(NamedTuple):
    """What a text asks for: quiet for a `span`, or (None) an offer. `language` "": not told."""

    span: timedelta | None
    language: str = ""


POLITE = frozenset(
    {
        *("please", "pls", "plz", "thanks", "thank", "you", "thx", "bitte", "danke", "svp"),
        *("merci", "gracias", "grazie", "obrigado", "obrigada"),
    }
)
POLITE_PAIRS = re.compile(r"\b(?:s il (?:vous|te) plait|por favor|per favore|per piacere)\b")

_MORE = {
    "en": "more|offers?|deals?|next|one more"
    "|(?:more|next|any|new|send|show me)(?: more| new)? (?:offers?|deals?)",
    "de": "mehr|angebote?|weitere|(?:mehr|neue|weitere) angebote"
    "|(?:naechstes|nachstes|neues) angebot",
    "fr": "plus|encore|offres?|(?:plus d|autres|d autres|nouvelles) offres|suivante?",
    "es": "mas|ofertas?|(?:mas|otras|nuevas) ofertas|(?:otra|siguiente) oferta|siguiente",
    "it": "altro|ancora|offert[ae]|altre|(?:altre|nuove|piu) offerte|(?:altra|prossima) offerta",
    "pt": "mais|(?:mais|outras|novas) ofertas|(?:outra|proxima) oferta",
}
_QUIET = {
    "en": "quiet|silence|snooze|mute|later|not now|(?:be|keep) quiet|pause|take a break",
    "de": "ruhe|stille|spaeter|spater|nicht jetzt|jetzt nicht|pausiere|pausieren",
    "fr": "silence|pause|plus tard|pas maintenant|pas la",
    "es": "silencio|pausa|mas tarde|ahora no|no ahora|luego",
    "it": "silenzio|pausa|piu tardi|non ora|non adesso|dopo",
    "pt": "silencio|pausa|mais tarde|agora nao|nao agora|depois",
}
_UNITS = {
    1: "days?|tage?n?|jours?|dias?|giorn[oi]",
    7: "weeks?|wks?|wochen?|semaines?|semanas?|settiman[ae]",
    30: "months?|monate?n?|mois|mes|meses|mes[ei]",
    90: "quarters?|quartale?|trimestres?|trimestr[ei]",
}
_NUMBERS = {
    1: "a|an|one|ein|eine|einen|un|une|una|uno|um|uma",
    2: "two|zwei|deux|dos|due|dois|duas",
    3: "three|drei|trois|tres|tre",
    4: "four|vier|quatre|cuatro|quattro|quatro",
    6: "six|sechs|seis|sei",
}
_FOR = "for|fur|fuer|pour|pendant|por|durante|per|de|di|d"
_DEFAULT = timedelta(days=7)
LONGEST = timedelta(days=366)
_EACH = {word: number for number, words in _NUMBERS.items() for word in words.split("|")}
_SPAN = "|".join(f"(?P<u{days}>{units})" for days, units in _UNITS.items())
_ASKING = {language: re.compile(words) for language, words in _MORE.items()}
_QUIETING = {
    language: re.compile(
        rf"(?:{words})(?: (?:(?:{_FOR}) )?(?:(?P<count>\d{{1,3}}|{'|'.join(_EACH)}) )?(?:{_SPAN}))?"
    )
    for language, words in _QUIET.items()
}


def wish_of(text: str) -> Wish | None:
    """Say what a text asks for; None if for neither. Of quiet without an end: a week."""
    plain = " ".join(word for word in words_of(text) if word not in (BREAK, PAUSE))
    words = POLITE_PAIRS.sub(" ", plain)
    said = " ".join(word for word in words.split() if word not in POLITE)
    quiet = _said_in(_QUIETING, said)
    if quiet:
        return Wish(_span(next(iter(quiet.values()))), _only(quiet))
    more = _said_in(_ASKING, said)
    return Wish(None, _only(more)) if more else None


def _said_in(phrases: Mapping[str, re.Pattern[str]], said: str) -> dict[str, re.Match[str]]:
    """Give the languages in which this is one of the phrases."""
    found = {language: phrase.fullmatch(said) for language, phrase in phrases.items()}
    return {language: match for language, match in found.items() if match}


def _only(found: Mapping[str, object]) -> str:
    """Give the language if the words are of one alone."""
    return next(iter(found)) if len(found) == 1 else ""


def _span(found: re.Match[str]) -> timedelta:
    days = next((days for days in _UNITS if found[f"u{days}"]), 0)
    if not days:
        return _DEFAULT
    count = found["count"] or "1"
    times = int(count) if count.isdigit() else _EACH[count]
    return min(timedelta(days=days * times), LONGEST) or _DEFAULT
