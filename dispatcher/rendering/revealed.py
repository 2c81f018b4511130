"""What the texts of a template say about the person who reads them, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dispatcher.domain.campaigns import TemplateSource
from dispatcher.domain.messages import Channel
from dispatcher.rendering.compiled import GIVEN
from dispatcher.rendering.grammar import examine
from dispatcher.rendering.source import HTML, SMS, SUBJECT, TEXT, WHY
from dispatcher.rendering.tags import BrokenTagError, tags

FILES_OF = {Channel.EMAIL: (SUBJECT, TEXT, HTML), Channel.SMS: (SMS,)}
_OURS = frozenset({"brand", "offer", "loop"})


class Revealed(NamedTuple):
    """One use of a person's value. `tested`: it does not show, but chooses the words that do."""

    channel: Channel
    file: str
    name: str
    line: int
    column: int
    tested: bool
    filters: tuple[str, ...]


class Place(NamedTuple):
    """A place in a text, line and column from 1."""

    line: int
    column: int


def texts_of(source: TemplateSource, *channels: Channel) -> Iterator[tuple[str, str]]:
    """Give the texts that channels send, by their path in the template, and the reason they say."""
    files = {WHY, *(file for channel in channels for file in FILES_OF[channel])}
    for path, text in sorted(source.texts.items()):
        if path.partition("/")[2] in files:
            yield path, text


def revealed(source: TemplateSource, channel: Channel) -> Iterator[Revealed]:
    """Find each use of a person's values, a condition included: its words tell what was asked."""
    for path, text in texts_of(source, channel):
        for use in examine(text).uses:
            if use.name.partition(".")[0] not in _OURS and use.name not in GIVEN:
                at = place_of(text, use.place)
                yield Revealed(channel, path, use.name, *at, use.tested, use.filters)


def names_in(source: TemplateSource, channel: Channel) -> Iterator[tuple[str, frozenset[str]]]:
    """Give all that each text of a channel asks for: persons, brand, offer and links."""
    for path, text in texts_of(source, channel):
        yield path, frozenset(examine(text).names)


def place_of(text: str, at: int) -> Place:
    """Give the line and column of a place in a text."""
    return Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def without_tags(text: str, slot: str) -> str:
    """Give a text with a `slot` for each letter of a value, and no other tags; as long as it was.

    What comes after a tag that cannot be read is left out.
    """
    pieces: list[str] = []
    at = 0
    try:
        for tag in tags(text):
            filler = slot if tag.opener == "{{" else " "
            pieces += [text[at : tag.start], filler * (tag.end - tag.start)]
            at = tag.end
    except BrokenTagError:
        return "".join(pieces)
    return "".join([*pieces, text[at:]])
