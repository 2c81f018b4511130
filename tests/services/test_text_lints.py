"""Texts to phones are looked over before they cost anything: what may not go, what is unwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatcher.campaign_files.reader import read
from dispatcher.domain.campaigns import TemplateSource
from dispatcher.resources import texting_file
from dispatcher.rules.texting import Named, law_of, parse
from dispatcher.services.jurisdictions import shipped
from dispatcher.services.text_lints import abroad, lints, notices, problems
from tests.support.campaigns import GOOD, template

NUMBER = GOOD.replace('sms_sender = "Northwind"', 'sms_sender = "+447700900123"')
COUNTRIES = 'languages = ["en", "fr"]\ncountries = ["{}"]\n'
OWN = "https://northwind.example/week"


def words(text: str) -> TemplateSource:
    """Give the small template with this English text alone."""
    return TemplateSource("beans", {"en/sms.txt": text}, (), {"first_name": "Anna"})


def seen(text: str, country: str = "", sender: str = "+447700900123") -> list[tuple[bool, str]]:
    """Look over a text for a country: what is told, and whether it is a mistake."""
    file = GOOD.replace('sms_sender = "Northwind"', f'sms_sender = "{sender}"')
    spec = read(file.encode(), "spring.toml").spec
    return [
        (lint.law, lint.told) for lint in lints(spec, words(text), [country] if country else [])
    ]


@pytest.mark.parametrize(
    ("bad", "good", "law", "told"),
    [
        ("see https://bit.ly/x STOP", f"see {OWN} STOP", True, "public shorteners"),
        ("see http://northwind.example", f"see {OWN}", True, "write https://"),
        (f"{OWN} or {OWN}/fr", f"see {OWN}", False, "second link"),
        ("see https://other.example/a", f"see {OWN}", False, "people know the brand by"),
        ("Your code is 482913", "Your code is WEEK26", True, "code to log in with"),
        ("Missed delivery! Look here", "We deliver at no cost", True, "notice of a parcel"),
        ("Ihr Paket wartet", "Ihr Paket Kaffee", True, "notice of a parcel"),
        ("Your account is locked", "Your coffee is on us", True, "an order or account"),
        ("Wine for two", "Coffee for two", False, "speaks of alcohol"),
        ("Casino night", "Quiz night", False, "speaks of gambling"),
        ("coffee STOP2END", "coffee STOP to end", False, "then a space"),
        ("a" * 80 + "\u0142", "a" * 80 + "l", False, "makes 2 parts of this text"),
    ],
)
def test_each_lint_tells_the_bad_from_the_good(bad: str, good: str, law: bool, told: str) -> None:
    """What is against a law or sure to be blocked is a mistake, what is unwise a note."""
    found = seen(f"{{{{ brand.name }}}}: {bad}")
    assert [each for each in found if told in each[1]] == [(law, found[-1][1])]
    assert seen(f"{{{{ brand.name }}}}: {good}") == []


@pytest.mark.parametrize(
    ("country", "sender", "text", "law", "told"),
    [
        ("US", "Northwind", "x {{ unsubscribe_url }}", True, "may not be the sender"),
        ("PR", "Northwind", "x {{ unsubscribe_url }}", True, "may not be the sender"),
        ("CA", "Northwind", "x {{ unsubscribe_url }}", True, "may not be the sender"),
        ("US", "+12025550123", "x", False, "10DLC"),
        ("IE", "Northwind", "x {{ unsubscribe_url }}", False, "ComReg, else it is shown as Like"),
        ("SG", "Northwind", "x {{ unsubscribe_url }}", False, "SSIR, else it is shown as Likely"),
        ("KR", "+8225550123", "x", True, 'begins with "(광고)"'),
        ("VN", "+84900000000", "x", True, 'begins with "[QC]" or "[AD]"'),
        ("CN", "+861000000000", "x", True, 'begins with "【"'),
        ("MY", "62000", "x", True, 'begins with "RM0"'),
        ("AE", "Northwind", "x {{ unsubscribe_url }}", True, 'begins with "AD-"'),
        ("SA", "Northwind", "x {{ unsubscribe_url }}", True, 'ends with "-AD"'),
        ("JO", "Northwind", "x {{ unsubscribe_url }}", True, 'begins with "adv"'),
        ("IN", "Northwind", "x {{ unsubscribe_url }}", True, 'ends with "-P"'),
        ("FR", "Northwind", "x {{ unsubscribe_url }}", True, 'says "STOP au 36xxx"'),
        ("FR", "+33612345678", "x", True, "may not send offers"),
        ("AE", "AD-North", f"x {OWN}", False, "unless the operators have cleared it"),
        ("MY", "62000", "RM0 call +60 3 1234 5678", False, "unless the operators have cleared"),
        ("SA", "North-AD", "wine", True, "no operator delivers texts about alcohol"),
    ],
)
def test_each_country_gets_what_it_asks(
    country: str, sender: str, text: str, law: bool, told: str
) -> None:
    """Names as senders, registers, labels, links and ways out, by country."""
    assert (law, True) in [(each[0], told in each[1]) for each in seen(text, country, sender)]


@pytest.mark.parametrize(
    ("country", "sender", "text"),
    [
        ("GB", "Northwind", "x {{ unsubscribe_url }}"),
        ("FR", "Northwind", "x STOP au 36180"),
        ("FR", "36180", "x STOP"),
        ("KR", "+8225550123", "(광고) x"),
        ("VN", "+84900000000", "[AD] x"),
        ("CN", "1069000", "【Northwind】x"),
        ("MY", "62000", "RM0 Northwind: x"),
        ("DE", "+4915112345678", f"x {OWN}"),
    ],
)
def test_a_text_that_keeps_to_a_country_s_rules_is_no_mistake(
    country: str, sender: str, text: str
) -> None:
    """Nothing is refused that may go out."""
    assert [told for law, told in seen(text, country, sender) if law] == []


@pytest.mark.parametrize(
    ("text", "shut"),
    [
        ("x STOP to end", True),
        ("x STOP to 60095", False),
        ("x STOP au 36180", False),
        ("x {{ unsubscribe_url }}", False),
        ("x {{ preferences_url }}", False),
    ],
)
def test_a_name_cannot_be_answered_so_the_text_leads_out_otherwise(text: str, shut: bool) -> None:
    """STOP to a name reaches nobody; to a number it does."""
    assert any("STOP reaches nobody" in told for _, told in seen(text, sender="Northwind")) is shut
    assert not any("STOP reaches nobody" in told for _, told in seen(text))


def test_what_india_lets_be_filled_in_is_short() -> None:
    """A value of more than 30 letters would not match the registered template."""
    spec = read(NUMBER.encode(), "spring.toml").spec
    long = replace(words("x"), sample={"bike": "b" * 31})
    assert [lint.field for lint in lints(spec, long, ["IN"]) if lint.law] == ["bike"]
    short = replace(words("x"), sample={"bike": "b" * 30})
    assert not [lint for lint in lints(spec, short, ["IN"]) if lint.law]


def test_a_mistake_names_file_line_and_column_or_the_key() -> None:
    """What stands in a value is found at its tag; the sender at its key."""
    text = "{{ brand.name }}:\nsee {{ offer.headline }} https://bit.ly/x"
    file = read(NUMBER.encode(), "spring.toml")
    (wrong,) = problems(file, words(text), "templates/beans")
    assert (wrong.path, wrong.line, wrong.column) == ("templates/beans/en/sms.txt", 2, 26)
    tagged = NUMBER.replace("Two bags for one", "Your account is locked")
    (wrong,) = problems(
        read(tagged.encode(), "spring.toml"),
        words(text.removesuffix(" https://bit.ly/x")),
        "templates/beans",
    )
    assert (wrong.line, wrong.column) == (2, 5)
    named = GOOD.replace('languages = ["en", "fr"]\n', COUNTRIES.format("US"))
    (wrong,) = problems(read(named.encode(), "spring.toml"), template(), "templates/beans")
    assert (wrong.path, wrong.line) == ("spring.toml", 10)
    assert "brand.sms_sender" in str(wrong)


def test_an_audience_that_speaks_one_language_is_not_told_of_another() -> None:
    """Only texts that somebody gets are looked over."""
    english = NUMBER.replace('["en", "fr"]', '["en"]')
    bad = replace(template(), texts={**template().texts, "fr/sms.txt": "https://bit.ly/x"})
    assert list(problems(read(english.encode(), "spring.toml"), bad, "t")) == []
    assert list(problems(read(NUMBER.encode(), "spring.toml"), bad, "t"))


def test_countries_that_the_file_does_not_name_are_told_of_too() -> None:
    """The audience's numbers say which; those that are named were told before."""
    file = read(GOOD.encode(), "spring.toml")
    assert any("United States" in told for told in abroad(file.spec, template(), ["US", "GB"]))
    assert not any("United States" in told for told in notices(file, template()))


def test_mails_are_not_asked_what_texts_are() -> None:
    """Without texts to phones there is nothing to look over."""
    mails = NUMBER.replace('["email", "sms"]', '["email"]')
    spec = read(mails.encode(), "spring.toml").spec
    assert list(lints(spec, words("https://bit.ly/x"), ["KR"])) == []


def test_every_country_of_the_data_is_known_and_every_listed_one_says_who_may_send() -> None:
    """What texts are asked and what hours hold is told of the same countries."""
    book, asked = shipped(), parse(texting_file().read_bytes())
    assert set(asked) <= set(book.entries)
    for code in (code for code in book.entries if "-" not in code):
        named = law_of(code, book, asked).named
        assert named in Named
        assert (named is Named.UNKNOWN) == (code == "ZZ")
