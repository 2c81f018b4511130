"""Promises about the file of overrides: what may not be is refused, with its place and a remedy."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.errors import FileError
from dispatcher.rules.hours import Hours
from dispatcher.rules.jurisdiction_overrides import overridden
from dispatcher.rules.jurisdictions import EmailHours, Override, Role, Tier
from dispatcher.rules.override_file import KEYS, RULES, digest, parse
from dispatcher.services.jurisdictions import shipped
from tests.rules.override_texts import COMPLIANCE, SIGNED, entry, week

BASE = shipped()
DAY = "09:00-18:00"
LATE = "08:00-23:00"
SHORT = week(DAY, sat="", sun="", holiday="[]")


def read(text: str) -> tuple[Override, ...]:
    """Read a file of this text."""
    return parse(text.encode(), "hours.toml", BASE)


def refused(text: str) -> str:
    """Give the words with which a file of this text is refused."""
    with pytest.raises(FileError) as told:
        read(text)
    return str(told.value)


def test_what_is_right_is_read() -> None:
    """Every key finds its place."""
    [told] = read(
        entry(
            "ES",
            brand='"roaster"',
            from_="2027-01-01",
            until="2027-03-01",
            windows=SHORT,
            strict_windows=SHORT,
            caps='[{ max = 2, per_hours = 24, scope = "recipient" }]',
            email_caps="[]",
            email='"same"',
            by='" Ana "',
            role='"compliance"',
            reason='"summer hours"',
        )
    )
    assert (told.number, told.line, told.jurisdiction, told.brand) == (1, 1, "ES", "roaster")
    assert (told.begins, told.ends) == (date(2027, 1, 1), date(2027, 3, 1))
    assert (told.by, told.role, told.reason) == ("Ana", Role.COMPLIANCE, "summer hours")
    assert told.windows
    assert told.windows.days[0] == (Hours(540, 1080),)
    assert told.windows == told.strict_windows
    assert told.caps
    assert (told.caps[0].most, told.email_caps, told.email) == (2, (), EmailHours.SAME)


def test_a_file_may_say_nothing() -> None:
    """Then the rule data holds as it is."""
    assert read("# nothing yet\n") == ()


def test_narrowing_needs_neither_name_nor_reason() -> None:
    """In every tier: who sends less hurts nobody."""
    codes = {entry.tier: code for code, entry in BASE.entries.items() if entry.calendar}
    assert set(codes) == set(Tier)
    for code in codes.values():
        [told] = read(entry(code, windows=week("", holiday="[]")))
        assert told.role == Role.TENANT


CAPS = {
    "smaller": '[{ max = 2, per_hours = 24, scope = "recipient+subject" }]',
    "longer": '[{ max = 3, per_hours = 48, scope = "recipient+subject" }]',
    "one more": '[{ max = 3, per_hours = 24, scope = "recipient+subject" },'
    ' { max = 9, per_hours = 720, scope = "recipient" }]',
    "larger": '[{ max = 4, per_hours = 24, scope = "recipient+subject" }]',
    "shorter": '[{ max = 3, per_hours = 23, scope = "recipient+subject" }]',
    "another": '[{ max = 3, per_hours = 24, scope = "recipient" }]',
    "none": "[]",
}


@pytest.mark.parametrize("caps", ["smaller", "longer", "one more"])
def test_caps_may_be_made_smaller(caps: str) -> None:
    """Fewer messages, in a longer time, or a further cap."""
    assert read(entry("US-FL", caps=CAPS[caps]))


@pytest.mark.parametrize("caps", ["larger", "shorter", "another", "none"])
def test_caps_of_a_law_are_not_made_larger(caps: str) -> None:
    """Nor taken away, whoever says so."""
    assert "nobody may" in refused(entry("US-FL", caps=CAPS[caps], **COMPLIANCE))


def test_a_must_is_never_widened() -> None:
    """Neither by a minute nor on holidays, whoever says so."""
    for windows in (
        week("08:00-20:01", sun="", holiday="[]"),
        week("08:00-20:00", sun="", holiday='[["12:00", "12:01"]]'),
        week("08:00-20:00", sun=""),
        week("08:00-20:00", holiday="[]"),
    ):
        said = refused(entry("FR", windows=windows, **COMPLIANCE))
        assert said.startswith("hours.toml:3: override 1 (FR), windows: ")
        assert "nobody may" in said
    assert "nobody may" in refused(entry("ZA", email='"none"', **COMPLIANCE))


def test_a_courtesy_may_be_widened_with_a_name_and_a_reason() -> None:
    """Where no rule was found the tenant decides, and says why."""
    wider = entry("DE", windows=week(LATE), **SIGNED)
    assert read(wider)
    for field in ("by", "reason"):
        kept = {name: value for name, value in SIGNED.items() if name != field}
        said = refused(entry("DE", windows=week(LATE), **kept))
        assert said.startswith(f"hours.toml:1: override 1 (DE), {field}: is missing: windows opens")
        assert said.endswith(("so say who decides", "so say why"))
        blank = refused(entry("DE", windows=week(LATE), **{**SIGNED, field: '" "'}))
        assert f"{field}: is missing" in blank


@pytest.mark.parametrize("code", ["IT", "US-CA"])
def test_a_probable_rule_is_widened_by_compliance_only(code: str) -> None:
    """That of calls which may reach texts, and that which binds under the strict profile."""
    assert read(entry(code, windows=week("00:00-24:00"), **COMPLIANCE))
    said = refused(entry(code, windows=week("00:00-24:00"), **SIGNED))
    assert "role: windows opens what a rule of" in said
    assert 'this takes role = "compliance"' in said


def test_strict_windows_are_widened_by_compliance_only() -> None:
    """Also where the usual ones are a courtesy."""
    spain = week("09:00-21:00", sun="", holiday="[]")
    assert read(entry("ES", strict_windows=spain, **COMPLIANCE))
    assert 'takes role = "compliance"' in refused(entry("ES", strict_windows=spain, **SIGNED))


def test_consent_lifts_hours_only_where_the_data_says_so() -> None:
    """Never where it is contested, nor where only a person's own hand counts."""
    assert read(entry("US-VA", consent_lifts_hours="true", **COMPLIANCE))[0].consent_lifts_hours
    assert 'role = "compliance"' in refused(entry("US-VA", consent_lifts_hours="true", **SIGNED))
    assert "reason: is missing" in refused(entry("US-VA", consent_lifts_hours="true", by='"Ana"'))
    for code, says in (
        ("US", 'the rule data says "contested", not "yes"'),
        ("DE", 'the rule data says "nothing", not "yes"'),
        ("ZA", "there only written agreement opens other hours"),
    ):
        assert says in refused(entry(code, consent_lifts_hours="true", **COMPLIANCE))


