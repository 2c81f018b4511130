"""Promises of the rule quiet hours."""

from __future__ import annotations

import pytest
from hypothesis import given

from dispatcher.domain.customers import Agreed, Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ALL_DAY, Policy, Window
from dispatcher.rules.asked_for import answer_until
from dispatcher.rules.quiet_hours import open_until, quiet_hours, whereabouts
from tests.rules.people import DAY, HOUR, NOON, at, instants, people, person, policies, policy
from tests.support.rules import LAW

US = ("America/New_York", "America/Chicago")
AUSTRALIA = ("Australia/Sydney", "Australia/Perth")
CANADA = ("America/St_Johns", "America/Toronto", "America/Vancouver")

# From the rule book's checked vectors, those that one daily window can say.
VECTORS = [
    (("America/New_York",), 8, 21, "2026-12-01T12:59Z", "2026-12-01T13:00Z"),
    (("America/New_York",), 8, 21, "2026-12-01T13:00Z", None),
    (("America/New_York",), 8, 21, "2026-12-02T01:59Z", None),
    (("America/New_York",), 8, 21, "2026-12-02T02:00Z", "2026-12-02T13:00Z"),
    (("America/New_York",), 8, 21, "2027-03-14T07:30Z", "2027-03-14T12:00Z"),
    (US, 8, 20, "2026-12-01T13:30Z", "2026-12-01T14:00Z"),
    (("America/New_York",), 9, 20, "2026-12-01T13:30Z", "2026-12-01T14:00Z"),
    (("America/Los_Angeles",), 8, 20, "2026-12-02T04:30Z", "2026-12-02T16:00Z"),
    (("America/Los_Angeles",), 8, 20, "2026-12-02T03:59Z", None),
    (("America/Puerto_Rico",), 8, 21, "2026-12-02T01:00Z", "2026-12-02T12:00Z"),
    (("America/Toronto",), 9, 21.5, "2026-12-05T02:29Z", None),
    (CANADA, 9, 21.5, "2026-12-04T15:30Z", "2026-12-04T17:00Z"),
    (("Europe/Berlin",), 8, 20, "2026-12-07T06:59Z", "2026-12-07T07:00Z"),
    (("Europe/Paris",), 8, 20, "2026-12-04T19:30Z", "2026-12-05T07:00Z"),
    (("Europe/London",), 8, 21, "2026-12-07T21:00Z", "2026-12-08T08:00Z"),
    (("Asia/Riyadh",), 9, 21, "2026-12-04T05:30Z", "2026-12-04T06:00Z"),
    (("Asia/Kolkata",), 10, 21, "2026-12-01T04:30Z", None),
    (("Asia/Ho_Chi_Minh",), 7, 22, "2026-11-30T23:59Z", "2026-12-01T00:00Z"),
    (("Asia/Seoul",), 8, 21, "2026-12-01T12:00Z", "2026-12-01T23:00Z"),
    (("Asia/Seoul",), 8, 21, "2026-11-30T23:00Z", None),
    (AUSTRALIA, 8, 20, "2026-12-06T21:30Z", "2026-12-07T00:00Z"),
    (("Africa/Lagos",), 8, 20, "2026-12-01T19:00Z", "2026-12-02T07:00Z"),
    (("America/Bogota",), 7, 19, "2026-12-04T11:59Z", "2026-12-04T12:00Z"),
]


@pytest.mark.parametrize(("zones", "opens", "closes", "instant", "expected"), VECTORS)
def test_the_rule_books_vectors_hold(
    zones: tuple[str, ...], opens: float, closes: float, instant: str, expected: str | None
) -> None:
    """Allowed or put off to the very minute, over zones and changes of the clock."""
    terms = policy(window=Window(int(opens * 60), int(closes * 60)), close_margin_minutes=0)
    someone = person(zone="", zones=zones, channel=Channel.EMAIL, jurisdictions=())
    ruling = quiet_hours(someone, terms, at(instant), LAW)
    if expected is None:
        assert ruling is None
    else:
        assert ruling is not None
        assert ruling[:3] == (Verdict.DEFER, Reason.QUIET_HOURS, at(expected))


