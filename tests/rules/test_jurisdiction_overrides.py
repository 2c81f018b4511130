"""Promises about overrides: each brand and day has its data, and what must bind still does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import inf

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dispatcher.domain.messages import Channel
from dispatcher.errors import FileError
from dispatcher.rules.book import rule_book
from dispatcher.rules.hours import DAY
from dispatcher.rules.jurisdiction_overrides import Change, changes, overridden
from dispatcher.rules.jurisdictions import Jurisdictions, Law, Profile, Tier
from dispatcher.rules.override_file import digest, parse
from dispatcher.rules.permitted_hours import Answer, Where, permitted
from dispatcher.services.jurisdictions import shipped
from tests.rules.override_texts import COMPLIANCE, SIGNED, entry, week
from tests.rules.people import at

BASE = shipped()
SHORT = week("10:00-18:00", sat="", sun="", holiday="[]")
JANUARY = {"from_": "2027-01-01", "until": "2027-02-01"}
NOON = at("2027-01-12T12:00Z")  # a Tuesday


def book_of(text: str) -> Jurisdictions:
    """Give the rule data under a file of this text."""
    data = text.encode()
    return overridden(BASE, parse(data, "hours.toml", BASE), digest(data))


def opens(book: Jurisdictions, where: Where, now: float, brand: str = "roaster") -> bool:
    """Whether a message may go."""
    return permitted(book.on(brand, now), where, now).answer == Answer.ALLOW


SPAIN = Where(("ES",), ("Europe/Madrid",))


def test_an_override_holds_for_its_brand_and_its_days() -> None:
    """From the first day on, not on the last one, and for nobody else."""
    book = book_of(entry("ES", brand='"roaster"', windows=SHORT, **JANUARY))
    evening = at("2027-01-12T19:00+01:00")
    assert not opens(book, SPAIN, evening)
    assert opens(book, SPAIN, evening, "other")
    assert opens(book, SPAIN, at("2026-12-29T19:00+01:00"))
    assert opens(book, SPAIN, at("2027-02-02T19:00+01:00"))
    first, last = at("2027-01-01T00:00Z"), at("2027-01-31T23:59:59Z")
    assert [
        len(book.on("roaster", now).overrides) for now in (first - 1, first, last, last + 1)
    ] == [*(0, 1, 1, 0)]


def test_where_nothing_applies_it_is_the_same_object() -> None:
    """Answers are kept by the book: those of other brands and days are found again."""
    assert BASE.on("roaster", NOON) is BASE
    book = book_of(entry("ES", brand='"roaster"', windows=SHORT, **JANUARY))
    assert book.on("other", NOON) is book
    assert book.on("roaster", at("2027-03-01T00:00Z")) is book
    assert book.on("roaster", NOON) is book.on("roaster", NOON + DAY)
    assert book.on("roaster", NOON).on("roaster", NOON) is book.on("roaster", NOON)
    assert book_of("").on("roaster", NOON).entries == BASE.entries


def test_what_a_brand_says_comes_before_what_is_said_for_all() -> None:
    """Rule by rule: what it does not name stays as it is for all."""
    book = book_of(
        entry("ES", brand='"roaster"', windows=SHORT, **SIGNED)
        + entry("ES", windows=week("12:00-13:00", sun="", holiday="[]"), email='"same"')
    )
    two = at("2027-01-12T14:00+01:00")
    assert opens(book, SPAIN, two)
    assert not opens(book, SPAIN, two, "other")
    night = SPAIN._replace(channel=Channel.EMAIL)
    assert not opens(book, night, at("2027-01-12T23:00+01:00"))
    assert opens(BASE, night, at("2027-01-12T23:00+01:00"))


def test_version_and_fingerprint_change_with_the_file_and_with_the_data() -> None:
    """A decision names all that it was made by."""
    text = entry("ES", windows=SHORT)
    book, other = book_of(text), book_of(f"{text}\n")
    assert book.version.startswith(f"{BASE.version}+")
    assert len({BASE.fingerprint, book.fingerprint, other.fingerprint}) == 3
    assert book_of(text).fingerprint == book.fingerprint
    assert book.on("roaster", NOON).fingerprint == book.fingerprint
    hashes = {rule_book(Law(each)).hash for each in (BASE, book, other)}
    assert len(hashes) == 3
    assert Law(book).on("roaster", NOON) is book.on("roaster", NOON)


def test_consent_lifts_the_hours_of_that_state_only() -> None:
    """Louisiana's Sunday, for those who agreed in writing; the federal hours bind them too."""
    book = book_of(entry("US-LA", consent_lifts_hours="true", **COMPLIANCE))
    louisiana = Where(("US-LA",), ("America/Chicago",))
    agreed = louisiana._replace(consent_lifts=True)
    sunday, night = at("2027-01-10T12:00-06:00"), at("2027-01-10T21:30-06:00")
    assert opens(book, agreed, sunday)
    assert not opens(book, agreed, night)
    assert not opens(book, louisiana, sunday)
    assert not opens(BASE, agreed, sunday)
    assert not opens(book, agreed._replace(jurisdictions=("US-LA", "US-RI")), sunday)


