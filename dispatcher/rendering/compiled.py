"""A template made ready for one campaign: read, joined with brand and offer, compiled once."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.questions import Texts
from dispatcher.domain.why import Ground
from dispatcher.errors import CampaignError
from dispatcher.rendering.engine import Engine, RenderError
from dispatcher.rendering.grammar import examine
from dispatcher.rendering.headers import CONTROL, is_address
from dispatcher.rendering.links import Links
from dispatcher.rendering.mjml import BrokenMjmlError, to_html
from dispatcher.rendering.reasons import Reasons, Sentence
from dispatcher.rendering.source import HTML, SMS, SUBJECT, TEXT, WHY, choose, languages
from dispatcher.rendering.tags import Tag, tags

# Of messages that ask people to stay: the button's page, and the day on which consent ends.
STAYING = frozenset({"stay_url", "consent_ends"})
LINKS = frozenset({"unsubscribe_url", "preferences_url", "share_url", "stay_url"})
# Known of every person without being a field of theirs.
GIVEN = LINKS | {"why", "consent_date", "language", "consent_ends"}
_BRAND = ("name", "email", "postal_address", "contact")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all messages of a campaign have in common besides their words.

    `topic_names` is what people call the topic, by language; without any its short name is said.
    """

    brand: Brand
    offer: Offer
    links: Links
    topic: str
    campaign: str
    message_class: MessageClass = MessageClass.PROMOTIONAL
    topic_names: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """One compiled text: constant, or known to the engine by name and made of `names`."""

    name: str
    names: frozenset[str]
    constant: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """A template in one language. A channel it is not written for has no texts."""

    language: str
    texts: Mapping[str, Text]
    fields: frozenset[str]
    given: frozenset[str]


@dataclass(slots=True)
class CompiledTemplate:
    """What rendering needs; made once per campaign version, used for every batch of it."""

    source: TemplateSource
    letterhead: Letterhead
    engine: Engine
    by_language: dict[str, Words]
    reasons: Reasons
    _chosen: dict[str, Words] = field(default_factory=dict)

    def words(self, language: str) -> Words:
        """Give the texts for a person's language, by the chain exact, base, default."""
        found = self._chosen.get(language)
        if found is None:
            name = choose(tuple(self.by_language), language, self.source.default_language)
            found = self._chosen[language] = self.by_language[name]
        return found

    def why(self, language: str, ground: Ground) -> Sentence:
        """Say why a person gets this, in their language if it can be said in it."""
        return self.reasons.say(language, ground)


def compile_template(source: TemplateSource, letterhead: Letterhead) -> CompiledTemplate:
    """Compile a template that has been checked; CampaignError where it cannot be."""
    _require_fit(source.name, letterhead)
    engine = Engine()
    by_language = {
        language: _words(engine, source, letterhead, language) for language in languages(source)
    }
    if source.default_language not in by_language:
        problem = f"There is no folder for the default language {source.default_language!r}."
        raise CampaignError(source.name, 1, problem)
    head = letterhead
    reasons = compile_reasons(source, head.brand, head.topic, head.topic_names, engine)
    return CompiledTemplate(source, letterhead, engine, by_language, reasons)


def compile_reasons(
    source: TemplateSource,
    brand: Brand,
    topic: str,
    topic_names: Texts,
    engine: Engine | None = None,
) -> Reasons:
    """Compile no more of a template than its sentences that say why."""
    engine = engine or Engine()
    own = {
        language: partial(_dated, engine, _compile(engine, path, _ready_why(source, path, brand)))
        for language in languages(source)
        if (path := f"{language}/{WHY}") in source.texts
    }
    written, default = languages(source), source.default_language
    return Reasons(written, default, own, brand.name, topic, topic_names)


def _ready_why(source: TemplateSource, path: str, brand: Brand) -> str:
    language = path.partition("/")[0]
    shared = shared_values(brand, Offer(""), language)
    return _ready(path, source.texts[path].strip("\n"), shared, language)


def _dated(engine: Engine, text: Text, day: str) -> str:
    if text.constant is not None:
        return text.constant
    return engine.render(text.name, {"consent_date": day})


def _require_fit(name: str, letterhead: Letterhead) -> None:
    """Brand and offer go to places where not every text may stand: headers and links."""
    brand, url = letterhead.brand, letterhead.offer.url
    if not is_address(brand.email) or CONTROL.search(brand.name):
        problem = f"The brand {brand.id!r} has no name and e-mail fit for a header."
        raise CampaignError(name, 1, problem, "brand")
    if url and not url.startswith(("https://", "http://")):
        raise CampaignError(
            name, 1, f"The offer's url {url!r} is no https:// address.", "offer.url"
        )


