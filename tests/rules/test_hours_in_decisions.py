"""Promises about offers and the hours of jurisdictions: all that bind do, none is widened."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import ALL_DAY, Policy
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.book import RuleBook, rule_book
from dispatcher.rules.decide import decide
from dispatcher.rules.jurisdictions import Law, Profile
from dispatcher.rules.quiet_hours import open_until, quiet_hours
from dispatcher.rules.replay import replay
from dispatcher.services.jurisdictions import read
from tests.rules.people import HOUR, NOON, PLACES, ZONES, at, instants, person, policy
from tests.support.rules import BOOK, LAW

AGAIN = rule_book(Law(read(jurisdictions_file())))
CASES = list(
    csv.DictReader(
        (Path(__file__).parent / "quiet_hours_cases.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)
# The cases know neither a margin nor a longest hold.
PLAIN = replace(LAW.jurisdictions, close_margin_minutes=0, max_hold_hours=1000)
ANY_HOUR = policy(window=ALL_DAY, close_margin_minutes=0, max_hold_hours=1000.0, caps=())
SUNDAY = at("2026-12-06T11:00Z")

codes = st.sampled_from([*LAW.jurisdictions.entries, "GP", "FR-GP", "IS", "de"])
minutes = st.integers(0, 1440)
terms = st.builds(
    policy,
    window=st.just(ALL_DAY) | st.just(policy().window),
    send_at=st.just(-1) | st.just(-1) | st.integers(0, 1439),
    close_margin_minutes=st.sampled_from([0, 30]),
    max_hold_hours=st.just(1000.0),
)


@st.composite
def people(draw: st.DrawFn) -> Recipient:
    """Draw somebody of known jurisdictions, with a zone, with several that fit them, or with none.

    A zone of each jurisdiction is among several: else all of its zones were, which are more.
    """
    places = draw(st.sampled_from([each for each in PLACES if each]))
    known = [LAW.jurisdictions.chain(code).zones for code in places]
    fitting = tuple(draw(st.sampled_from(zones)) for zones in known if zones)
    return person(
        channel=draw(st.sampled_from(Channel)),
        jurisdictions=places,
        zone=draw(st.sampled_from(["", "", *ZONES])),
        zones=draw(st.sampled_from([(), fitting])),
        hours_from=draw(st.just(0) | minutes),
        hours_until=draw(st.just(0) | minutes),
    )


def one(someone: Recipient, rules: Policy, now: float, book: RuleBook = BOOK) -> Decision:
    """Decide on one person."""
    (decision,) = decide([someone], rules, now, book)
    return decision


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['jurisdiction']} {row['local_note']}")
def test_every_case_of_the_rule_book_holds_for_offers(row: dict[str, str]) -> None:
    """What was worked out by hand is what a campaign's people get."""
    zone = row["zone"].strip("-")
    someone = person(zone=zone, jurisdictions=(row["jurisdiction"],))
    book = rule_book(Law(PLAIN, Profile(row["profile"])))
    now = at(row["instant_utc"])
    told = one(someone, ANY_HOUR, now, book)
    wanted = {"allow": Verdict.SEND, "hold": Verdict.DEFER}[row["decision"]]
    assert told.verdict is wanted
    assert (told.until or now) == at(row["next_open_utc"])


@given(people(), terms, instants, codes, st.sampled_from(ZONES), minutes, minutes)
def test_more_of_anything_never_makes_an_offer_go(
    someone: Recipient,
    rules: Policy,
    now: float,
    code: str,
    zone: str,
    opens: int,
    closes: int,
) -> None:
    """A further jurisdiction, zone, own hours or the strict profile: refused stays refused."""
    before = one(someone, rules, now)
    strict = rule_book(Law(LAW.jurisdictions, Profile.STRICT))
    after = [
        one(someone._replace(jurisdictions=(*someone.jurisdictions, code)), rules, now),
        one(someone, rules, now, strict),
        one(someone, replace(rules, close_margin_minutes=60), now),
    ]
    if someone.zones:
        after.append(one(someone._replace(zones=(*someone.zones, zone)), rules, now))
    if someone.hours_from == someone.hours_until:
        after.append(one(someone._replace(hours_from=opens, hours_until=closes), rules, now))
    for each in after:
        if before.verdict is not Verdict.SEND:
            assert each.verdict is not Verdict.SEND
        elif each.verdict is Verdict.SEND:
            assert each.send_before <= before.send_before
        if before.verdict is each.verdict is Verdict.DEFER:
            assert each.until >= before.until


