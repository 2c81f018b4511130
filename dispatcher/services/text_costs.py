"""What texts to phones cost, told before they do: parts by language, at most, and why so many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from dispatcher.domain.gsm7 import Offender, forced_by, replaced, smarten
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Forced, Reach, TextSize
from dispatcher.rendering.compiled import GIVEN, CompiledTemplate
from dispatcher.rendering.engine import RenderError
from dispatcher.rendering.filled import texts
from dispatcher.rendering.people import Addressee, UnrenderableError
from dispatcher.rendering.sms import MAX_PARTS, SmsRenderer, segments
from dispatcher.rendering.source import SMS, choose
from dispatcher.services.validate import Checked

_SHOWN = 5  # characters that are shown in their place
_AROUND = 20  # letters before and after one

Longest = Mapping[str, tuple[str, str]]


def of_samples(checked: Checked) -> dict[str, int]:
    """Give the parts of each language's text, with the values of the sample; needs no database."""
    spec, template = checked.file.spec, checked.template
    said = texts(spec, template) if Channel.SMS in spec.channels else ()
    smart = template.smart_encoding
    return {
        each.path.partition("/")[0]: segments(smarten(each.text) if smart else each.text).parts
        for each in said
    }


def fields_of(template: CompiledTemplate) -> list[str]:
    """Give the personal values that texts to phones are filled with."""
    texts = [words.texts[SMS] for words in template.by_language.values() if SMS in words.texts]
    return sorted({name for text in texts for name in text.names if "." not in name} - GIVEN)


def sizes(
    template: CompiledTemplate,
    people: Iterable[Addressee],
    reach: Reach,
    price: float,
    longest: Longest,
    tables: Collection[National] = (),
) -> Iterator[TextSize]:
    """Measure the text of each sample person, and of those with the longest values there are."""
    readers = _readers(template, reach)
    renderer = SmsRenderer(template, tables)
    smart = template.source.smart_encoding
    spoken = {template.words(person.language).language: person for person in people}
    for language, person in spoken.items():
        with suppress(RenderError, UnrenderableError):  # the sample says so in its place
            written = renderer.said(person)
            text = smarten(written, tables)
            sent = text if smart else written
            size = segments(sent, tables)
            most = (
                _parts(renderer, worst, tables, smart=smart) for worst in _worst(person, longest)
            )
            yield TextSize(
                language,
                size.encoding,
                size.units,
                size.parts,
                max(size.parts, *most),
                readers[language],
                price,
                segments(written, tables).parts,
                replaced(written) if text != written else (),
                smart,
                tuple(_shown(sent, forced_by(sent, tables))),
            )


def notices(found: Iterable[TextSize]) -> Iterator[str]:
    """Warn of texts that some people would not get, as theirs would be too long."""
    for each in found:
        if each.most_parts > MAX_PARTS:
            told = f"with the longest values a text takes {each.most_parts} parts"
            yield f"{each.language}: {told}; whoever's takes more than {MAX_PARTS} gets none"


def _readers(template: CompiledTemplate, reach: Reach) -> Counter[str]:
    written, default = tuple(template.by_language), template.source.default_language
    readers: Counter[str] = Counter()
    for row in reach.rows:
        if row.reason == "ok" and row.channel is Channel.SMS:
            readers[choose(written, row.language, default)] += row.people
    return readers


def _worst(person: Addressee, longest: Longest) -> Iterator[Addressee]:
    """Give people with the longest values; one value of each is as foreign as there is."""
    long = {**person.fields, **{name: value for name, (value, _) in longest.items() if value}}
    yield person._replace(fields=long)
    for name, (_, foreign) in longest.items():
        if foreign:
            yield person._replace(fields={**long, name: foreign})


def _parts(
    renderer: SmsRenderer, person: Addressee, tables: Collection[National], *, smart: bool
) -> int:
    try:
        text = renderer.said(person)
    except (RenderError, UnrenderableError):
        return 0  # whoever has this value gets no text
    return segments(smarten(text, tables) if smart else text, tables).parts


def _shown(text: str, found: Iterable[Offender]) -> Iterator[Forced]:
    shown: set[str] = set()
    for place, char, plain in found:
        if char not in shown and len(shown) < _SHOWN:
            shown.add(char)
            start = max(0, place - _AROUND)
            words = text[start : place + _AROUND].replace("\n", " ")
            yield Forced(words, place - start, char, plain)
