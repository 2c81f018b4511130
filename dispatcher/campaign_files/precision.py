"""Nothing too exact: no counted visits, no metres, no moment somebody was last seen.

People expect a shop to remember them roughly. What is exact tells them that they are watched.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Stands for the tags of a template, letter by letter, so that places stay what they are.
SLOT = "\ue000"

# Begins where no number has begun before, so that a long row of digits is read once.
_FRESH = rf"(?<![\w{SLOT}])"
_NUMBER = rf"{_FRESH}(?:\d+|{SLOT}+)"
_METRES = rf"(?:\d{{1,3}}|{SLOT}+)\s?(?:m|metres?|meters?|metern?|mètres?|yards?|yd|feet|ft)"
_FRACTION = r"0[.,]\d{1,3}\s?(?:km|kilomet(?:er|re)s?|kilomètres?|mi|miles?)"
_FROM = r"(?:away|from (?:you|your|here)|de (?:vous|chez)|d['’]ici|von (?:dir|ihnen)|entfernt)"
_LOOKED = r"(?:looked|viewed|visited|opened|clicked|searched|browsed|bought|came|been)"
_REGARDE = r"(?:regardé|consulté|visité|ouvert|cliqué|recherché|acheté|venue?)"
_SAH = r"(?:angesehen|angeschaut|besucht|geöffnet|geklickt|gesucht|gekauft|hier)"
_LAST = r"(?:last (?:seen|visit|visited|looked|online|opened)|you were (?:here|online|in our shop))"
_CLOCK = rf"(?:\d{{1,2}}(?:[:.]|\s?h\s?)\d{{2}}|\d{{1,2}}\s?(?:am|pm|uhr)\b|{SLOT}+)"


class Exact(NamedTuple):
    """Words that are too exact, where they begin, and what to write instead."""

    words: str
    place: int
    instead: str


_OFTEN = 'write "often" or leave it out'
_NEAR = "name the city instead"
_WEEK = 'write "this week" or leave it out'
_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (rf"\b{_LOOKED}\b[^.!?\n]{{0,60}}?{_NUMBER}\s+times\b", _OFTEN),
        (rf"\b{_REGARDE}\b[^.!?\n]{{0,60}}?{_NUMBER}\s+fois\b", _OFTEN),
        (rf"{_NUMBER}[\s-]?mal\b[^.!?\n]{{0,60}}?\b{_SAH}\b", _OFTEN),
        (rf"{_FRESH}(?:{_METRES}|{_FRACTION})\s+{_FROM}", _NEAR),
        (rf"\b{_LAST}\b[^!?\n]{{0,40}}?\b(?:at|on|:)?\s?{_CLOCK}", _WEEK),
        (rf"\b(?:vue?|connectée?) (?:pour la )?dernière fois[^!?\n]{{0,40}}?{_CLOCK}", _WEEK),
        (rf"\bzuletzt (?:gesehen|online|besucht|hier)[^!?\n]{{0,40}}?{_CLOCK}", _WEEK),
    )
)


# Of reminders: when and how often somebody looked, in one sentence with the looking.
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_TAG = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)"
_JOUR = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
_AGO = rf"(?:an?|{_NUMBER})\s+(?:minute|hour|day|week)s?\s+ago"
_VOR = rf"vor\s+(?:einer?m?|{_NUMBER})\s+(?:minute|stunde|tag|woche)(?:en|n)?"
_IL_Y_A = rf"il y a\s+(?:une?|{_NUMBER})\s+(?:minute|heure|jour|semaine)s?"
_WATCHED = (
    (
        r"(?:looked|viewed|saw|seen|visited|browsed|checked)",
        (
            r"(?:yesterday|today|tonight|this (?:morning|afternoon|evening)|just now|twice|often"
            rf"|last (?:night|week|{_DAY})|on {_DAY}|{_AGO}|(?:several|many|{_NUMBER}) times)"
        ),
    ),
    (
        r"(?:regardée?|consultée?|vue?|visitée?)",
        (
            r"(?:hier|aujourd['’]hui|ce (?:matin|soir)|cet après-midi|souvent"
            rf"|{_JOUR}(?: dernier)?|{_IL_Y_A}|(?:deux|plusieurs|{_NUMBER}) fois)"
        ),
    ),
    (
        r"(?:angesehen|angeschaut|gesehen|besucht)",
        rf"(?:gestern|heute|vorhin|oft|zweimal|mehrmals|am {_TAG}|{_VOR}|{_NUMBER}[\s-]?mal)",
    ),
)
_WATCHING = tuple(
    re.compile(rf"\b{one}\b[^.!?\n]{{0,60}}?(?<!\w){other}\b", re.IGNORECASE)
    for looked, moment in _WATCHED
    for one, other in ((looked, moment), (moment, looked))
)


def tells_of_watching(text: str) -> list[Exact]:
    """Find what a reminder tells of when, or how often, somebody looked at something."""
    found = [
        Exact(match[0], match.start(), "leave out when and how often somebody looked")
        for pattern in _WATCHING
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda exact: exact.place)


def too_exact(text: str) -> list[Exact]:
    """Find what a text tells more exactly than people like to be known."""
    found = [
        Exact(match[0], match.start(), instead)
        for pattern, instead in _RULES
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda exact: exact.place)
