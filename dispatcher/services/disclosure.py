"""Disclosure: says what a campaign would tell people about themselves, and refuses what it may not.

Only what people told us or bought from us is said, never finely, never what is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dispatcher.campaign_files import prices
from dispatcher.campaign_files.lines import KeyPath
from dispatcher.campaign_files.precision import SLOT, tells_of_watching, too_exact
from dispatcher.campaign_files.reader import CampaignFile
from dispatcher.domain.campaigns import TemplateSource
from dispatcher.domain.known_facts import TOO_FINE, KnownFact, KnownFacts
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Reveal
from dispatcher.domain.sensitive import Category, in_condition, in_text
from dispatcher.errors import CampaignError
from dispatcher.rendering.revealed import (
    Revealed,
    names_in,
    place_of,
    revealed,
    texts_of,
    without_tags,
)
from dispatcher.rendering.source import SUBJECT, WHY, languages

# Filters that make a number of a value: what is told roughly must not be reckoned with.
_NUMERIC = frozenset({"float", "int", "length", "round"})
_OF_CONSENT = "to say why the person gets this, with the day of their consent"


@dataclass(frozen=True, slots=True)
class Words:
    """All that a campaign says: its file and its template, which lies at `root`."""

    file: CampaignFile
    template: TemplateSource
    root: str


def problems(words: Words, facts: KnownFacts) -> Iterator[CampaignError]:
    """Find all that may not be said, or asked of people: file, line, column and what to do."""
    topic = words.file.spec.audience.topic
    covered = facts.covers.get(topic, frozenset[Category]())
    yield from _conditions(words.file, facts, covered)
    offer, reminds = words.file.spec.offer, bool(words.file.spec.policy.reminds_of)
    for where, text in offer_texts(words.file).items():
        for place, told in (*_said(text, covered, reminds), *prices.claims(text, offer)):
            yield _in_offer(words.file, where, text, place, told)
    for channel in words.file.spec.channels:
        for use in revealed(words.template, channel):
            told = refusal(use.name, topic, facts) or _unblurred(use, facts)
            if told:
                path = f"{words.root}/{use.file}"
                yield CampaignError(path, use.line, told, use.name, use.column)
        yield from _unsaid(words, channel)
    for path, text in texts_of(words.template, *words.file.spec.channels):
        plain = without_tags(text, SLOT)
        for at, told in (*_said(plain, covered, reminds), *prices.claims(plain, offer)):
            yield CampaignError(
                f"{words.root}/{path}", place_of(text, at).line, told, "", place_of(text, at).column
            )


def _unsaid(words: Words, channel: Channel) -> Iterator[CampaignError]:
    """Refuse texts without what the price obliges them to say; a subject is too short for it."""
    for path, names in names_in(words.template, channel):
        for name in prices.duties(words.file.spec.offer):
            if f"offer.{name}" not in names and not path.endswith((f"/{SUBJECT}", f"/{WHY}")):
                told = f"{{{{ offer.{name} }}}} is missing: this offer's price obliges to say it"
                yield CampaignError(f"{words.root}/{path}", 1, told, f"offer.{name}", 1)


def refusal(name: str, topic: str, facts: KnownFacts) -> str:
    """Say why a fact may not stand in a text for people who asked for a topic; "" if it may."""
    fact = facts.facts.get(name)
    if fact is None:
        told = f'"{name}" is not declared, so nobody knows where it came from; declare it'
        return f"{told} in facts.toml under [facts.{name}], or take it out"
    if not fact.may_show:
        came = _IN_WORDS.get(fact.source, "declared with may_show = false")
        told = f'"{name}" is {came}: it may help to choose people, but is never told them'
        return f"{told}, nor may words hang on it; take it out"
    if fact.sensitive and fact.topic != topic:
        told = f'"{name}" is sensitive: only people who agreed to "{fact.topic}" are written to'
        return f'{told} of it; take it out, or set audience.topic = "{fact.topic}"'
    if fact.precision is not None and fact.precision in TOO_FINE:
        told = f'"{name}" tells a {fact.precision}; nothing finer than {TOO_FINE[fact.precision]}'
        return f"{told} is told people: store and declare a coarser one, or take it out"
    return ""


_IN_WORDS = {
    "inferred": "inferred",
    "bought_in": "bought in",
    "location": "from where people have been",
    "other_device": "from another device",
}


def reveals(template: TemplateSource, channel: Channel, facts: KnownFacts) -> Iterator[Reveal]:
    """List each fact a message on a channel would reveal, once, with every place it stands."""
    places: dict[str, list[str]] = {}
    for use in revealed(template, channel):
        places.setdefault(use.name, []).append(f"{use.file}:{use.line}:{use.column}")
    for name, where in places.items():
        fact = facts.facts.get(name)
        if fact is not None:
            fine = fact.precision or ""
            yield Reveal(channel, name, fact.source, fact.purpose, fine, tuple(where))
    if len(languages(template)) > 1 and "language" in facts.facts:
        fact = facts.facts["language"]
        yield Reveal(channel, "language", fact.source, fact.purpose, "", ("the language itself",))
    said = [path for path, names in names_in(template, channel) if "why" in names]
    if said:
        yield Reveal(channel, "consent", "declared", _OF_CONSENT, "day", tuple(said))


def offer_texts(file: CampaignFile) -> Mapping[KeyPath, str]:
    """Give the words of the offer by the key that holds them."""
    offer = file.spec.offer
    texts: dict[KeyPath, str] = {("offer", "name"): offer.name}
    if offer.headline:
        texts["offer", "headline"] = offer.headline
    own = {name: ("offer", "fields", name) for name in offer.fields}
    written = {name: at if at in file.lines else ("offer", name) for name, at in own.items()}
    return texts | {written[name]: text for name, text in offer.fields.items()}


def _conditions(
    file: CampaignFile, facts: KnownFacts, covered: frozenset[Category]
) -> Iterator[CampaignError]:
    """Refuse conditions that sort people by what is nobody's business."""
    audience = file.spec.audience
    for name, allowed in audience.attributes.items():
        fact = facts.facts.get(name)
        where = ("audience", "attributes", name)
        if fact is not None and fact.sensitive:
            if fact.topic != audience.topic:
                yield _at(file, where, _only_for(fact))
            continue
        tagged = [each for word in (name, *allowed) for each in in_condition(word)]
        for category in dict.fromkeys(each.category for each in tagged):
            if category not in covered:
                yield _at(file, where, _sensitive(category, "people are not chosen by it"))


