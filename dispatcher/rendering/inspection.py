"""Everything that can be known to be wrong with a template before anybody gets a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.why import Ground, Why
from dispatcher.errors import CampaignError
from dispatcher.rendering.batch import render_batch
from dispatcher.rendering.compiled import (
    GIVEN,
    STAYING,
    CompiledTemplate,
    Letterhead,
    compile_template,
    shared_values,
)
from dispatcher.rendering.expressions import nearest
from dispatcher.rendering.grammar import examine
from dispatcher.rendering.links import Links
from dispatcher.rendering.mjml import BrokenMjmlError, to_html
from dispatcher.rendering.people import Addressee, Unrenderable
from dispatcher.rendering.source import FILES, HTML, SMS, SUBJECT, TEXT, WHY, choose, languages
from dispatcher.rendering.why import LANGUAGES, LONGEST, in_words
from dispatcher.tokens import Tokens

# Above it Gmail cuts a mail off, and with it the way out at its end.
MAX_HTML = 102_000
LONG_VALUE = 20
BRAND_WITHIN = 20

_WANTED = {Channel.EMAIL: (SUBJECT, TEXT, HTML), Channel.SMS: (SMS,)}
_IN_EVERY_MAIL = {
    "unsubscribe_url": "the way out",
    "preferences_url": "where people choose what they get",
    "brand.postal_address": "the postal address",
    "why": "why the person gets this",
}
_IN_EVERY_ASK = {
    "why": "people are told what they agreed to, and when",
    "consent_ends": "people are told when it ends without an answer, if it does",
    "stay_url": "the way to stay; a text may ask for YES instead",
}
_YES = re.compile(r"\bYES\b")
_STOP = re.compile(r"\bSTOP\b")
_BARE = "required values only"
_AT_LINE = re.compile(r" in line (\d+)\Z")
_FALSE_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE)
_BRAND = Brand("sample", "Sample Brand", "news@brand.example", "Sample", "1 Sample Street, Town")
_PERSON = {
    Channel.EMAIL: "sample.person@example.com",
    Channel.SMS: "+447700900123",
}
_KEY = DeliveryKey(10**9, 10**6, 1)
_TODAY = datetime(2026, 9, 30, 12, tzinfo=UTC)
_GROUND = Ground(Why.TOPIC, _TODAY.date())


@dataclass(frozen=True, slots=True)
class Inspection:
    """A template to look at, for an audience's languages, and where it lies.

    With `brand` and `offer` the very values of the campaign are tried, else samples. `reconfirms`:
    it asks people to stay.
    """

    source: TemplateSource
    languages: tuple[str, ...]
    channels: tuple[Channel, ...]
    root: str
    brand: Brand | None = None
    offer: Offer | None = None
    reconfirms: bool = False


def inspect(asked: Inspection) -> list[CampaignError]:
    """List everything wrong with a template; empty when it may be sent.

    Runs what the template says: only inside the watchdog on texts that nobody has seen yet.
    """
    problems = [*_translations(asked)]
    for language in languages(asked.source):
        for channel in asked.channels:
            problems += _files(asked, language, channel)
    for path, text in asked.source.texts.items():
        problems += _text(asked, path, text)
    if not problems:
        problems += _samples(asked)
    return problems


def _problem(asked: Inspection, path: str, line: int, text: str, field: str = "") -> CampaignError:
    return CampaignError(f"{asked.root}/{path}", line, text, field)


def _translations(asked: Inspection) -> Iterator[CampaignError]:
    """Every language the audience names must be written; the default is for the others."""
    written = languages(asked.source)
    has = f"it has {', '.join(written)}" if written else "it has none"
    if asked.source.default_language not in written:
        default = asked.source.default_language
        yield _problem(
            asked,
            "offer.toml",
            1,
            f"There is no folder for the default language {default!r}: {has}.",
        )
    for language in asked.languages:
        if not choose(written, language, ""):
            yield _problem(
                asked,
                language,
                1,
                f"The audience names {language!r}, but the template is not written in it: {has}.",
                "languages",
            )


def _files(asked: Inspection, language: str, channel: Channel) -> Iterator[CampaignError]:
    there = {
        path.partition("/")[2] for path in asked.source.texts if path.startswith(language + "/")
    }
    for file in _WANTED[channel]:
        if file not in there:
            near = nearest(file, there - set(FILES))
            yield _problem(asked, f"{language}/{file}", 1, f"The file is missing{near}.")
    if WHY not in there and language.partition("-")[0] not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        yield _problem(
            asked,
            f"{language}/{WHY}",
            1,
            f"The file is missing; only {known} have a sentence ready.",
        )


def _text(asked: Inspection, path: str, text: str) -> Iterator[CampaignError]:
    language, _, file = path.partition("/")
    if file not in FILES:
        return
    usage = examine(text)
    for fault in usage.faults:
        yield _problem(asked, path, fault.line, fault.text)
    if file == HTML and not usage.faults:
        try:
            to_html(text.strip("\n"), language)
        except BrokenMjmlError as broken:
            # Leading empty lines do not reach MJML; count them again for the person.
            skipped = len(text) - len(text.lstrip("\n"))
            for fault in broken.faults:
                yield _problem(asked, path, fault.line + skipped, fault.text)
    known = _known(asked, file)
    for name, line in usage.names.items():
        if name not in known:
            yield _problem(
                asked, path, line, f"There is no value {name!r}{nearest(name, known)}.", name
            )
    yield from _duties(asked, path, text, usage.names)


def _known(asked: Inspection, file: str) -> set[str]:
    shared = shared_values(asked.brand or _BRAND, asked.offer or Offer(""), "en")
    if file == WHY:
        return {"consent_date", *(name for name in shared if name.startswith("brand."))}
    known = set(shared) | GIVEN - {"consent_date"} | set(asked.source.sample)
    if asked.reconfirms:
        return {name for name in known - {"share_url"} if not name.startswith("offer.")}
    return known - STAYING


def _duties(
    asked: Inspection, path: str, text: str, names: Mapping[str, int]
) -> Iterator[CampaignError]:
    """What law and good manners want in every message (15 USC 7704, GDPR art. 21(4))."""
    file = path.partition("/")[2]
    if file in {TEXT, HTML}:
        for name, what in _IN_EVERY_MAIL.items():
            if name not in names:
                yield _problem(
                    asked, path, 1, f"{{{{ {name} }}}} is missing: every mail says {what}.", name
                )
    if asked.reconfirms and file in {TEXT, HTML, SMS}:
        yield from _asks_duties(asked, path, text, names)
    if file == WHY and "consent_date" not in names:
        told = "{{ consent_date }} is missing: the reason is the person's own, with its day."
        yield _problem(asked, path, 1, told, "consent_date")
    if file == SMS and not _STOP.search(text):
        yield _problem(asked, path, 1, 'The word STOP is missing, as in "STOP to end".')
    if file == SUBJECT and _FALSE_REPLY.match(text):
        yield _problem(asked, path, 1, "The subject pretends to be a reply.")
    if file == SUBJECT and len(text.strip().splitlines()) > 1:
        yield _problem(asked, path, 2, "A subject is one line.")


def _asks_duties(
    asked: Inspection, path: str, text: str, names: Mapping[str, int]
) -> Iterator[CampaignError]:
    """What whoever is asked to stay has to be told (Network Act of Korea, art. 50(8))."""
    by_word = path.endswith(SMS) and _YES.search(text)
    for name, what in _IN_EVERY_ASK.items():
        if name not in names and not (name == "stay_url" and by_word):
            yield _problem(asked, path, 1, f"{{{{ {name} }}}} is missing: {what}.", name)


def _samples(asked: Inspection) -> Iterator[CampaignError]:
    """Render every text for three people: the sample's, a bare one, one with long values."""
    try:
        template = compile_template(asked.source, _letterhead(asked))
    except CampaignError as wrong:
        yield _problem(asked, wrong.path, wrong.line, wrong.problem)
        return
    for words in template.by_language.values():
        say = template.reasons.own.get(words.language)
        if say and len(say(in_words(words.language, _TODAY.date())).strip()) > LONGEST:
            yield _problem(
                asked,
                f"{words.language}/{WHY}",
                1,
                f"The sentence is longer than {LONGEST} letters.",
            )
        for channel in asked.channels:
            yield from _rendered(asked, template, words.language, channel)


