"""The checker reads overrides by itself, and finds what the rules find."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.proof.cases import Case
from dispatcher.proof.clocks import clock_of
from dispatcher.proof.hours import first_open, is_open, open_end
from dispatcher.proof.table import Table
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.jurisdiction_overrides import overridden
from dispatcher.rules.jurisdictions import Law, Profile
from dispatcher.rules.override_file import digest, parse
from dispatcher.rules.permitted_hours import permitted
from dispatcher.rules.quiet_hours import whereabouts
from dispatcher.services.jurisdictions import shipped
from tests.rules.override_texts import COMPLIANCE, entry, week
from tests.rules.people import DAY, at, person, policy

DATA = jurisdictions_file().read_bytes()
SHORT = week("10:00-18:00", sat="", sun="", holiday="[]")
LONG = week("07:00-22:00")
JANUARY = {"from_": "2027-01-01", "until": "2027-02-01"}
SPRING = {"from_": "2027-01-15", "until": "2027-04-01"}
OVERRIDES = "\n".join(
    [
        entry("ES", brand='"roaster"', windows=SHORT, **JANUARY),
        entry("ES", windows=week("09:00-19:00"), email='"same"', **COMPLIANCE, **SPRING),
        entry(
            "DE",
            windows=SHORT,
            strict_windows=week("11:00-12:00"),
            until="2027-01-20",
            **COMPLIANCE,
        ),
        entry("IE", windows=LONG, **COMPLIANCE, **JANUARY),
        entry("ZA", windows=SHORT, from_="2027-01-10"),
        entry("GB", brand='"theatre"', windows=LONG, email='"same"', **COMPLIANCE),
    ]
).encode()
BOOK = overridden(shipped(), parse(OVERRIDES, "hours.toml", shipped()), digest(OVERRIDES))
TABLE = Table(DATA, OVERRIDES)
PLACES = [("ES", "Europe/Madrid"), ("DE", "Europe/Berlin"), ("IE", ""), ("GB", "Europe/London")]
PLACES += [("ZA", "Africa/Johannesburg"), ("FR", "Europe/Paris")]
instants = st.integers(int(at("2026-12-20T00:00Z") // 60), int(at("2027-04-10T00:00Z") // 60))


def test_the_bytes_have_the_name_that_decisions_carry() -> None:
    """Without overrides and under them."""
    assert Table(DATA).fingerprint == shipped().fingerprint
    assert TABLE.fingerprint == BOOK.fingerprint
    assert Table(DATA, b"").fingerprint == overridden(shipped(), (), digest(b"")).fingerprint


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from(["roaster", "theatre", "other"]),
    st.sampled_from(Channel),
    st.sampled_from(Profile),
    instants.map(lambda minute: minute * 60.0),
)
def test_rules_and_checker_agree_on_any_day_for_any_brand(
    place: tuple[str, str], brand: str, channel: Channel, profile: Profile, now: float
) -> None:
    """On the day before a change too, when an opening is cut short by it or goes on."""
    someone = person(channel=channel, jurisdictions=(place[0],), zone=place[1], country=place[0])
    terms = policy(brand=brand)
    data = Law(BOOK, profile).on(brand, now)
    where = whereabouts(someone, terms, data, profile)
    assert where is not None
    told = permitted(data, where, now)
    decision = Decision(0, Verdict.SEND, Reason.OK, "", 0.0, inf, 0, "", "")
    hours, margin = clock_of(TABLE.on(brand, now), Case(someone, terms, now, profile, decision, ()))
    assert first_open(hours, now, margin) == told.next_open
    if told.next_open == now:
        assert told.closes == open_end(hours, now) - margin
    assert (open_end(hours, now) > now) == is_open(hours, datetime.fromtimestamp(now, UTC))


def test_what_a_brand_says_comes_after_what_is_said_for_all() -> None:
    """In Spain in late January: the roaster's own hours, others those for all, France its own."""
    noon = at("2027-01-20T12:00Z")
    codes = {
        brand: TABLE.on(brand, noon).sheets(("ES",), "sms", "balanced")[0].week[0]
        for brand in ("roaster", "other")
    }
    assert codes == {"roaster": ((600, 1080),), "other": ((540, 1140),)}
    plain = Table(DATA)
    assert plain.on("roaster", noon) is plain
    assert TABLE.on("other", noon - 60 * DAY).sheets(("ES",), "email", "balanced") == ()
    assert len(TABLE.on("other", noon).sheets(("ES",), "email", "balanced")) == 1