def test_a_brand_does_not_undo_what_is_said_for_all() -> None:
    """What compliance narrows for all brands a brand widens only as it would the data itself."""
    for_all = entry("IT", windows=week(DAY, sun=""), until="2027-06-01")
    own = week("09:00-19:00", sun="")
    assert 'this takes role = "compliance"' in refused(
        for_all + entry("IT", windows=own, brand='"roaster"', **SIGNED)
    )
    assert read(for_all + entry("IT", windows=own, brand='"roaster"', **COMPLIANCE))
    assert read(for_all + entry("IT", windows=own, brand='"roaster"', from_="2027-06-01"))
    in_france = entry("FR", windows=week("", holiday="[]"))
    undone = entry("FR", windows=week("10:00-12:00", sun="", holiday="[]"), brand='"roaster"')
    assert "nobody may" in refused(in_france + undone)
    assert "nobody may" in refused(undone + in_france)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[[overide]]\n", 1, 'overide: is not known; did you mean "override"?'),
        ('# hours\n[override]\njurisdiction = "ES"\n', 2, "write [[override]], with two brackets"),
        ("override = 3\n", 1, "override: 3 must be a list"),
        ("override = [3]\n", 1, "override 1: must be a table"),
        ("[[override]]\n", 1, "override 1: changes nothing; give one of: windows"),
        (entry("ES", window="[]"), 3, 'window: is not known; did you mean "windows"?'),
        (entry("XX", windows=SHORT), 2, '"XX" has no rules of its own; the table'),
        (entry("GP", windows=SHORT), 2, '"GP" has no rules of its own; it is under those of FR'),
        (entry("", windows=SHORT), 2, "override 1, jurisdiction: "),
        (entry("a|b", windows=SHORT), 2, "override 1, jurisdiction: "),
        ("[[override]]\nwindows = 3\n", 1, "jurisdiction: is missing; add it"),
        (entry(windows=SHORT, brand='"all"'), 4, "leave it out: the entry then holds for all"),
        (entry(windows=SHORT, brand='"The Roaster"'), 4, "has small letters, digits and hyphens"),
        (entry(windows=SHORT, brand="3"), 4, "brand: 3 must be a text"),
        (entry(windows=SHORT, from_='"2027-01-01"'), 4, "must be a day, written 2027-01-01 with"),
        (entry(windows=SHORT, from_="2027-01-01T00:00:00Z"), 4, "must be a day"),
        (entry(windows=SHORT, from_="2027-02-30"), 0, "is no TOML in UTF-8"),
        (
            entry(windows=SHORT, from_="2027-03-01", until="2027-03-01"),
            5,
            "until: 2027-03-01 must come after 2027-03-01; that day is outside",
        ),
        (entry(windows=SHORT, role='"admin"'), 4, '"admin" is not known; write one of: tenant, c'),
        (entry(windows=week("25:00-26:00")), 3, "windows.mon: '25:00' is no time of day"),
        (entry(windows="{ mon = [] }"), 3, "override 1 (ES), windows.tue: is missing"),
        (entry("US", windows=week(DAY, holiday="[]")), 3, "windows.holiday: has windows, but no"),
        (entry(email='"no"'), 3, '"no" is not known; write one of: none, same'),
        (entry(caps="[{ max = 0, per_hours = 1, scope = 'x' }]"), 3, "caps.max: 0 must be 1 or"),
        (
            entry(caps="[{ max = 1, per_hours = 1, scope = 'x' }]"),
            3,
            'caps.scope: "x" is not known',
        ),
        (entry(caps=f"[{{ max = 0x{'f' * 9000} }}]"), 3, "caps.max: must be 1000000 or less"),
        (entry(caps=f"0x{'f' * 9000}"), 3, "caps: the value must be a list"),
        (entry("US-VA", consent_lifts_hours="false"), 3, "can only be true"),
        (entry(windows=SHORT) + entry(windows=SHORT), 6, "override 1 sets it on the same days"),
        (entry(windows=SHORT) + entry("PT", email='"sam"'), 6, "override 2 (PT), email: "),
        ("[" * 5000, 0, "is no TOML in UTF-8"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text: str, line: int, says: str) -> None:
    """The error names file, line, entry, field and what to do."""
    said = refused(text)
    assert says in said
    assert said.startswith(f"hours.toml:{line}: " if line else "hours.toml: ")