def _letterhead(asked: Inspection) -> Letterhead:
    fields = {
        name.removeprefix("offer."): value
        for name, value in asked.source.sample.items()
        if name.startswith("offer.")
    }
    sample = Offer(
        fields.get("name", "Sample offer"),
        fields.get("headline", "A sample headline"),
        fields.get("code", "SAMPLE26"),
        fields.get("url", "https://brand.example/sample"),
        10.0,
        fields,
    )
    links = Links(Tokens([bytes(16)]), "https://news.brand.example", "in.brand.example")
    return Letterhead(asked.brand or _BRAND, asked.offer or sample, links, "sample", "sample")


def _people(asked: Inspection) -> dict[str, dict[str, str]]:
    full = {name: value for name, value in asked.source.sample.items() if "." not in name}
    return {
        "the sample values": full,
        _BARE: {name: full.get(name, "") for name in asked.source.required},
        "long values": {name: _long(value) for name, value in full.items()},
    }


def _long(value: str) -> str:
    """Stretch a word to what a long name has; numbers stay numbers."""
    if value.isdigit() or len(value) >= LONG_VALUE or not value:
        return value
    return (value * LONG_VALUE)[:LONG_VALUE]


def _rendered(
    asked: Inspection, template: CompiledTemplate, language: str, channel: Channel
) -> Iterator[CampaignError]:
    said: set[str] = set()
    for what, fields in _people(asked).items():
        person = Addressee(_KEY, _PERSON[channel], language, fields, _GROUND)
        if what != _BARE:
            person = person._replace(until=date(2026, 10, 28))
        (message,) = render_batch(template, channel, [person], _TODAY)
        for file, problem in _judged(template, channel, message):
            if problem not in said:
                said.add(problem)
                at = _AT_LINE.search(problem)
                # Lines of HTML are not the lines of the MJML it was made from.
                line = int(at[1]) if at and file != HTML else 1
                yield _problem(asked, f"{language}/{file}", line, f"With {what}: {problem}.")


