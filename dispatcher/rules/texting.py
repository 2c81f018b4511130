"""What a country asks of promotional texts besides hours: who may send, and which words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from dispatcher.rules.jurisdictions import Jurisdictions


class Named(StrEnum):
    """Whether a name may be the sender of a text, instead of a number."""

    YES = "yes"
    NO = "no"
    REGISTERED = "registered"
    UNKNOWN = "unknown"


class TextLaw(NamedTuple):
    """One country's rules. `way_out` is a pattern; `cleared`: links only where operators agreed.

    `register` and `unregistered`: where a name is registered, and what becomes of one that is not.
    """

    country: str
    name: str
    named: Named
    labels: tuple[str, ...] = ()
    sender_prefix: str = ""
    sender_suffix: str = ""
    cleared: bool = False
    way_out: str = ""
    way_out_said: str = ""
    barred: tuple[str, ...] = ()
    register: str = ""
    unregistered: str = ""
    number: str = ""
    blocked: tuple[str, ...] = ()


def parse(data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Read the file of what countries ask of texts, by country."""
    return tomllib.loads(data.decode())


def law_of(country: str, book: Jurisdictions, asked: Mapping[str, Mapping[str, Any]]) -> TextLaw:
    """Give what a country or territory asks; of an unlisted one nobody knows."""
    entry = book.chain(country).members[-1]
    values = asked.get(entry.code, {})
    return TextLaw(
        country,
        entry.name.partition(" (")[0],
        named_in(country, book),
        tuple(values.get("labels", ())),
        str(entry.more.get("sender_prefix", "")),
        str(entry.more.get("sender_suffix", "")),
        values.get("links") == "cleared",
        values.get("way_out", ""),
        values.get("way_out_said", ""),
        tuple(values.get("barred", ())),
        values.get("register", ""),
        values.get("unregistered", ""),
        values.get("number", ""),
        tuple(values.get("blocked", ())),
    )


def named_in(country: str, book: Jurisdictions) -> Named:
    """Say whether a name may be the sender of texts to a country's numbers."""
    more = book.chain(country).members[-1].more
    return Named(str(more.get("alphanumeric_sender", Named.UNKNOWN)))


def barred(book: Jurisdictions) -> tuple[str, ...]:
    """Give the countries, and the territories under their rules, where no name may be a sender."""
    codes = (code for code in (*book.entries, *book.territories) if "-" not in code)
    return tuple(sorted(code for code in codes if named_in(code, book) is Named.NO))


def is_name(sender: str) -> bool:
    """Tell a name from a number or short code: it has a letter, and nobody can answer it."""
    return any(letter.isalpha() for letter in sender)