def _only_for(fact: KnownFact) -> str:
    told = f'"{fact.name}" is sensitive: it may only choose among people who agreed to'
    return f'{told} "{fact.topic}"; set audience.topic = "{fact.topic}", or take it out'


def _sensitive(category: Category, so: str) -> str:
    kind = category.replace("_", " ")
    told = f"this speaks of {kind}, and {so} unless the consent to the topic names it"
    return f"{told}; take it out, or declare that in facts.toml under [topics]"


def _said(
    text: str, covered: frozenset[Category], reminds: bool = False
) -> Iterator[tuple[int, str]]:
    for tagged in in_text(text):
        if tagged.category not in covered:
            so = _sensitive(tagged.category, "texts do not")
            yield tagged.place, f'"{tagged.word}": {so}'
    for exact in (*too_exact(text), *(tells_of_watching(text) if reminds else ())):
        words = exact.words.replace(SLOT, "").strip()
        yield exact.place, f'"{" ".join(words.split())}" is too exact: {exact.instead}'


def _unblurred(use: Revealed, facts: KnownFacts) -> str:
    fact = facts.facts[use.name]
    filters = [each for each in use.filters if each in _NUMERIC]
    if not filters or fact.precision is None:
        return ""
    told = f'"{use.name}" is told as roughly as it is stored ({fact.precision})'
    return f"{told}; take the filter {filters[0]} out"


def _at(file: CampaignFile, where: KeyPath, told: str) -> CampaignError:
    error = file.problem(where, told)
    return CampaignError(error.path, error.line, error.problem, error.field, column(file, where))


def _in_offer(
    file: CampaignFile, where: KeyPath, text: str, place: int, told: str
) -> CampaignError:
    error = file.problem(where, told)
    line = file.source.split("\n")[error.line - 1]
    start = line.find(text)
    at = start + place + 1 if start >= 0 else column(file, where)
    return CampaignError(error.path, error.line, error.problem, error.field, at)


def column(file: CampaignFile, where: KeyPath) -> int:
    """Give the column of a key on its line, from 1."""
    lines = file.source.split("\n")
    number = file.lines.get(where, 1)
    line = lines[number - 1] if number <= len(lines) else ""
    found = line.find(str(where[-1]))
    return found + 1 if found >= 0 else 1
