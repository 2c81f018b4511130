"""The reasons that one campaign's messages give: made once for everybody with the same ground."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatcher.domain.gsm7 import Segments, count, smarten
from dispatcher.domain.programme import in_language
from dispatcher.domain.questions import Texts
from dispatcher.domain.why import Ground, Why
from dispatcher.rendering.engine import as_html
from dispatcher.rendering.source import choose
from dispatcher.rendering.why import LANGUAGES, LONGEST, base_of, compact, in_words, sentence


class Ending(NamedTuple):
    """A reason as it may end a text, on a line of its own, and what it takes there."""

    text: str
    size: Segments


class Sentence(NamedTuple):
    """A sentence, and the same for HTML: pure ASCII, so that an ASCII mail stays so.

    `endings` are those a text may have, the fullest first.
    """

    text: str
    html: str
    endings: tuple[Ending, ...]


@dataclass(slots=True)
class Reasons:
    """How one version of a campaign says why, in whatever language.

    `written` are the languages of its template, `own` its own sentences, which want the day in
    words. The template speaks of a yes to its topic; where another ground stood, the house does.
    """

    written: tuple[str, ...]
    default: str
    own: Mapping[str, Callable[[str], str]]
    brand: str
    topic: str
    topic_names: Texts
    _said: dict[tuple[str, Ground], Sentence] = field(default_factory=dict)

    def say(self, language: str, ground: Ground) -> Sentence:
        """Say why a person gets this, in their language where template or house has it."""
        found = self._said.get((language, ground))
        if found is None:
            found = self._said[(language, ground)] = self._made(language, ground)
        return found

    def _made(self, language: str, ground: Ground) -> Sentence:
        speaks = self.language_for(language)
        topic = in_language(self.topic_names, speaks) or self.topic
        said = self._own(speaks, ground) or sentence(speaks, ground, self.brand, topic)
        short = compact(speaks, ground, topic)
        endings = tuple(_ending(text) for text in (said, short) if text)
        return Sentence(said, as_html(said), endings)

    def language_for(self, wanted: str) -> str:
        """Choose the template's language, unless only the house has the person's."""
        written = choose(self.written, wanted, self.default)
        base = base_of(wanted)
        return base if base in LANGUAGES and base != base_of(written) else written

    def _own(self, language: str, ground: Ground) -> str:
        """Give the template's own sentence, "" where it has none that fits."""
        say = self.own.get(language)
        if say is None or ground.why is not Why.TOPIC or ground.since is None:
            return ""
        said = say(in_words(language, ground.since)).strip()
        return said if len(said) <= LONGEST else ""


def _ending(text: str) -> Ending:
    line = "\n" + smarten(text)
    return Ending(line, count(line))
