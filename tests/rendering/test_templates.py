"""Promises of the templates we ship, and of the check that every template must pass."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.gsm7 import Encoding, count
from dispatcher.domain.messages import Channel, Message
from dispatcher.errors import CampaignError
from dispatcher.rendering import check, compile_template, inspection, load, render_batch
from dispatcher.rendering.compiled import GIVEN, shared_values
from dispatcher.rendering.expressions import FILTERS, TESTS
from dispatcher.rendering.inspection import problems_of
from dispatcher.rendering.source import choose
from tests.rendering.samples import BRAND, MJML, NOW, SHIPPED, TEXTS, parsed, part, person, source

PROGRAMMES = ("bike-service", "coffee-week", "last-seats")
BOTH = tuple(Channel)


def said(template: TemplateSource, languages: tuple[str, ...] = ("en",)) -> list[str]:
    """Give the problems of a template, in this process."""
    return [str(problem) for problem in problems_of(template, languages, BOTH, "t")]


@pytest.mark.parametrize("name", PROGRAMMES)
def test_what_we_ship_passes_its_own_check(name: str) -> None:
    """Three programmes, each in English, French and German; a Canadian reads the French."""
    assert check(load(SHIPPED / name), ["en", "fr", "de", "fr-CA", "de-AT"]) == []


def test_what_asks_people_to_stay_says_what_it_has_to() -> None:
    """Ours does in all its languages, and shows no offer; a template for offers asks nobody."""
    ours = load(SHIPPED / "stay-in-touch")
    assert check(ours, ["en", "fr", "de", "ko"], reconfirms=True) == []
    offers = [str(each) for each in problems_of(source(), ["en"], BOTH, "t", reconfirms=True)]
    for lacking in ("{{ consent_ends }} is missing", "{{ stay_url }} is missing"):
        assert any(lacking in told for told in offers)
    assert any("There is no value 'stay_url'" in told for told in said(ours))
    bare = {path: text.replace("YES", "yes") for path, text in ours.texts.items()}
    told = problems_of(replace(ours, texts=bare), ["en"], BOTH, "t", reconfirms=True)
    assert {str(each).partition(":")[0] for each in told} == {
        f"t/{language}/sms.txt" for language in ("de", "en", "fr", "ko")
    }


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_a_text_that_asks_people_to_stay_is_cheap(language: str) -> None:
    """Two parts of GSM-7, whether it ends or silence keeps it."""
    template = load(SHIPPED / "stay-in-touch")
    asked = inspection.Inspection(template, (language,), BOTH, "t", reconfirms=True)
    ready = compile_template(template, inspection._letterhead(asked))
    somebody = person("+447700900123", language)
    for until in (None, date(2026, 9, 28)):
        (sms,) = render_batch(ready, Channel.SMS, [somebody._replace(until=until)], NOW)
        assert isinstance(sms, Message)
        cost = count(sms.content.decode())
        assert (cost.encoding, cost.parts <= 2) == (Encoding.GSM7, True)
        assert ("28" in sms.content.decode()) == (until is not None)


@pytest.mark.parametrize("language", ["en", "fr", "de"])
@pytest.mark.parametrize("name", PROGRAMMES)
def test_what_we_ship_is_complete_and_cheap(name: str, language: str) -> None:
    """Mails name reason, way out and address; texts keep to GSM-7 and two parts at most."""
    template = load(SHIPPED / name)
    asked = inspection.Inspection(template, (language,), BOTH, name)
    ready = compile_template(template, inspection._letterhead(asked))
    for fields in inspection._people(asked).values():
        somebody = person("+447700900123", language, **fields)
        (sms,) = render_batch(ready, Channel.SMS, [somebody], NOW)
        assert isinstance(sms, Message)
        cost = count(sms.content.decode())
        assert (cost.encoding, cost.parts <= 2) == (Encoding.GSM7, True)
        somebody = person("anna@example.com", language, **fields)
        (mail,) = render_batch(ready, Channel.EMAIL, [somebody], NOW)
        assert isinstance(mail, Message)
        for subtype in ("plain", "html"):
            text = unescape(part(parsed(mail), subtype))
            assert "2026" in text
            assert "https://news.brand.example/u/" in text
            assert "1 Sample Street, Town" in text
            assert "{{" not in text
            assert "{%" not in text


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"en/subject.txt": None}, "t/en/subject.txt:1: The file is missing"),
        ({"en/subject.txt": None, "en/subjet.txt": "x"}, "did you mean 'subjet.txt'"),
        ({"en/sms.txt": None}, "t/en/sms.txt:1: The file is missing"),
        ({"en/text.txt": "a\n{{ nmae }}"}, "t/en/text.txt:2: There is no value 'nmae', did you"),
        ({"en/subject.txt": "{{ offer.cod }}"}, "no value 'offer.cod', did you mean 'offer.code'"),
        ({"en/text.txt": "a\nb {{ name"}, "t/en/text.txt:2: This {{ is never closed by }}."),
        ({"en/subject.txt": "x" * 300}, "the subject is too long"),
        ({"en/subject.txt": "Re: your order"}, "pretends to be a reply"),
        ({"en/subject.txt": "a\nb"}, "t/en/subject.txt:2: A subject is one line."),
        ({"en/subject.txt": "{{ name }}"}, "the subject is empty"),
        ({"en/text.txt": TEXTS["en/text.txt"] + "{{ name|int }}"}, "t/en/text.txt:8: With the"),
        ({"en/text.txt": "Hello"}, "{{ unsubscribe_url }} is missing: every mail says the way out"),
        ({"en/text.txt": "Hello"}, "{{ brand.postal_address }} is missing"),
        ({"en/html.mjml": MJML.replace("{{ why }}", "")}, "{{ why }} is missing"),
        ({"en/html.mjml": MJML.replace("mj-text", "mj-txt")}, "t/en/html.mjml:5: There is no <mj-"),
        ({"en/html.mjml": "\n\n" + MJML.replace("Dear", "<<")}, "t/en/html.mjml:7: A <"),
        ({"en/sms.txt": "{{ brand.name }}: hi"}, "The word STOP is missing"),
        ({"en/sms.txt": "Hello from {{ brand.name }}: hi. STOP to end"}, "within the first 20"),
        ({"en/sms.txt": "{{ brand.name }} " + "x" * 700 + " STOP"}, "5 parts, at most 4"),
        ({"en/sms.txt": "{{ brand.name }} {{ name }} " + "й" * 235 + " STOP"}, "With long values"),
        ({"en/why.txt": "{{ consent_date }}" + "x" * 121}, "longer than 120"),
        ({"en/why.txt": "You asked."}, "t/en/why.txt:1: {{ consent_date }} is missing"),
        ({"en/text.txt": "Hello"}, "{{ preferences_url }} is missing: every mail says where"),
        ({"en/why.txt": "You {{ name }}"}, "t/en/why.txt:1: There is no value 'name'"),
        ({"sv/subject.txt": "Hej"}, "t/sv/why.txt:1: The file is missing; only ar, de, en"),
        ({"en/html.mjml": MJML.replace("Dear", "x" * 102_000)}, "bytes, at most 102000"),
    ],
)
def test_each_slip_is_found_where_it_is(changed: dict[str, str | None], says: str) -> None:
    """File, line and a plain sentence, before anybody gets a message."""
    texts = {**TEXTS, **changed}
    found = said(source({path: text for path, text in texts.items() if text is not None}))
    assert any(says in problem for problem in found), found


def test_a_small_template_is_fine() -> None:
    """What is right is not complained about."""
    assert said(source()) == []


def test_a_missing_translation_fails_when_the_audience_names_it() -> None:
    """French speakers in the audience need a French text; fr-CA is served by fr."""
    (problem,) = said(source(), ("en", "fr"))
    assert problem.startswith("t/fr:1: The audience names 'fr'")
    assert said(source(), ("en-GB",)) == []
    (problem,) = said(TemplateSource("small", TEXTS, (), {"name": "Z"}, "de"))
    assert "default language 'de'" in problem


def test_only_the_campaigns_channels_must_be_written() -> None:
    """A campaign by mail needs no text for phones."""
    mail_only = source({path: text for path, text in TEXTS.items() if "sms" not in path})
    assert problems_of(mail_only, ["en"], [Channel.EMAIL]) == []


def test_the_campaigns_own_brand_and_offer_are_tried() -> None:
    """A brand with a long name, or a value the offer lacks, is found at validation."""
    brand = Brand("long", "A brand with a very long name", "a@b.example", "Long", "Street 1")
    asked = inspection.Inspection(source(), ("en",), BOTH, "t", brand, Offer("o"))
    assert inspection.inspect(asked) == []
    texts = TEXTS | {"en/text.txt": TEXTS["en/text.txt"] + "{{ offer.price }}"}
    asked = inspection.Inspection(source(texts), ("en",), BOTH, "t", brand, Offer("o"))
    assert any("'offer.price'" in str(problem) for problem in inspection.inspect(asked))


def test_a_link_must_be_a_web_address() -> None:
    """An offer cannot bring a script in its url."""
    asked = inspection.Inspection(
        source(), ("en",), BOTH, "t", None, Offer("o", url="javascript:x")
    )
    assert "no https:// address" in str(inspection.inspect(asked)[0])


def test_the_chain_of_languages() -> None:
    """Exact, then base, then the default."""
    written = ("de", "en", "fr", "fr-CA")
    wanted = ["fr-CA", "fr-be", "FR", "de_AT", "sv", ""]
    assert [choose(written, each, "en") for each in wanted] == [
        "fr-CA", "fr", "fr", "de", "en", "en",
    ]  # fmt: skip


def _folder(tmp_path: Path, manifest: bytes, **files: bytes) -> Path:
    folder = tmp_path / "offer"
    (folder / "en").mkdir(parents=True)
    (folder / "offer.toml").write_bytes(manifest)
    for name, text in files.items():
        (folder / "en" / f"{name}.txt").write_bytes(text)
    return folder


@pytest.mark.parametrize(
    ("manifest", "line", "says"),
    [
        (b"required = [", 1, "offer.toml"),
        (b"a = 1\n", 1, "no setting 'a'"),
        (b"\nrequired = 'x'", 2, "list of names"),
        (b"required = ['x']", 1, "no sample value"),
        (b"[sample]\nName = 'x'", 2, "small letters"),
        (b"[sample]\nname = [1]", 2, "a text or a number"),
        (b"[sample]\n[sample.offer]\nx__y = '1'", 3, "small letters"),
        (b"default_language = 'English'", 1, "named like"),
        (b"sample = 3", 1, "table of sample values"),
        (b"# \xe9", 1, "not UTF-8"),
        (b"x = 1\nx = 2", 2, "offer.toml"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path: Path, manifest: bytes, line: int, says: str) -> None:
    """offer.toml is refused with its line and a sentence."""
    with pytest.raises(CampaignError, match=re.escape(says)) as wrong:
        load(_folder(tmp_path, manifest))
    assert wrong.value.line == line
    assert wrong.value.path.endswith("offer.toml")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [(b"a\nb\xff", 2, "UTF-8"), (b"a\0b", 1, "zero bytes"), (b"x" * 600_000, 1, "larger than")],
)
def test_a_file_that_is_no_text_is_named(tmp_path: Path, text: bytes, line: int, says: str) -> None:
    """Wrong encoding, binary and huge files are refused where they lie."""
    with pytest.raises(CampaignError, match=says) as wrong:
        load(_folder(tmp_path, b"", subject=text))
    assert wrong.value.line == line


def test_windows_files_are_welcome(tmp_path: Path) -> None:
    """A byte order mark and CRLF mean nothing."""
    folder = _folder(tmp_path, b"\xef\xbb\xbf[sample]\r\nname = 'A'\r\n", subject=b"a\r\nb\r\n")
    found = load(folder)
    assert found.texts["en/subject.txt"] == "a\nb\n"
    assert found.sample == {"name": "A"}


def test_the_guide_names_all_that_a_text_may_say() -> None:
    """Every filter, test, tag and value is in the guide for authors."""
    guide = (SHIPPED.parent / "docs/how-to/write-a-template.md").read_text()
    words = {f"`{word}`" for word in FILTERS | TESTS}
    words |= {f"{{{{ {name} }}}}" for name in GIVEN}
    words |= {f"{{{{ {name} }}}}" for name in shared_values(BRAND, Offer("o"), "en")}
    words |= {f"{{% {word} " for word in ("if", "elif", "for", "set")} | {"{% else %}"}
    assert [word for word in sorted(words) if word not in guide] == []