@settings(deadline=None)
@example(person(channel=Channel.EMAIL, zone="Etc/UTC"), policy(send_at=1), 1807315199.9999998)
@given(people(), terms, instants)
def test_the_next_opening_is_open_and_no_minute_before_it_is(
    someone: Recipient, rules: Policy, now: float
) -> None:
    """At `until` the rule lets pass; at each minute before it the same instant is told."""
    told = quiet_hours(someone, rules, now, LAW)
    if told is None or told.verdict is not Verdict.DEFER:
        return
    held = someone._replace(held_since=now)
    assert quiet_hours(held, rules, told.until, LAW) is None
    for minute in range(min(int((told.until - now) / 60), 3 * 1440)):
        again = quiet_hours(held, rules, now + minute * 60, LAW)
        assert again is not None
        assert (again.verdict, again.until) == (Verdict.DEFER, told.until)


@given(people(), terms, instants)
def test_who_was_put_off_is_not_put_off_again_by_the_same_rule(
    someone: Recipient, rules: Policy, now: float
) -> None:
    """Decided on again at `until`, another rule may speak, but not the hours."""
    told = one(someone, rules, now)
    if told.verdict is Verdict.DEFER and told.rule == "quiet_hours":
        again = one(someone._replace(held_since=now), rules, told.until)
        assert again.rule != "quiet_hours"


@given(people(), terms, instants)
def test_a_send_is_within_the_hours_to_its_end(
    someone: Recipient, rules: Policy, now: float
) -> None:
    """Right before `send_before` it may still go, at `send_before` not."""
    if quiet_hours(someone, rules, now, LAW) is not None:
        return
    end = open_until(someone, rules, now, LAW)
    assert end > now
    if end < now + 14 * 24 * HOUR:
        held = someone._replace(held_since=now)
        assert quiet_hours(held, rules, end - 0.01, LAW) is None
        assert quiet_hours(held, rules, end, LAW) is not None


@given(people(), terms, instants)
def test_the_same_question_has_the_same_answer(
    someone: Recipient, rules: Policy, now: float
) -> None:
    """Whatever was asked before, and of rule data that was read anew."""
    assert one(someone, rules, now, AGAIN) == one(someone, rules, now)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    "facts",
    [
        {"jurisdictions": ("fr",)},
        {"jurisdictions": ("",)},
        {"jurisdictions": ("DE", "../x")},
        {"jurisdictions": ("US-TEXAS",)},
        {"jurisdictions": ("ZA",), "zone": "Mars/Base"},
        {"jurisdictions": ("ZA",), "zone": "", "zones": ("Africa/Johannesburg", "")},
    ],
)
def test_what_cannot_be_read_is_closed(channel: Channel, facts: dict[str, object]) -> None:
    """A slip in the data sends nothing at any hour, and the reason names what is amiss."""
    told = one(person(channel=channel, **facts), ANY_HOUR, NOON)
    assert (told.verdict, told.reason) == (Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED)
    assert told.detail.startswith("no ")
    assert replay(told.facts, ANY_HOUR, BOOK)[1:4] == told[1:4]


@pytest.mark.parametrize("places", [(), ("IS",), ("DE", "IS")])
def test_a_text_to_nobody_knows_where_is_closed(places: tuple[str, ...]) -> None:
    """Neither zone nor a country whose zones are known: nothing is sent."""
    told = one(person(zone="", jurisdictions=places), ANY_HOUR, NOON)
    assert (told.verdict, told.reason) == (Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED)
    assert told.detail == "no time zone known"