def _judged(
    template: CompiledTemplate, channel: Channel, message: Message | Unrenderable
) -> Iterator[tuple[str, str]]:
    if isinstance(message, Unrenderable):
        file = SMS if channel is Channel.SMS else SUBJECT
        found = re.match(r"[^/ ]+/([a-z.]+[a-z]): ", message.detail)
        yield (found[1].replace("html", HTML) if found else file), message.detail
        return
    if channel is Channel.EMAIL:
        if len(message.content) > MAX_HTML:
            yield HTML, f"the mail has {len(message.content)} bytes, at most {MAX_HTML} are shown"
        return
    brand = template.letterhead.brand.name
    begins = message.content.decode().find(brand)
    if begins < 0 or (begins and begins + len(brand) > BRAND_WITHIN):
        yield SMS, f"{{{{ brand.name }}}} is not within the first {BRAND_WITHIN} letters"


def problems_of(
    source: TemplateSource,
    wanted: Sequence[str],
    channels: Sequence[Channel],
    root: str = "",
    *,
    reconfirms: bool = False,
) -> list[CampaignError]:
    """Inspect with sample values only; `root` defaults to the template's name."""
    asked = Inspection(
        source, tuple(wanted), tuple(channels), root or source.name, reconfirms=reconfirms
    )
    return inspect(asked)
