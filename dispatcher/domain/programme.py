"""A programme: what people may ask for, in whose name they are written to, and how they join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.domain.messages import Channel

# A text in several languages, by language; none is missing in the first of them.
Texts = Mapping[str, str]


def in_language(texts: Texts, language: str) -> str:
    """Give a text in a language, else in English, else in the first that there is."""
    base = language.partition("-")[0]
    found = texts.get(language) or texts.get(base) or texts.get("en")
    return found or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something people may ask for. `about` is one sentence; `brands` write about it."""

    id: str
    names: Texts
    about: Texts = field(default_factory=dict)
    brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Programme:
    """The sender of confirmations, and what it offers.

    `keywords` are the words that begin a join by text. `most_a_month`: offers that are promised at
    most on a channel, 0 if nothing is promised. `wordings` are what people agree to, by channel and
    language, with `{programme}`, `{topics}` and `{most}` to be filled in.
    """

    name: str
    email: str
    sms_sender: str
    postal_address: str
    contact: str
    topics: tuple[Topic, ...]
    keywords: tuple[str, ...] = ("join",)
    most_a_month: int = 0
    privacy_url: str = ""
    wordings: Mapping[Channel, Texts] = field(default_factory=dict)

    def topic(self, name: str) -> Topic | None:
        """Give a topic by its short name."""
        return next((topic for topic in self.topics if topic.id == name), None)
