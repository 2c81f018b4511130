"""Why a person gets a message: one sentence from their consent, in the language of the message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

LONGEST = 120

_FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_ENGLISH = "January February March April May June July August September October November December"
_SPANISH = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
)
_PORTUGUESE = (
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
)
_ITALIAN = (
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
_ARABIC = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"


def _english(day: date) -> str:
    return f"{day.day} {_ENGLISH.split()[day.month - 1]} {day.year}"


def _french(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {_FRENCH.split()[day.month - 1]} {day.year}"


def _german(day: date) -> str:
    return f"{day.day}. {_GERMAN.split()[day.month - 1]} {day.year}"


def _spanish(day: date) -> str:
    return f"{day.day} de {_SPANISH.split()[day.month - 1]} de {day.year}"


def _portuguese(day: date) -> str:
    return f"{day.day} de {_PORTUGUESE.split()[day.month - 1]} de {day.year}"


def _italian(day: date) -> str:
    return f"{'1º' if day.day == 1 else day.day} {_ITALIAN.split()[day.month - 1]} {day.year}"


def _arabic(day: date) -> str:
    return f"{day.day} {_ARABIC.split()[day.month - 1]} {day.year}"


_DATES: dict[str, Callable[[date], str]] = {
    "en": _english,
    "fr": _french,
    "de": _german,
    "es": _spanish,
    "pt": _portuguese,
    "it": _italian,
    "ar": _arabic,
}
_DATED = {
    "en": "You asked for “{topic}” on {date}.",
    "fr": "Vous avez demandé « {topic} » le {date}.",
    "de": "Sie haben „{topic}“ am {date} abonniert.",
    "es": "Usted pidió «{topic}» el {date}.",
    "pt": "Pediu «{topic}» em {date}.",
    "it": "Ha chiesto «{topic}» il {date}.",
    "ar": "طلبتَ «{topic}» في {date}.",
}
_UNDATED = {
    "en": "You asked for “{topic}”.",
    "fr": "Vous avez demandé « {topic} ».",
    "de": "Sie haben „{topic}“ abonniert.",
    "es": "Usted pidió «{topic}».",
    "pt": "Pediu «{topic}».",
    "it": "Ha chiesto «{topic}».",
    "ar": "طلبتَ «{topic}».",
}

LANGUAGES = frozenset(_DATED)


def in_words(language: str, day: date) -> str:
    """Write a date in words; in a language not known here as 2026-05-03."""
    words = _DATES.get(_base(language))
    return words(day) if words else day.isoformat()


def sentence(language: str, topic: str, since: date | None) -> str:
    """Say why, in at most 120 characters; in English for a language not known here."""
    base = _base(language) if _base(language) in LANGUAGES else "en"
    if since is None:
        pattern, day = _UNDATED[base], ""
    else:
        pattern, day = _DATED[base], in_words(base, since)
    room = LONGEST - len(pattern.format(topic="", date=day))
    return pattern.format(topic=topic if len(topic) <= room else topic[: room - 1] + "…", date=day)


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