def test_without_a_country_texts_meet_the_hours_of_unknown_countries() -> None:
    """Nine to eight, and less on Sundays; e-mail is not bound."""
    someone = person(zone="Europe/Berlin")
    early = at("2026-11-23T07:30Z")
    assert one(someone, ANY_HOUR, early).until == at("2026-11-23T08:00Z")
    assert one(someone, ANY_HOUR, early).detail == "Europe/Berlin, hours of ZZ"
    assert one(someone._replace(channel=Channel.EMAIL), ANY_HOUR, early).verdict is Verdict.SEND


@pytest.mark.parametrize(("place", "verdict"), [("ZA", Verdict.DEFER), ("FR", Verdict.SEND)])
def test_email_keeps_hours_only_where_the_law_says_so(place: str, verdict: Verdict) -> None:
    """On a Sunday South Africa's e-mail waits, France's goes."""
    someone = person(channel=Channel.EMAIL, zone="Europe/Paris", jurisdictions=(place,))
    assert one(someone, ANY_HOUR, SUNDAY).verdict is verdict


def test_texts_stop_before_closing_as_the_data_says() -> None:
    """A quarter of an hour at least, or the campaign's margin if that is longer; e-mail keeps its.

    Gateways queue texts.
    """
    someone = person(zone="Europe/Paris", jurisdictions=("FR",))
    longer = replace(ANY_HOUR, close_margin_minutes=40)
    assert open_until(someone, ANY_HOUR, NOON, LAW) == at("2026-11-23T18:45Z")
    assert open_until(someone, longer, NOON, LAW) == at("2026-11-23T18:20Z")
    mail = person(channel=Channel.EMAIL, zone="Africa/Johannesburg", jurisdictions=("ZA",))
    until = open_until(mail, ANY_HOUR, NOON, LAW)
    assert open_until(mail, longer, NOON, LAW) == until - 40 * 60


def test_the_longest_hold_is_the_shorter_of_campaigns_and_datas() -> None:
    """From Saturday evening to Monday is too long where ten hours are the most."""
    someone = person(zone="Europe/Paris", jurisdictions=("FR",))
    saturday = at("2026-12-05T20:00Z")
    brief = Law(replace(LAW.jurisdictions, max_hold_hours=10))
    assert one(someone, ANY_HOUR, saturday).until == at("2026-12-07T07:00Z")
    told = one(someone, ANY_HOUR, saturday, rule_book(brief))
    assert (told.verdict, told.reason) == (Verdict.SKIP, Reason.QUIET_HOURS_EXPIRED)


def test_number_and_residence_both_bind_on_the_clocks_of_both() -> None:
    """A New York number at home in France: open in both, and on no French Sunday."""
    someone = person(zone="", zones=("America/New_York",), jurisdictions=("FR", "US-NY"))
    morning = at("2026-12-01T09:00Z")  # four in New York
    assert one(someone, ANY_HOUR, morning).until == at("2026-12-01T13:00Z")
    evening = at("2026-12-01T19:30Z")  # half past eight in Paris
    assert one(someone, ANY_HOUR, evening).until == at("2026-12-02T13:00Z")
    assert one(someone, ANY_HOUR, SUNDAY + 4 * HOUR).until == at("2026-12-07T13:00Z")


def test_the_persons_own_zone_is_the_only_clock() -> None:
    """Who says they live in Tokyo is judged by that clock, whatever the number says."""
    someone = person(zone="Asia/Tokyo", zones=("America/New_York",), jurisdictions=("US",))
    assert one(someone, ANY_HOUR, at("2026-12-01T01:00Z")).verdict is Verdict.SEND
    assert one(someone, ANY_HOUR, at("2026-12-01T15:00Z")).verdict is Verdict.DEFER
