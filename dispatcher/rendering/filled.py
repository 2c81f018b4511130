"""Texts to phones as most people get them: filled in without being rendered, each place kept."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dispatcher.domain.campaigns import CampaignSpec, TemplateSource
from dispatcher.rendering.compiled import shared_values
from dispatcher.rendering.revealed import Place, place_of
from dispatcher.rendering.source import SMS, choose, languages
from dispatcher.rendering.tags import BrokenTagError, tags

_LINK_ROOM = 40  # letters that a signed link of ours takes


@dataclass(frozen=True, slots=True)
class Said:
    """A text with brand, offer and sample filled in. `names`: what it asks for.

    `pieces` are pairs: where something begins in the filled text, and where in the template.
    """

    path: str
    raw: str
    text: str
    names: frozenset[str]
    pieces: tuple[tuple[int, int], ...]

    def place(self, at: int) -> Place:
        """Give line and column in the template of a place in the filled text."""
        filled, written = self.pieces[bisect_right(self.pieces, (at, len(self.raw))) - 1]
        in_tag = self.raw.startswith("{", written)
        return place_of(self.raw, written if in_tag else min(written + at - filled, len(self.raw)))


def texts(spec: CampaignSpec, template: TemplateSource) -> Iterator[Said]:
    """Fill in the texts of the languages that a campaign speaks."""
    written = languages(template)
    wanted = spec.audience.languages or written
    for language in sorted({choose(written, each, template.default_language) for each in wanted}):
        raw = template.texts.get(f"{language}/{SMS}")
        if raw is not None:
            values = {**template.sample, **shared_values(spec.brand, spec.offer, language)}
            yield _filled(f"{language}/{SMS}", raw, values)


def _filled(path: str, raw: str, values: Mapping[str, str]) -> Said:
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    names: set[str] = set()
    at = size = 0
    try:
        for tag in tags(raw):
            name = "".join(token.text for token in tag.tokens)
            names.add(name)
            own = "x" * _LINK_ROOM if name.endswith("_url") and "." not in name else ""
            value = values.get(name, own) if tag.opener == "{{" else ""
            places += [(size, at), (size + tag.start - at, tag.start)]
            pieces += [raw[at : tag.start], value]
            size, at = size + tag.start - at + len(value), tag.end
    except BrokenTagError:  # the check of the template tells of it
        raw = raw[:at]
    text = "".join([*pieces, raw[at:]])
    return Said(path, raw, text.rstrip(), frozenset(names), (*places, (size, at)))