def test_what_comes_next_is_known_before() -> None:
    """The next opening and the end of this one are those of the rules that then hold."""
    book = book_of(entry("ES", windows=SHORT, from_="2027-01-13"))
    tuesday = permitted(book.on("", NOON), SPAIN, at("2027-01-12T22:00+01:00"))
    assert tuesday.next_open == at("2027-01-13T10:00+01:00")
    west = Where(("ES",), ("America/Los_Angeles",))
    afternoon = permitted(book.on("", NOON), west, at("2027-01-12T12:00-08:00"))
    assert afternoon.closes == at("2027-01-12T18:00-08:00")
    shut = book_of(entry("ES", windows=week("", holiday="[]"), from_="2027-01-13"))
    assert permitted(shut.on("", NOON), west, NOON + 6 * 3600).closes == at("2027-01-13T00:00Z")
    assert permitted(shut.on("", NOON), SPAIN, NOON + DAY / 2).answer == Answer.NEVER


@pytest.mark.parametrize(
    ("windows", "change"),
    [
        (week("08:00-20:00", sun="", holiday="[]"), Change.SAME),
        (week("08:00-12:00,12:00-20:00", sun="", holiday="[]"), Change.SAME),
        (week("08:00-12:00,13:00-20:00", sun="", holiday="[]"), Change.NARROWER),
        (week("08:00-20:00", sun="", holiday='[["12:00", "13:00"]]'), Change.WIDER),
        (week("08:00-20:00", sun=""), Change.WIDER),
        (week("07:00-19:00", sun="", holiday="[]"), Change.SHIFTED),
    ],
)
def test_what_an_override_does_is_told(windows: str, change: Change) -> None:
    """By the minutes that it opens and closes, on weekdays and on holidays."""
    [override] = parse(entry("DE", windows=windows, **SIGNED).encode(), "x", BASE)
    assert changes(BASE.entries["DE"], override) == {"windows": change}


codes = st.sampled_from([code for code, each in BASE.entries.items() if each.zones])
hours = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(sorted)
windows = hours.map(lambda each: f"{each[0]:02}:00-{each[1]:02}:00" if each[0] < each[1] else "")
weeks = st.tuples(windows, windows, windows, st.sampled_from(['"as_day"', "[]"])).map(
    lambda each: week(each[0], sat=each[1], sun=each[2], holiday=each[3])
)
days = st.integers(0, 40).map(lambda each: date(2026, 12, 20) + timedelta(days=each))
instants = st.integers(0, 40 * 96).map(lambda each: at("2026-12-20T00:00Z") + each * 900.0)


@st.composite
def texts(draw: st.DrawFn, /, **fields: str) -> tuple[str, str]:
    """Write an override of hours with dates and a brand, and name its jurisdiction."""
    code = draw(codes)
    told = {draw(st.sampled_from(["windows", "strict_windows"])): draw(weeks)}
    begins, ends = sorted((draw(days), draw(days)))
    told |= draw(st.sampled_from([{}, {"from_": f"{begins}"}, {"until": f"{ends}"}]))
    told |= draw(st.sampled_from([{}, {"brand": '"roaster"'}]))
    return code, entry(code, **told, **fields)


profiles = st.sampled_from(Profile)


@given(texts(), profiles, instants)
@settings(max_examples=200)
def test_what_nobody_signed_opens_nothing(
    override: tuple[str, str], profile: Profile, now: float
) -> None:
    """An override that nobody signed only ever closes."""
    code, text = override
    try:
        book = book_of(text)
    except FileError:
        return
    where = Where((code,), profile=profile)
    if opens(book, where, now):
        assert opens(BASE, where, now)


@given(texts(**COMPLIANCE), profiles, instants)
@settings(max_examples=200)
def test_what_must_bind_binds_whatever_the_file_says(
    override: tuple[str, str], profile: Profile, now: float
) -> None:
    """Where the law is plain, an accepted override leaves no more time than there was."""
    code, text = override
    try:
        book = book_of(text)
    except FileError:
        assert BASE.entries[code].tier == Tier.MUST or '"as_day"' not in text
        return
    musts = [each.code for each in BASE.chain(code).members if each.tier == Tier.MUST]
    for must in musts:
        where = Where((must,), BASE.chain(code).zones, profile)
        if opens(book, where, now):
            assert opens(BASE, where, now)


@given(texts(**COMPLIANCE), profiles, instants)
def test_the_next_opening_is_open_and_nothing_before_it(
    override: tuple[str, str], profile: Profile, now: float
) -> None:
    """Asked again at the next opening it is open, also when other rules hold by then."""
    code, text = override
    try:
        book = book_of(text)
    except FileError:
        assume(False)
    where = Where((code,), profile=profile)
    told = permitted(book.on("roaster", now), where, now)
    if told.next_open is None:
        return
    assert opens(book, where, told.next_open)
    quarters = min(int((told.next_open - now) / 900), 400)
    assert not any(opens(book, where, now + each * 900) for each in range(quarters))
    if told.answer == Answer.ALLOW and told.closes is not None:
        assert opens(book, where, told.closes - 1)
        assert not opens(book, where, told.closes)


def test_many_overrides_do_not_go_deep() -> None:
    """A year of entries, one a day, are as good as one."""
    first = date(2027, 1, 1)
    text = "".join(
        entry(
            "ES",
            windows=SHORT,
            from_=f"{first + timedelta(days=each)}",
            until=f"{first + timedelta(days=each + 1)}",
        )
        for each in range(400)
    )
    book = book_of(text)
    assert not opens(book, SPAIN, at("2027-01-12T19:00+01:00"))
    last = datetime(2027, 1, 1, 18, tzinfo=UTC) + timedelta(days=400)
    assert book.on("roaster", last.timestamp()).ends == inf
