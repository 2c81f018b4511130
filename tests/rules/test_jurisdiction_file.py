"""Promises about reading rule data: what is wrong is refused, with its place and a remedy."""

from __future__ import annotations

import pytest

from dispatcher.errors import FileError
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.hours import Hours
from dispatcher.rules.jurisdiction_file import parse
from dispatcher.rules.permitted_hours import Answer, Where, permitted
from tests.rules.people import at

WEEK = ", ".join(
    f'{day} = [["09:00", "20:00"]]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
GOOD = f"""\
[meta]
version = "1"
as_of = "2026-11-21"
unknown_country = "ZZ"
close_margin_minutes = 15
max_hold_hours = 72

[territory.GP]
of = "ZZ"
timezones = ["America/Guadeloupe"]

[jurisdiction.ZZ]
name = "Elsewhere"
timezones = ["Europe/Paris"]
tier = "must"
basis = "a law"
confidence = "high"
as_of = "2026-11-21"
sources = ["book"]
windows = {{ {WEEK}, holiday = "as_day" }}
email = "none"
caps = [{{ max = 3, per_hours = 24, scope = "recipient" }}]
optout_deadline = {{ value = 10, unit = "business_days" }}

[source.book]
url = "https://example.com"
grade = "P"
"""
MONDAY = 'mon = [["09:00", "20:00"]]'


def test_what_is_right_is_read() -> None:
    """Windows become minutes, and the bytes have a fingerprint that changes with them."""
    book = parse(GOOD.encode(), "rules.toml")
    assert book.entries["ZZ"].week.days[0] == (Hours(540, 1200),)
    assert len(book.fingerprint) == 16
    assert parse(f"{GOOD}\n".encode(), "rules.toml").fingerprint != book.fingerprint


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('tier = "must"', 'tier = "maybe"', 15, 'jurisdiction.ZZ, tier: "maybe" is not known'),
        ('tier = "must"', "tier = 3", 15, "tier: 3 must be a text"),
        ('tier = "must"\n', "", 12, "jurisdiction.ZZ, tier: is missing; add it"),
        ('confidence = "high"', 'confidence = "sure"', 17, "write one of: high, medium, low"),
        ('email = "none"', 'emails = "none"', 21, 'emails: is not known; did you mean "email"?'),
        ('email = "none"', 'email = "all"', 21, '"all" is not known; write one of: none, same'),
        ('["Europe/Paris"]', '["Europe/Pari"]', 14, '"Europe/Pari" is no zone'),
        ('["Europe/Paris"]', '"Europe/Paris"', 14, "timezones: 'Europe/Paris' must be a list"),
        ('as_of = "2026-11-21"\nso', 'as_of = "21.11.26"\nso', 18, "is no date; write 2026-11-21"),
        ('sources = ["book"]', 'sources = ["web"]', 19, 'there is no source "web"'),
        (MONDAY, 'mon = [["9:00", "20:00"]]', 20, "windows.mon: '9:00' is no time of day"),
        (MONDAY, 'mon = [["09:00", "24:01"]]', 20, "'24:01' is no time of day"),
        (MONDAY, 'mon = [["20:00", "09:00"]]', 20, "closes before it opens; split it"),
        (MONDAY, 'mon = [["09:00"]]', 20, "is no window; write"),
        (MONDAY, 'mon = ["09:00", "20:00"]', 20, "is no window; write"),
        (MONDAY, 'mon = [["09:00", "12:00"], ["11:00", "13:00"]]', 20, "must come after"),
        (f"{MONDAY}, ", "", 20, "windows.mon: is missing"),
        (MONDAY, f"{MONDAY}, moon = []", 20, "windows.moon: is not known"),
        ('holiday = "as_day"', "holiday = []", 20, "no holiday_calendar is given"),
        ('holiday = "as_day"', 'holiday = "closed"', 20, "windows.holiday"),
        ("max = 3", "max = 0", 22, "caps.max: 0 must be 1 or more"),
        ("max = 3", "max = true", 22, "caps.max: True must be a whole number"),
        ('unit = "business_days"', 'unit = "weeks"', 23, '"weeks" is not known'),
        ("value = 10", "value = -1", 23, "-1 must be 0 or more"),
        ('grade = "P"', 'grade = "A"', 27, 'source.book, grade: "A" is not known'),
        ('of = "ZZ"', 'of = "YY"', 9, 'territory.GP, of: "YY" is no jurisdiction'),
        ('unknown_country = "ZZ"', 'unknown_country = "QQ"', 4, '"QQ" is no jurisdiction'),
        ('as_of = "2026-11-21"\nun', "as_of = 3\nun", 3, "meta, as_of: 3 must be a text"),
        ("[jurisdiction.ZZ]", "[jurisdiction.zz]", 12, "is no code; write a country as FR"),
        ('email = "none"', 'parent = "ZZ"\nemail = "none"', 21, "parent: must not be here"),
        ('sources = ["book"]', "sources = []", 19, "sources: is empty"),
        ("[source.book]", "[sauce.book]", 25, "sauce: is not known"),
        ("[meta]", "[meta", 0, "is no TOML in UTF-8"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(old: str, new: str, line: int, says: str) -> None:
    """The error names file, line, jurisdiction, field, value and remedy."""
    assert old in GOOD
    with pytest.raises(FileError) as refused:
        parse(GOOD.replace(old, new, 1).encode(), "rules.toml")
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"rules.toml:{line}:" if line else "rules.toml: ")


def test_bytes_that_are_no_text_are_refused() -> None:
    """A file in another encoding is no rule data."""
    with pytest.raises(FileError, match="UTF-8"):
        parse(GOOD.encode("utf-16"), "rules.toml")


def test_the_shipped_data_without_any_of_its_needed_fields_is_refused() -> None:
    """A rule that lost its hours in an edit never counts as open."""
    text = jurisdictions_file().read_text("utf-8")
    for field in ("windows", "tier", "email", "timezones", "sources"):
        start = text.index(f"{field} = ", text.index("[jurisdiction.FR]"))
        broken = text[:start] + text[text.index("\n", start) + 1 :]
        with pytest.raises(FileError, match=rf"jurisdiction\.FR, {field}: is missing"):
            parse(broken.encode(), "rules.toml")


def test_an_unknown_calendar_leaves_the_weekday_and_a_warning() -> None:
    """The rule of the weekday holds, and the answer says that holidays are not known."""
    calendar = 'holiday_calendar = { library = "holidays", country = "QQ" }\nemail = "none"'
    text = GOOD.replace('holiday = "as_day"', "holiday = []").replace('email = "none"', calendar)
    told = permitted(parse(text.encode(), "x"), Where(("ZZ",)), at("2026-12-25T12:00Z"))
    assert told.answer == Answer.ALLOW
    assert told.warnings == ("ZZ: no holidays known for QQ, so weekdays count",)


def test_a_part_must_name_its_country_and_that_must_be_there() -> None:
    """Else the country's hours would not bind."""
    start, end = GOOD.index("[jurisdiction.ZZ]"), GOOD.index("[source.book]")
    part = GOOD[start:end].replace("jurisdiction.ZZ", "jurisdiction.ZZ-A")
    with pytest.raises(FileError, match='ZZ-A, parent: must be "ZZ"'):
        parse((GOOD + part).encode(), "rules.toml")
    orphan = part.replace("ZZ-A]", "YY-A]").replace("tier", 'parent = "YY"\ntier')
    with pytest.raises(FileError, match='YY-A, parent: there is no jurisdiction "YY"'):
        parse((GOOD + orphan).encode(), "rules.toml")
