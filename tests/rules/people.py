"""People and policies for the tests of the rules: plain ones, and Hypothesis strategies."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any

from hypothesis import strategies as st

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Agreed, Asks, Contact, Interest, Recipient
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import DEFAULT_CAPS, Cap, CapScope, Policy, Window, Worth

HOUR = 3600.0
DAY = 24 * HOUR
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Etc/UTC",
    "Africa/Casablanca",
)
# No known place, one, two at once, a territory, an unlisted country, and slips in the data.
PLACES = (
    *((), ("DE",), ("US-TX", "US-OR"), ("GB", "FR"), ("KR",), ("ZA",), ("CO", "US"), ("GP",)),
    *(("IS",), ("AU",), ("de",), ("",)),
)


def at(text: str) -> float:
    """Give Unix seconds of an instant written as in ISO 8601, `2026-12-01T12:59Z`."""
    return datetime.fromisoformat(text).timestamp()


NOON = at("2026-11-23T12:00Z")  # a Monday


def person(**changes: Any) -> Recipient:
    """Make somebody whom every rule lets pass at noon, with some facts changed."""
    plain = Recipient(
        customer_id=42,
        channel=Channel.SMS,
        address="+491700000042",
        deliverable=True,
        language="de",
        country="DE",
        zone="Europe/Berlin",
        zones=(),
        hours_from=0,
        hours_until=0,
        suppressed="",
        consent=ConsentState.ACTIVE,
        consent_event=7,
        contacts=(),
        bucket=5000,
        in_audience=True,
        attempts=0,
        fields={"first_name": "Anna"},
    )
    return plain._replace(**changes)


def policy(**changes: Any) -> Policy:
    """Make a campaign's policy with hours from nine to eight, with some terms changed."""
    terms: dict[str, Any] = {
        "campaign_id": 1,
        "brand": "roaster",
        "topic": "coffee",
        "subject": "beans",
        "window": Window(9 * 60, 20 * 60),
    }
    return Policy(**(terms | changes))


def contact(ago: float, channel: Channel = Channel.SMS, brand: str = "roaster") -> Contact:
    """Make an offer sent `ago` hours before noon."""
    return Contact(NOON - ago * HOUR, channel, brand, "beans")


minutes = st.integers(0, 24 * 60)
windows = st.builds(Window, st.integers(0, 24 * 60 - 1), minutes) | st.just(Window(0, 24 * 60))
instants = st.floats(at("2026-10-20T00:00Z"), at("2027-04-10T00:00Z"))
contacts = st.builds(
    Contact,
    st.floats(-1, 40 * 24).map(lambda ago: NOON - ago * HOUR),
    st.sampled_from(Channel),
    st.sampled_from(["roaster", "theatre"]),
    st.sampled_from(["beans", "beans", "tea", "*"]),
    st.sampled_from([0, 1, 2, 2, 2]),
    st.sampled_from(["", "", "WEEK26"]),
    st.sampled_from([False, False, True]),
)
real_zones = st.lists(st.sampled_from([*ZONES, "Asia/Tokyo"]), max_size=3).map(tuple)
zone_sets = real_zones | real_zones | st.just(("Europe/Berlin", "No/Such")) | st.just(("",))
interests = st.builds(
    Interest,
    st.just(0.0) | st.floats(-1, 33 * 24).map(lambda hours: NOON - hours * HOUR),
    st.sampled_from(["", "", "", "price_complaint"]),
    st.sampled_from([0, 0, 0, 1]),
    st.lists(st.floats(-1, 44 * 24).map(lambda ago: NOON - ago * HOUR), max_size=3)
    .map(sorted)
    .map(tuple),
)
caps = st.builds(
    Cap,
    st.integers(0, 4),
    st.integers(1, 72),
    st.sampled_from(CapScope),
    st.none() | st.sampled_from(Channel),
)

agreements = st.builds(
    Agreed,
    st.sampled_from(["KR", "KR", "ZA", "ZA", "CO", "DE", "US-TX", "FR"]),
    st.sampled_from([0, 1260, 1140]),
    st.sampled_from([480, 1380, 1440]),
    st.sampled_from([0, 17, 4711]),
)