def test_what_is_quiet_is_told_in_words() -> None:
    """The detail names the hours, the clock they are read on, and whose hours bind besides."""
    ruling = quiet_hours(
        person(hours_from=600, hours_until=720, jurisdictions=("DE",)), policy(), NOON, LAW
    )
    assert ruling is not None
    assert ruling.detail == "09:00-20:00 and 10:00-12:00 Europe/Berlin, hours of DE"


@pytest.mark.parametrize("channel", Channel)
def test_the_persons_own_hours_narrow_the_campaigns(channel: Channel) -> None:
    """Who asked for evenings only gets nothing at noon, by mail or by text."""
    someone = person(channel=channel, hours_from=18 * 60, hours_until=22 * 60)
    ruling = quiet_hours(someone, policy(), NOON, LAW)
    assert ruling is not None
    assert ruling.until == at("2026-11-23T17:00Z")


def test_own_hours_through_the_night_meet_the_campaigns_window_in_the_morning() -> None:
    """From ten at night to ten in the morning, within nine to eight: nine to ten."""
    someone = person(hours_from=22 * 60, hours_until=10 * 60)
    ruling = quiet_hours(someone, policy(), NOON, LAW)
    assert ruling is not None
    assert ruling.until == at("2026-11-24T08:00Z")
    opening = at("2026-11-24T08:00Z")
    assert open_until(someone, policy(), opening, LAW) == at("2026-11-24T08:45Z")


def test_nothing_is_handed_over_just_before_closing() -> None:
    """Fifteen minutes before eight it counts as closed, a second earlier it does not."""
    closing = at("2026-11-23T18:45Z")
    assert quiet_hours(person(), policy(), closing - 1, LAW) is None
    ruling = quiet_hours(person(), policy(), closing, LAW)
    assert ruling is not None
    assert ruling.until == at("2026-11-24T08:00Z")


def test_without_any_zone_the_hours_count_as_closed() -> None:
    """Fail closed: who lives nowhere known gets nothing that has hours."""
    ruling = quiet_hours(person(zone=""), policy(), NOON, LAW)
    assert ruling == Ruling(Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED, detail="no time zone known")


@pytest.mark.parametrize("unknown", [{"zone": "Mars/Base"}, {"zone": "", "zones": ("Mars/Base",)}])
def test_a_zone_that_does_not_exist_is_an_unknown_one(unknown: dict[str, object]) -> None:
    """A slip in the data closes rather than crashes, and is named."""
    ruling = quiet_hours(person(**unknown), policy(), NOON, LAW)
    assert ruling is not None
    assert ruling[1:] == (Reason.ZONE_UNKNOWN_CLOSED, 0.0, "no such time zone: Mars/Base")


def test_zones_that_share_no_open_hour_are_an_unknown_zone() -> None:
    """Who may live in Berlin or in Auckland gets nothing, as there is no common daytime."""
    terms = policy(window=Window(10 * 60, 14 * 60))
    ruling = quiet_hours(
        person(zone="", zones=("Europe/Berlin", "Pacific/Auckland")), terms, NOON, LAW
    )
    assert ruling is not None
    assert ruling[:2] == (Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED)


def test_where_no_hours_are_set_no_zone_is_needed() -> None:
    """A mail campaign without hours reaches people whose zone nobody knows."""
    terms, someone = policy(window=ALL_DAY), person(zone="", channel=Channel.EMAIL)
    assert quiet_hours(someone, terms, NOON, LAW) is None
    assert open_until(someone, terms, NOON, LAW) == float("inf")


