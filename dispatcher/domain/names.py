"""Names that files, templates and commands share, in one spelling: languages and topics."""

from __future__ import annotations

import re

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8}){0,3}", re.IGNORECASE | re.ASCII)
_TOPIC = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def language_tag(text: str) -> str:
    """Give a language as RFC 5646 spells it, such as "fr-CA" for "FR_ca"; "" if it is none."""
    if not _LANGUAGE.fullmatch(text):
        return ""
    base, *more = text.replace("_", "-").split("-")
    return "-".join((base.lower(), *map(_subtag, more)))


def is_topic(text: str) -> bool:
    """Tell whether a topic can be named so, wherever one is named."""
    return _TOPIC.fullmatch(text) is not None


def _subtag(part: str) -> str:
    if len(part) == 2:
        return part.upper()  # a country
    return part.title() if len(part) == 4 and part.isalpha() else part.lower()  # a script