asked_on = st.just(0.0) | st.floats(0, 800).map(lambda ago: NOON - ago * DAY)

people = st.builds(
    person,
    channel=st.sampled_from(Channel),
    address=st.sampled_from(["a@b.example", "a@b.example", ""]),
    deliverable=st.sampled_from([True, True, True, False]),
    zone=st.sampled_from([*ZONES, ""]),
    zones=zone_sets,
    hours_from=st.just(0) | minutes,
    hours_until=st.just(0) | minutes,
    suppressed=st.sampled_from(["", "", "", "opted_out", "complaint", "odd|*;ö"]),
    consent=st.sampled_from([ConsentState.ACTIVE, ConsentState.ACTIVE, *ConsentState]),
    contacts=st.lists(contacts, max_size=4).map(tuple) | st.lists(contacts, max_size=45).map(tuple),
    bucket=st.integers(0, 9999),
    in_audience=st.sampled_from([True, True, True, False]),
    attempts=st.integers(0, 6),
    ignored=st.sampled_from([0, 0, 0, 7, 8, 11, 12]),
    context=st.sampled_from(["", "", "complaint", "quiet"]),
    context_until=st.just(inf) | st.floats(-2, 96).map(lambda ahead: NOON + ahead * HOUR),
    held_since=st.just(0.0) | st.floats(0, 96).map(lambda ago: NOON - ago * HOUR),
    jurisdictions=st.sampled_from(PLACES),
    promised=st.sampled_from([0, 0, 1, 4]),
    promised_in_all=st.sampled_from([0, 0, 2, 30]),
    consent_in_all=st.booleans(),
    interest=st.none() | interests,
    consent_kind=st.sampled_from(["", "", "", "keyword", "tcpa_pewc", "tcpa_pewc", *ConsentKind]),
    consent_used=st.sampled_from([False, False, True]),
    consent_since=st.sampled_from([NOON - days * DAY for days in (0, 40, 200, 729, 731)]),
    heard_at=st.just(inf)
    | st.sampled_from([NOON - days * DAY for days in (1, 366, 700, 731, 788, 791)]),
    agreed=st.just(()) | st.lists(agreements, max_size=2).map(tuple),
    most_a_month=st.sampled_from([0, 0, 3, 12]),
    asked_at=st.just(0.0) | st.floats(-60, 1000).map(lambda ago: NOON - ago),
    days=st.sampled_from(["", "", "", "12345", "67", "1"]),
    asks=st.none() | st.builds(Asks, asked_on, asked_on),
)

policies = st.builds(
    policy,
    subject=st.sampled_from(["beans", "beans", "*"]),
    message_class=st.sampled_from([MessageClass.PROMOTIONAL] * 5 + [MessageClass.HELP_REPLY]),
    starts_at=st.sampled_from([0.0, 0.0, NOON - DAY, NOON + HOUR]),
    ends_at=st.sampled_from([float("inf"), float("inf"), NOON + 30 * HOUR, NOON + HOUR, NOON]),
    window=windows,
    send_at=st.just(-1) | st.integers(0, 24 * 60 - 1),
    holdout=st.sampled_from([0, 500]),
    caps=st.just(DEFAULT_CAPS) | st.lists(caps, max_size=4).map(tuple),
    min_gap_hours=st.sampled_from([0.0, 4.0, 0.7]),
    max_hold_hours=st.sampled_from([72.0, 12.0, 1000.0]),
    close_margin_minutes=st.sampled_from([0, 15]),
    offer_code=st.sampled_from(["", "WEEK26"]),
    asks=st.booleans(),
    worth=st.sampled_from([None, None, Worth(4.0, 0.02, 30.0, 0.001, 0.001, 0.05)]),
    own_consent=st.sampled_from([False, False, True]),
    reminds_of=st.sampled_from(["", "", "espresso-machine"]),
    reconfirms=st.sampled_from([False, False, False, True]),
    barred_countries=st.sampled_from([(), (), (), ("DE", "US")]),
)
