"""Promises about the permitted hours of jurisdictions: exact, and only ever narrower."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.proof import hours as table_hours
from dispatcher.proof.table import Table
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.hours import DAY, Hours
from dispatcher.rules.jurisdictions import Profile
from dispatcher.rules.permitted_hours import Answer, OwnHand, Permitted, Where, causes, permitted
from dispatcher.services.jurisdictions import read, shipped
from tests.rules.people import ZONES, at

BOOK = shipped()
AGAIN = read(jurisdictions_file())
TABLE = Table(jurisdictions_file().read_bytes())
CASES = list(
    csv.DictReader(
        (Path(__file__).parent / "quiet_hours_cases.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)
MINUTE = 60.0
YEAR = at("2026-11-01T00:00Z")
NIGHT = Hours(21 * 60, 8 * 60)

codes = st.sampled_from([*BOOK.entries, *BOOK.territories, "US-NY", "FR-GP", "IS"])
some_codes = st.lists(codes, min_size=1, max_size=2, unique=True).map(tuple)
some_zones = st.lists(st.sampled_from(ZONES), max_size=2, unique=True).map(tuple)
minutes = st.integers(0, 1440)
hours = st.builds(Hours, minutes, minutes, st.just(""))
profiles = st.sampled_from(Profile)
channels = st.sampled_from(Channel)
instants = st.integers(0, 400 * 1440).map(lambda minute: YEAR + minute * MINUTE)
places = st.builds(
    Where,
    some_codes,
    some_zones,
    profiles,
    channels,
    st.lists(hours, max_size=1).map(tuple),
    st.just(()),
    st.sampled_from([0, 900]),
)


def ask(code: str, zone: str, when: str, profile: Profile = Profile.BALANCED) -> Permitted:
    """Ask about texts to one place in one zone; "" is all of its zones."""
    return permitted(BOOK, Where((code,), (zone,) if zone else (), profile), at(when))


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['jurisdiction']} {row['local_note']}")
def test_every_case_of_the_rule_book_agrees(row: dict[str, str]) -> None:
    """Decision and next opening are those that were worked out by hand."""
    zone = "" if row["zone"] == "-" else row["zone"]
    told = ask(row["jurisdiction"], zone, row["instant_utc"], Profile(row["profile"]))
    assert (told.answer, told.next_open) == (row["decision"], at(row["next_open_utc"]))


@given(codes, st.sampled_from(["", *ZONES]), profiles, instants)
@settings(max_examples=150)
def test_a_checker_written_from_the_table_agrees(
    code: str, zone: str, profile: Profile, now: float
) -> None:
    """Looking at the minutes of the table finds the same first open minute."""
    told = permitted(BOOK, Where((code,), (zone,) if zone else (), profile), now)
    zones = (zone,) if zone else TABLE.zones((code,))
    if not zones:
        assert told.answer == Answer.NEVER
        return
    hours = table_hours.Hours(TABLE.sheets((code,), Channel.SMS, profile), (), zones)
    assert told.next_open == table_hours.first_open(hours, now, 0)
    assert (told.answer == Answer.ALLOW) == (told.next_open == now)


@given(places, instants)
def test_the_next_opening_is_open_and_nothing_before_it(where: Where, now: float) -> None:
    """At the next opening it is allowed; at each minute until then it is held, to the same end."""
    told = permitted(BOOK, where, now)
    if told.next_open is None:
        assert told.answer == Answer.NEVER
        return
    assert permitted(BOOK, where, told.next_open).answer == Answer.ALLOW
    for minute in range(min(int((told.next_open - now) / MINUTE), 3 * 1440)):
        held = permitted(BOOK, where, now + minute * MINUTE)
        assert (held.answer, held.next_open) == (Answer.HOLD, told.next_open)


@given(places, instants)
def test_what_is_open_closes_when_it_says(where: Where, now: float) -> None:
    """It is open until `closes`, which is outside."""
    told = permitted(BOOK, where, now)
    if told.answer == Answer.ALLOW and told.closes is not None:
        assert permitted(BOOK, where, told.closes - 1).answer == Answer.ALLOW
        assert permitted(BOOK, where, told.closes).answer != Answer.ALLOW


@given(places, instants, codes, st.sampled_from(ZONES), hours)
def test_more_of_anything_never_opens(
    where: Where, now: float, code: str, zone: str, own: Hours
) -> None:
    """A further jurisdiction, zone, own window, or the strict profile opens nothing, nor sooner."""
    before = permitted(BOOK, where, now)
    narrower = [
        where._replace(jurisdictions=(*where.jurisdictions, code)),
        where._replace(own=(*where.own, own)),
        where._replace(profile=Profile.STRICT),
        where._replace(margin=where.margin + 600),
    ]
    if where.zones:
        narrower.append(where._replace(zones=(*where.zones, zone)))
    for each in narrower:
        after = permitted(BOOK, each, now)
        if before.answer != Answer.ALLOW:
            assert after.answer != Answer.ALLOW
        if before.next_open is None:
            assert after.next_open is None
        elif after.next_open is not None:
            assert after.next_open >= before.next_open


@given(places, instants)
def test_the_same_question_has_the_same_answer(where: Where, now: float) -> None:
    """The answer hangs on nothing but what is given, not on what was asked before."""
    assert permitted(AGAIN, where, now) == permitted(BOOK, where, now)


@given(places, instants)
def test_the_causes_agree_with_the_answer(where: Where, now: float) -> None:
    """Where the law alone holds a message, at least one rule is told as closed, else none."""
    alone = where._replace(own=(), margin=0)
    answer = permitted(BOOK, alone, now)
    if answer.reason != Reason.ZONE_UNKNOWN_CLOSED:
        told_open = all(cause.open for cause in causes(BOOK, alone, now))
        assert told_open == (answer.answer == Answer.ALLOW)


@pytest.mark.parametrize("code", [code for code in BOOK.entries if BOOK.entries[code].zones])
@pytest.mark.parametrize("profile", Profile)
def test_every_jurisdiction_opens_in_every_week(code: str, profile: Profile) -> None:
    """No rule closes a place for seven days on end, in a whole year, even with no zone known."""
    # Without holidays one week is like the other, but for the clock.
    for day in range(0, 366, 1 if BOOK.entries[code].calendar else 10):
        now = YEAR + day * DAY
        told = permitted(BOOK, Where((code,), (), profile), now)
        assert told.next_open is not None
        assert told.next_open - now < 7 * DAY


def test_windows_are_half_open() -> None:
    """07:59 waits, 08:00 goes, 20:59:59 goes, 21:00 waits."""
    told = [
        ask("US-NY", "America/New_York", f"2026-12-01T{clock}-05:00").answer
        for clock in ("07:59", "08:00", "20:59:59", "21:00")
    ]
    assert told == [Answer.HOLD, Answer.ALLOW, Answer.ALLOW, Answer.HOLD]


def test_the_hours_follow_the_clock_when_it_changes() -> None:
    """08:00 in New York is 13:00 UTC the day before the change in spring, then 12:00."""
    before = ask("US-NY", "America/New_York", "2027-03-13T06:00Z")
    after = ask("US-NY", "America/New_York", "2027-03-14T06:00Z")
    assert before.next_open == at("2027-03-13T13:00Z")
    assert after.next_open == at("2027-03-14T12:00Z")
    autumn = ask("US-NY", "America/New_York", "2027-11-07T05:00Z")
    assert autumn.next_open == at("2027-11-07T13:00Z")


@given(st.sampled_from(["2027-03-14T06:00Z", "2027-11-07T05:00Z"]), hours)
def test_hours_in_the_gap_are_lost_and_those_repeated_count_twice(day: str, own: Hours) -> None:
    """Own hours through the night agree with the wall clock at each minute of a change."""
    where = Where(("DE",), ("America/New_York",), channel=Channel.EMAIL, own=(own,))
    zone = ZoneInfo("America/New_York")
    for minute in range(0, 240, 7):
        now = at(day) + minute * MINUTE
        wall = datetime.fromtimestamp(now, zone)
        clock = wall.hour * 60 + wall.minute
        inside = own.opens <= clock < own.closes
        if own.opens > own.closes:
            inside = clock >= own.opens or clock < own.closes
        assert (permitted(BOOK, where, now).answer == Answer.ALLOW) == inside


def test_number_and_residence_both_bind() -> None:
    """An Oregon number at home in Texas: not before noon on Sunday, nor after 20:00."""
    where = Where(("US-OR", "US-TX"), ("America/Chicago",))
    assert permitted(BOOK, where, at("2026-12-06T17:00Z")).next_open == at("2026-12-06T18:00Z")
    assert permitted(BOOK, where, at("2026-12-07T02:30Z")).answer == Answer.HOLD
    assert ask("US-TX", "America/Chicago", "2026-12-07T02:30Z").answer == Answer.ALLOW


@pytest.mark.parametrize("code", ["GP", "FR-GP"])
def test_territories_keep_their_own_clock_and_holidays(code: str) -> None:
    """Guadeloupe is under French rules, by its own clock, and closed on its own holidays too."""
    assert ask(code, "", "2026-12-07T11:59Z").next_open == at("2026-12-07T12:00Z")
    assert ask(code, "", "2027-05-27T15:00Z").answer == Answer.HOLD
    assert ask("FR", "Europe/Paris", "2027-05-27T10:00Z").answer == Answer.ALLOW


def test_an_unknown_zone_is_closed() -> None:
    """Without a zone, or with one that is not there, nothing is ever sent, and it says why."""
    for where in (
        Where(("IS",)),
        Where(("FR", "IS")),
        Where(("FR",), ("Europe/Nowhere",)),
        Where(("FR",), ("",)),
    ):
        told = permitted(BOOK, where, YEAR)
        assert (told.answer, told.reason) == (Answer.NEVER, Reason.ZONE_UNKNOWN_CLOSED)
        assert told.warnings


@pytest.mark.parametrize("code", ["", "fr", "USA", "US-", "../x"])
def test_what_is_no_jurisdiction_is_closed(code: str) -> None:
    """A slip in the data sends nothing."""
    told = permitted(BOOK, Where((code,), ("Europe/Paris",)), at("2026-12-01T12:00Z"))
    assert told.answer == Answer.NEVER
    assert "jurisdiction" in told.warnings[0]
    assert permitted(BOOK, Where(()), YEAR).answer == Answer.NEVER


def test_email_is_bound_only_where_the_law_says_so() -> None:
    """E-mail to South Africa keeps its Sunday; to France it may go at night."""
    sunday = at("2026-12-06T10:00Z")
    africa = Where(("ZA",), ("Africa/Johannesburg",), channel=Channel.EMAIL)
    france = Where(("FR",), ("Europe/Paris",), channel=Channel.EMAIL)
    assert permitted(BOOK, africa, sunday).answer == Answer.HOLD
    assert permitted(BOOK, france, sunday).answer == Answer.ALLOW
    assert permitted(BOOK, france, sunday).closes is None


def test_hours_that_never_open_are_never() -> None:
    """Own hours in the middle of the night leave nothing of the country's."""
    where = Where(("FR",), ("Europe/Paris",), own=(Hours(60, 120),))
    told = permitted(BOOK, where, YEAR)
    assert (told.answer, told.next_open) == (Answer.NEVER, None)
    assert told.reason == Reason.QUIET_HOURS_EXPIRED