def _words(engine: Engine, source: TemplateSource, letterhead: Letterhead, language: str) -> Words:
    shared = shared_values(letterhead.brand, letterhead.offer, language)
    texts = {}
    for file in (SUBJECT, TEXT, HTML, SMS):
        path = f"{language}/{file}"
        if path in source.texts:
            text = _ready(path, source.texts[path].strip("\n"), shared, language)
            texts[file] = _compile(engine, path, text)
    used = frozenset[str]().union(*(text.names for text in texts.values()))
    return Words(language, texts, used - GIVEN, used & GIVEN)


def shared_values(brand: Brand, offer: Offer, language: str) -> dict[str, str]:
    """Give what is the same for everybody: brand, offer and language, on one line each.

    An offer's field "price_fr" stands in for "price" in French texts.
    """
    values = {f"brand.{name}": getattr(brand, name) for name in _BRAND}
    values |= {
        "offer.name": offer.name,
        "offer.headline": offer.headline,
        "offer.code": offer.code,
        "offer.url": offer.url,
        "offer.value": f"{offer.value:g}",
        "language": language,
    }
    values |= {f"offer.{name}": text for name, text in offer.fields.items()}
    for suffix in (language.partition("-")[0], language):
        ending = "_" + suffix.lower().replace("-", "_")
        values |= {
            f"offer.{name.removesuffix(ending)}": text
            for name, text in offer.fields.items()
            if name.endswith(ending)
        }
    return {name: CONTROL.sub(" ", text).strip() for name, text in values.items()}


def _ready(path: str, text: str, shared: Mapping[str, str], language: str) -> str:
    """Check a text against the grammar, turn MJML into HTML, put shared values in."""
    for fault in examine(text).faults:
        raise CampaignError(path, fault.line, fault.text)
    if not path.endswith(HTML):
        return _joined(text, shared, escape=False)
    try:
        mail = to_html(text, language)
    except BrokenMjmlError as broken:
        raise CampaignError(path, broken.faults[0].line, broken.faults[0].text) from broken
    # MJML wrote part of this text: the grammar has the last word on what the engine will see.
    for fault in examine(mail).faults:
        raise CampaignError(path, 1, fault.text)
    return _joined(mail, shared, escape=True)


def _joined(text: str, shared: Mapping[str, str], *, escape: bool) -> str:
    pieces: list[str] = []
    at = 0
    for tag in tags(text):
        pieces += [text[at : tag.start], _filled(text, tag, shared, escape=escape)]
        at = tag.end
    return "".join([*pieces, text[at:]])


def _filled(text: str, tag: Tag, shared: Mapping[str, str], *, escape: bool) -> str:
    """Write a tag again with brand, offer and language in it as written words."""
    said = "".join(token.text for token in tag.tokens)
    value = shared.get(said)
    if tag.opener == "{{" and value is not None and "{" not in value and not tag.trims:
        return html.escape(value).encode("ascii", "xmlcharrefreplace").decode() if escape else value
    pieces: list[str] = []
    at, index = tag.start, 0
    while index < len(tag.tokens):
        token = tag.tokens[index]
        dotted = index + 2 < len(tag.tokens) and tag.tokens[index + 1].text == "."
        last = tag.tokens[index + 2] if dotted and token.kind == "name" else token
        name = f"{token.text}.{last.text}" if last is not token else token.text
        filters = index > 0 and tag.tokens[index - 1].text in {"|", "is"}
        if token.kind == "name" and name in shared and not filters:
            pieces += [text[at : token.start], _written(shared[name])]
            at = last.end
        index += 3 if last is not token else 1
    return "".join([*pieces, text[at : tag.end]])


def _written(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unescaped_links(text: str) -> str:
    """Mark our own links, which need no escaping; authors may not write this filter."""
    pieces: list[str] = []
    at = 0
    for tag in tags(text):
        if len(tag.tokens) == 1 and tag.tokens[0].text in LINKS:
            pieces += [text[at : tag.tokens[0].end], "|safe"]
            at = tag.tokens[0].end
    return "".join([*pieces, text[at:]])


def _compile(engine: Engine, path: str, text: str) -> Text:
    # The engine's name for the MJML text ends in html, which switches escaping on.
    name = path.removesuffix(".mjml") if path.endswith(HTML) else path
    names = frozenset(examine(text).names)
    if not names and not any(True for _ in tags(text)):
        return Text(name, names, text)
    try:
        engine.add(name, _unescaped_links(text) if path.endswith(HTML) else text)
    except RenderError as wrong:
        raise CampaignError(path, 1, str(wrong)) from wrong
    return Text(name, names, None)