def test_a_table_of_its_own_has_its_line() -> None:
    """Whether windows stand in one line or under a heading."""
    text = entry("ES") + "[override.windows]\nmon = 3\n"
    assert refused(text).startswith("hours.toml:3: override 1 (ES), windows.mon: 3 must be a list")


@pytest.mark.parametrize(
    "fields", [{"brand": '"roaster"'}, {"from_": "2027-01-01"}, {"until": "2026-01-01"}]
)
def test_two_entries_may_share_a_rule_on_other_days_or_for_a_brand(fields: dict[str, str]) -> None:
    """Only two voices on the same days are refused."""
    first = entry(windows=SHORT, from_="2026-01-01", until="2027-01-01")
    assert len(read(first + entry(windows=SHORT, **fields))) == 2


def test_every_key_is_explained() -> None:
    """What an entry may hold, and what it may change."""
    assert set(RULES) <= set(KEYS)
    assert all(KEYS.values())


toml_values = st.recursive(
    st.sampled_from(
        [
            *('"ES"', '"FR"', '"US-VA"', '"08:00"', '"24:00"', '"as_day"', '"same"', '"x"', '""'),
            *('"compliance"', "true", "false", "0", "-1", "1e400", "nan", "0xfffffffff"),
            *("2027-01-01", "2027-01-01T00:00:00Z", "07:00:00", SHORT, week("00:00-24:00")),
        ]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
        st.dictionaries(st.sampled_from(["mon", "max", "scope", "holiday"]), inner, max_size=3).map(
            lambda each: f"{{ {', '.join(f'{name} = {value}' for name, value in each.items())} }}"
        ),
    ),
    max_leaves=4,
)
entries = st.dictionaries(st.sampled_from([*KEYS, "x"]), toml_values, max_size=6).map(
    lambda fields: "\n".join(
        ["[[override]]", *(f"{name} = {value}" for name, value in fields.items()), ""]
    )
)
texts = st.lists(entries, max_size=3).map(lambda each: "".join(each).encode())


@given(st.one_of(st.binary(max_size=200), texts))
@example(b"override = [{ jurisdiction = 'ES', caps = [] }]")
@example(b'[[override]]\njurisdiction = "\\u0000"\nemail = "same"\n')
def test_any_bytes_give_a_book_or_a_refusal(data: bytes) -> None:
    """Whatever is in the file, no other error comes of it."""
    try:
        found = parse(data, "hours.toml", BASE)
    except FileError:
        return
    book = overridden(BASE, found, digest(data))
    assert book.on("roaster", 0.0).entries.keys() == BASE.entries.keys()