def test_two_weeks_are_the_horizon() -> None:
    """From the beginning of the look-ahead to its end there is an answer at each hour."""
    where = Where(("US-RI",), ("America/New_York",), Profile.STRICT)
    for hour in range(24 * 14):
        assert permitted(BOOK, where, YEAR + hour * 3600).next_open is not None


def test_an_own_hand_with_evidence_opens_the_night() -> None:
    """Korea at 22:00: only with the separate consent to the night, and only if it is on record."""
    ten = at("2026-12-01T22:00+09:00")
    where = Where(("KR",), ("Asia/Seoul",))
    proven = where._replace(own_hand=(OwnHand("KR", NIGHT, "consent 17"),))
    unproven = where._replace(own_hand=(OwnHand("KR", NIGHT, ""),))
    assert permitted(BOOK, where, ten).answer == Answer.HOLD
    assert permitted(BOOK, proven, ten).answer == Answer.ALLOW
    assert permitted(BOOK, unproven, ten).answer == Answer.HOLD
    assert "do not count" in permitted(BOOK, unproven, ten).warnings[0]


@given(instants, profiles, hours, hours)
def test_an_own_hand_opens_its_hours_and_no_others(
    now: float, profile: Profile, given_hours: Hours, own: Hours
) -> None:
    """What is open beyond the law lies within the hours that were permitted by hand."""
    where = Where(("KR",), ("Asia/Seoul",), profile, own=(own,))
    wider = where._replace(own_hand=(OwnHand("KR", given_hours, "consent 17"),))
    only = Where(("KR",), ("Asia/Seoul",), channel=Channel.EMAIL, own=(own, given_hours))
    opened = {each: permitted(BOOK, each, now).answer == Answer.ALLOW for each in (where, only)}
    assert (permitted(BOOK, wider, now).answer == Answer.ALLOW) == any(opened.values())