def test_a_message_that_would_come_after_the_offer_is_dropped() -> None:
    """The next opening is after the offer's end: skipped, and the reason says so."""
    ruling = quiet_hours(person(), policy(ends_at=NOON + 10 * HOUR), NOON + 8 * HOUR, LAW)
    assert ruling is not None
    assert ruling[:3] == (Verdict.SKIP, Reason.QUIET_HOURS_EXPIRED, 0.0)


def test_own_hours_that_never_meet_the_campaigns_are_told_as_never_open() -> None:
    """Nobody is held for an opening that will not come."""
    ruling = quiet_hours(person(hours_from=0, hours_until=60), policy(), NOON, LAW)
    assert ruling is not None
    assert ruling[:2] == (Verdict.SKIP, Reason.QUIET_HOURS_EXPIRED)
    assert ruling.detail.endswith("never open")


SEOUL = {"zone": "Asia/Seoul", "jurisdictions": ("KR",)}
TEN_AT_NIGHT = at("2026-12-01T13:00Z")  # in Seoul
BY_HAND = (Agreed("KR", 21 * 60, 8 * 60, 17),)


def test_who_agreed_to_the_night_may_be_written_to_in_it() -> None:
    """At ten at night in Seoul, and by day as ever: nothing closes any more."""
    terms = policy(window=ALL_DAY)
    asleep, awake = person(**SEOUL), person(**SEOUL, agreed=BY_HAND)
    ruling = quiet_hours(asleep, terms, TEN_AT_NIGHT, LAW)
    assert ruling is not None
    assert ruling[:3] == (Verdict.DEFER, Reason.QUIET_HOURS, at("2026-12-01T23:00Z"))
    assert quiet_hours(awake, terms, TEN_AT_NIGHT, LAW) is None
    assert open_until(awake, terms, TEN_AT_NIGHT, LAW) > TEN_AT_NIGHT + 14 * DAY


@pytest.mark.parametrize(
    "agreed", [BY_HAND[0]._replace(event=0), BY_HAND[0]._replace(jurisdiction="ZA")]
)
def test_an_agreement_needs_proof_and_the_right_law(agreed: Agreed) -> None:
    """Without its event, or given for another country, it is none."""
    someone = person(**SEOUL, agreed=(agreed,))
    assert quiet_hours(someone, policy(window=ALL_DAY), TEN_AT_NIGHT, LAW) is not None


def test_campaign_and_own_hours_narrow_what_was_agreed() -> None:
    """Who agreed to the night, and wants nothing after nine, gets nothing after nine."""
    someone = person(**SEOUL, agreed=BY_HAND, hours_from=600, hours_until=1260)
    assert quiet_hours(someone, policy(window=ALL_DAY), TEN_AT_NIGHT, LAW) is not None
    awake = person(**SEOUL, agreed=BY_HAND)
    assert quiet_hours(awake, policy(), TEN_AT_NIGHT, LAW) is not None


def test_people_with_other_events_share_one_answer() -> None:
    """A batch of Koreans costs no more than one of them: the event is no part of the question."""
    book = LAW.on("roaster", TEN_AT_NIGHT)
    asked = {
        whereabouts(
            person(**SEOUL, agreed=(BY_HAND[0]._replace(event=event),)), policy(), book, LAW.profile
        )
        for event in range(1, 100)
    }
    assert len(asked) == 1


TEN = policy(send_at=10 * 60, starts_at=at("2026-11-23T00:00Z"))


def test_ten_oclock_is_ten_on_the_persons_clock() -> None:
    """Before ten people wait for ten, wherever they are."""
    early = at("2026-11-23T08:30Z")
    berlin = quiet_hours(person(), TEN, early, LAW)
    new_york = quiet_hours(person(zone="America/New_York"), TEN, early, LAW)
    assert berlin is not None
    assert new_york is not None
    assert berlin[:3] == (Verdict.DEFER, Reason.SCHEDULED, at("2026-11-23T09:00Z"))
    assert new_york[:3] == (Verdict.DEFER, Reason.SCHEDULED, at("2026-11-23T15:00Z"))


