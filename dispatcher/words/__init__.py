"""Words: the texts of pages, confirmations and answers, in every language the house speaks.

Each language is one file of TOML beside this one, with the same keys in each; `{names}` in a text
are filled in by who says it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr", "de", "es", "pt", "it", "ar")
DEFAULT = "en"
_RIGHT_TO_LEFT = frozenset({"ar"})
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Words:
    """All texts of one language."""

    language: str
    texts: Mapping[str, str]

    @property
    def direction(self) -> str:
        """Give which way it is written, as HTML says it."""
        return "rtl" if self.language in _RIGHT_TO_LEFT else "ltr"

    def __call__(self, key: str, **values: object) -> str:
        """Say a text; KeyError for one that nobody has written."""
        return self.texts[key].format(**values) if values else self.texts[key]


@cache
def speak(language: str) -> Words:
    """Give the texts of a language the house speaks; KeyError for any other."""
    if language not in LANGUAGES:
        raise KeyError(language)
    tables = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return Words(language, dict(_flat(tables)))


def choose(*wishes: str) -> Words:
    """Give the texts of the first wish that can be met, such as "fr-CA"; else English."""
    return speak(next(_met(wishes), DEFAULT))


def accepted(header: str) -> Iterator[str]:
    """Give the languages that a browser lists, best first (RFC 9110, 12.5.4: as they stand)."""
    for wish in header[:200].split(","):
        yield wish.partition(";")[0].strip()


def _met(wishes: Iterable[str]) -> Iterator[str]:
    for wish in wishes:
        base = wish.replace("_", "-").partition("-")[0].lower()
        if base in LANGUAGES:
            yield base


def _flat(tables: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value
