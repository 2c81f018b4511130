"""What a text costs is told before it does: by language, at most, and which characters are dear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Forced, Reach, ReachRow, TextSize
from dispatcher.services.text_costs import fields_of, notices, of_samples, sizes
from tests.rendering.samples import TEXTS, compiled, person, source
from tests.support.campaigns import GOOD, checked, template

REACH = Reach(
    (
        ReachRow(Channel.SMS, "en-GB", "ok", 9_000),
        ReachRow(Channel.SMS, "", "ok", 1_000),
        ReachRow(Channel.SMS, "en", "no_consent", 7),
        ReachRow(Channel.EMAIL, "en", "ok", 70),
    )
)


def measured(
    text: str,
    longest: dict[str, tuple[str, str]] | None = None,
    tables: tuple[National, ...] = (),
    *,
    smart: bool = True,
) -> TextSize:
    """Measure one English text, sent to ten thousand people at 0.05 a part."""
    written = compiled(replace(source(TEXTS | {"en/sms.txt": text}), smart_encoding=smart))
    (found,) = sizes(written, [person(name="Zoe")], REACH, 0.05, longest or {}, tables)
    return found


def test_everybody_who_reads_a_language_is_counted_at_the_price_of_a_part() -> None:
    """Only those who would get a text; whoever speaks another language reads the default."""
    found = measured("{{ name }}: " + "a" * 150)
    assert (found.encoding, found.units, found.parts, found.people) == ("GSM-7", 155, 1, 10_000)
    assert found.cost == 500.0


def test_a_text_for_two_languages_is_measured_once() -> None:
    """Canadians read the plain English one if there is no other, and nobody counts twice."""
    readers = [person(language="en", name="Zoe"), person(language="en-CA", name="Zoe")]
    found = list(sizes(compiled(), readers, REACH, 0.05, {}))
    assert [(each.language, each.people) for each in found] == [("en", 10_000)]


@pytest.mark.parametrize(
    ("longest", "most"),
    [
        ({}, 1),
        ({"name": ("Anna", "")}, 1),
        ({"name": ("Maximiliane", "")}, 2),
        ({"name": ("Maximiliane", "Łucja")}, 3),
        ({"name": ("b" * 1001, "")}, 1),
    ],
)
def test_the_dearest_is_reckoned_with_the_longest_values(
    longest: dict[str, tuple[str, str]], most: int
) -> None:
    """A long name adds a part, a foreign one changes the alphabet of the whole text."""
    assert measured("{{ name }}: " + "a" * 150, longest).most_parts == most


def test_what_smart_encoding_saves_is_told_with_what_it_replaces() -> None:
    """The text as it is written is measured beside the one that is sent."""
    text = "{{ name }}: \u201ccoffee\u201d\u2026 " + "a" * 130
    found = measured(text)
    assert (found.written_parts, found.parts, found.smart) == (3, 1, True)
    assert found.replaced == (("\u201c", '"'), ("\u201d", '"'), ("…", "..."))
    kept = measured(text, smart=False)
    assert (kept.written_parts, kept.parts, kept.smart) == (3, 3, False)
    assert kept.replaced == found.replaced
    assert measured("plain").replaced == ()


def test_dear_characters_are_shown_in_their_place() -> None:
    """Each once, with the words around it and what could stand there."""
    found = measured("{{ name }}: pêche \u2013 pêche")
    assert found.forced == (
        Forced("Zoe: pêche \u2013 pêche", 6, "ê", None),
        Forced("Zoe: pêche \u2013 pêche", 11, "\u2013", "-"),
    )


def test_a_gateway_with_national_tables_is_reckoned_with_them() -> None:
    """Portuguese costs one part where its table can be sent."""
    text = "{{ name }}: " + "ã" * 100
    assert measured(text).parts == 2
    found = measured(text, tables=(National.PORTUGUESE,))
    assert (found.encoding, found.parts, found.forced) == ("GSM-7", 1, ())


def test_whoever_would_get_none_is_warned_of() -> None:
    """More than four parts are not sent."""
    long = measured("{{ name }}: " + "a" * 150, {"name": ("b" * 900, "")})
    (told,) = notices([long])
    assert "takes 7 parts" in told
    assert list(notices([measured("short")])) == []


def test_the_parts_of_samples_are_known_without_a_database() -> None:
    """By language, as validation tells them; mails have none."""
    assert of_samples(checked()) == {"en": 1, "fr": 1}
    long = replace(template(), texts={**template().texts, "fr/sms.txt": "ж" * 71})
    assert of_samples(replace(checked(), template=long)) == {"en": 1, "fr": 2}
    assert of_samples(checked(GOOD.replace('["email", "sms"]', '["email"]'))) == {}


def test_only_personal_values_are_looked_for() -> None:
    """Brand, offer and our own links are known already."""
    text = "{{ brand.name }} {{ name }} {{ offer.url }} {{ unsubscribe_url }} {{ why }}"
    assert fields_of(compiled(source(TEXTS | {"en/sms.txt": text}))) == ["name"]
