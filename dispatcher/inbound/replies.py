"""Replies: what a person's text means. This version knows keywords said as the whole message.

The steps: normalise, drop politeness, look up the whole message
(docs/how-to/receive-replies.md#what-people-can-write). Phrases, other languages and look-alike
letters join as further entries of `_READINGS`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class ReplyLabel(StrEnum):
    """What somebody wants of us."""

    OPT_OUT = "opt_out"
    HELP = "help"
    OPT_IN = "opt_in"
    OTHER = "other"


class Understanding(NamedTuple):
    """What a reply means, and the words that said so; `language` is "" when they do not tell."""

    label: ReplyLabel
    keyword: str = ""
    language: str = ""


MOST_CHARACTERS = 1600  # ten parts of a text; the first of them say it

# Words that always count (47 CFR 64.1200(a)(10)), CTIA, Twilio, AWS and Telnyx defaults.
_WORDS = {
    ReplyLabel.OPT_OUT: (
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke"),
        *("optout", "opt out", "remove", "arret", "td"),
    ),
    ReplyLabel.HELP: ("help", "info"),
    ReplyLabel.OPT_IN: ("start", "unstop", "subscribe", "join", "optin", "opt in", "yes"),
}
_LABELS = {word: label for label, words in _WORDS.items() for word in words}
_LANGUAGES = {"arret": "fr"}
_POLITE = frozenset(
    {"please", "pls", "plz", "thanks", "thank", "you", "thx", "svp", "merci", "bitte"}
)

_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
# Zero-width and bidi characters, variation selectors and overlays hide a word from machines only.
_HIDDEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\u0335-\u0338]"
)
_NOT_WORD = re.compile(r"[\W_]+")
_DOTLESS_I = str.maketrans({"\u0131": "i", "\u0130": "i"})
_SPACED_OUT = re.compile(r"\b(?:\w ){2,}\w\b")


def understand(text: str) -> Understanding:
    """Say what a reply means; never raises, whatever was sent."""
    words = normalise(text)
    for read in _READINGS:
        found = read(words)
        if found is not None:
            return found
    return Understanding(ReplyLabel.OTHER)


def normalise(text: str) -> str:
    """Give the words in plain lower-case letters, parted by one space."""
    text = _QUOTED.sub(" ", text[:MOST_CHARACTERS])
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = _HIDDEN.sub("", unicodedata.normalize("NFKC", text)).translate(_DOTLESS_I).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", bare).strip()


def _whole(words: str) -> Understanding | None:
    label = _LABELS.get(words)
    return Understanding(label, words, _LANGUAGES.get(words, "")) if label else None


def _spaced_out(words: str) -> Understanding | None:
    """Read "S T O P" and "S.T.O.P"."""
    return _whole(_SPACED_OUT.sub(lambda found: found[0].replace(" ", ""), words))


def _polite(words: str) -> Understanding | None:
    """Read "stop please" and "STOP 36111", but neither "don't stop" nor "cancel 2"."""
    rest = [word for word in words.split() if word not in _POLITE]
    if rest[:1] == ["stop"] and all(word.isdigit() for word in rest[1:]):
        rest = rest[:1]
    return _whole(" ".join(rest))


_READINGS: tuple[Callable[[str], Understanding | None], ...] = (_whole, _spaced_out, _polite)