def test_who_comes_after_ten_is_sent_to_at_once_within_the_window() -> None:
    """Late is better than a day late; but never outside the hours."""
    assert quiet_hours(person(), TEN, at("2026-11-23T13:00Z"), LAW) is None
    evening = quiet_hours(person(), TEN, at("2026-11-23T21:00Z"), LAW)
    assert evening is not None
    assert evening[:3] == (Verdict.DEFER, Reason.QUIET_HOURS, at("2026-11-24T08:00Z"))


def test_who_waited_already_is_not_made_to_wait_for_ten_again() -> None:
    """The first eligible day counts: held overnight, the person is next at the opening."""
    held = person(held_since=at("2026-11-23T21:00Z"))
    assert quiet_hours(held, TEN, at("2026-11-24T08:00Z"), LAW) is None
    newcomer = quiet_hours(person(), TEN, at("2026-11-24T08:00Z"), LAW)
    assert newcomer is not None
    assert newcomer.reason is Reason.SCHEDULED


def test_a_time_outside_the_persons_hours_waits_for_the_next_of_them() -> None:
    """At ten, but own hours end at nine: the next morning's hours are meant."""
    terms = policy(send_at=10 * 60, window=Window(7 * 60, 20 * 60))
    someone = person(channel=Channel.EMAIL, hours_from=7 * 60, hours_until=9 * 60)
    ruling = quiet_hours(someone, terms, at("2026-11-23T06:00Z"), LAW)
    assert ruling is not None
    assert ruling[:3] == (Verdict.DEFER, Reason.SCHEDULED, at("2026-11-24T06:00Z"))
    held = someone._replace(held_since=at("2026-11-23T06:00Z"))
    assert quiet_hours(held, terms, ruling.until, LAW) is None


def test_a_time_of_day_needs_a_zone() -> None:
    """Ten o'clock means nothing where no clock is known."""
    ruling = quiet_hours(person(zone=""), policy(window=ALL_DAY, send_at=600), NOON, LAW)
    assert ruling is not None
    assert ruling.reason is Reason.ZONE_UNKNOWN_CLOSED


@pytest.mark.parametrize("kind", [kind for kind in MessageClass if kind != "promotional"])
def test_answers_come_at_any_hour(kind: MessageClass) -> None:
    """Who writes at night is answered at night."""
    midnight = at("2026-11-23T23:30Z")
    assert quiet_hours(person(zone=""), policy(message_class=kind), midnight, LAW) is None


@given(people, policies, instants)
def test_put_off_means_that_it_passes_at_the_instant_told(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """Whoever is put off by this rule passes it when the time has come."""
    ruling = quiet_hours(someone, terms, now, LAW)
    if ruling is None or ruling.verdict is not Verdict.DEFER:
        return
    held = someone if someone.held_since else someone._replace(held_since=now)
    assert ruling.until > now
    assert quiet_hours(held, terms, ruling.until, LAW) is None
    assert quiet_hours(held, terms, ruling.until - 0.01, LAW) is not None


@given(people, policies, instants)
def test_what_may_go_now_may_go_until_the_instant_told(
    someone: Recipient, terms: Policy, now: float
) -> None:
    """A SEND holds until `send_before` and no longer.

    When the time to answer a request is over, the usual hours are asked about, which may be open.
    """
    if quiet_hours(someone, terms, now, LAW) is not None:
        return
    closes = open_until(someone, terms, now, LAW)
    if now < terms.ends_at:
        assert closes > now
    if closes < min(terms.ends_at, now + 2 * DAY):
        held = someone._replace(held_since=someone.held_since or now)
        assert quiet_hours(held, terms, closes - 0.01, LAW) is None
        assert closes == answer_until(held) or quiet_hours(held, terms, closes, LAW) is not None
