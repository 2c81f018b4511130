"""The sentence that says why somebody gets a message, and dates in words; in seven languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from dispatcher.domain.letters import inside_a_letter
from dispatcher.domain.why import Ground, Why
from dispatcher.words import choose

LONGEST = 120
_SHORT = 30  # letters of a topic's name, where there is little room

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
# Marks that turn the way of writing around; a name that holds one would turn the whole sentence.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")

LANGUAGES = frozenset(_DATES)


def in_words(language: str, day: date) -> str:
    """Write a date in words; in a language not known here as 2026-05-03."""
    words = _DATES.get(base_of(language))
    return words(day) if words else day.isoformat()


def sentence(language: str, ground: Ground, brand: str, topic: str) -> str:
    """Say why, in at most 120 characters; in English for a language not known here.

    `brand` and `topic` are names, cut short where they are long.
    """
    say = choose(language)
    on = ""
    if ground.since is not None:
        on = " " + say("why.on", date=in_words(say.language, ground.since))
    pattern = say.texts[f"why.{ground.why}"]
    room = LONGEST - len(pattern.format(brand="", topic="", on=on))
    return pattern.format(brand=shortened(brand, room), topic=shortened(topic, room), on=on)


def compact(language: str, ground: Ground, topic: str) -> str:
    """Say why in a few letters, for the end of a text; "" where that would not be understood."""
    if ground.why is not Why.TOPIC or ground.since is None:
        return ""
    return choose(language)("why.compact", topic=shortened(topic, _SHORT), date=ground.since)


def shortened(name: str, room: int) -> str:
    """Cut a name to `room` characters: at a word if one ends in time, never inside a letter."""
    name = " ".join(_TURNS.sub("", name).split())
    if len(name) <= room:
        return name
    end = room - 1
    while end > 0 and inside_a_letter(name, end):
        end -= 1
    word = name.rfind(" ", end // 2, end + 1)
    return name[: word if word > 0 else end].rstrip() + "…"


def base_of(language: str) -> str:
    """Give the language without its country: fr of fr-CA."""
    return language.replace("_", "-").partition("-")[0].lower()