def test_an_own_hand_opens_nothing_where_the_law_knows_none() -> None:
    """A general opt-in lifts no hours, nor does Korea's consent lift those of another country."""
    where = Where(("KR", "FR"), ("Asia/Seoul",), own_hand=(OwnHand("KR", NIGHT, "consent 17"),))
    assert permitted(BOOK, where, at("2026-12-01T22:00+09:00")).answer == Answer.HOLD
    texas = Where(("US-TX",), ("America/Chicago",), own_hand=(OwnHand("US-TX", NIGHT, "x"),))
    assert permitted(BOOK, texas, at("2026-12-01T22:00-06:00")).answer == Answer.HOLD


def test_since_when_is_told() -> None:
    """Closed since the last closing, open since the opening."""
    closed = ask("FR", "Europe/Paris", "2026-12-06T11:00Z")
    assert closed.since == at("2026-12-05T19:00Z")
    opened = ask("FR", "Europe/Paris", "2026-12-05T11:00Z")
    assert (opened.since, opened.closes) == (at("2026-12-05T07:00Z"), at("2026-12-05T19:00Z"))


def test_a_year_of_days_has_no_seam() -> None:
    """Asked on either side of midnight UTC, where a new stretch is computed, the answer is one."""
    where = Where(("AU",))
    for day in range(400):
        now = YEAR + day * DAY
        before, after = permitted(BOOK, where, now - 1), permitted(BOOK, where, now)
        if before.answer == after.answer == Answer.HOLD:
            assert before.next_open == after.next_open
