"""People who wait for the same opening come back spread over some time, and never too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy, Window
from dispatcher.rules.decide import decide
from dispatcher.services.openings import after_openings
from tests.rules.people import person, policy
from tests.support.rules import BOOK, LAW

NIGHT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC).timestamp()
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC).timestamp()
OPENS_AT_NINE = policy(window=Window(540, 1200), starts_at=NIGHT - 60, close_margin_minutes=0)


def londoners(ids: list[int]) -> list[Recipient]:
    home = {"channel": Channel.EMAIL, "zone": "Europe/London", "jurisdictions": ("GB",)}
    return [person(customer_id=number, **home) for number in ids]


def spread(
    people: list[Recipient], rules: Policy = OPENS_AT_NINE, seconds: float = 1800
) -> list[Decision]:
    """Decide at night, and give who comes back when."""
    return after_openings(decide(people, rules, NIGHT, BOOK), people, rules, NIGHT, LAW, seconds)


def test_the_opening_stays_on_record_and_coming_back_is_spread() -> None:
    """`until` is what the law says; each quarter of the half hour gets its quarter."""
    quarters = [0] * 4
    for decision in spread(londoners(list(range(1, 1001)))):
        assert decision.until == NINE
        quarters[int(decision.late // 450)] += 1
    assert all(200 < count < 300 for count in quarters)


def test_a_person_comes_back_at_the_same_time_for_every_offer() -> None:
    """So that a better offer for them is ready when a lesser one is."""
    one = spread(londoners([7]))
    other = spread(londoners([7]), replace(OPENS_AT_NINE, campaign_id=9))
    assert one[0].late == other[0].late > 0


def test_without_a_spread_all_come_at_once() -> None:
    """The opening is the opening."""
    assert {decision.late for decision in spread(londoners([1, 2, 3]), seconds=0)} == {0.0}


@given(st.integers(1, 2**63 - 1), st.integers(1, 60), st.integers(1, 1440), st.integers(1, 72))
def test_the_spread_alone_makes_nobody_miss_the_window(
    customer_id: int, opening: int, offer: int, hold: int
) -> None:
    """Whoever comes back late is still within the opening, the offer and the hold: it is a SEND."""
    rules = replace(
        OPENS_AT_NINE,
        window=Window(540, 540 + opening),
        ends_at=NINE + offer * 60,
        max_hold_hours=hold,
    )
    people = londoners([customer_id])
    (decision,) = spread(people, rules, 3600)
    if decision.verdict is not Verdict.DEFER:
        assert decision.late == 0
        return
    back = decision.until + decision.late
    assert decision.late <= min(opening, offer) * 30
    assert back - NIGHT <= hold * 3600
    waited = [each._replace(held_since=NIGHT) for each in people]
    assert decide(waited, rules, back, BOOK)[0].verdict is Verdict.SEND


def test_ten_in_the_morning_is_about_ten() -> None:
    """Who is to hear at a time of day of the campaign's hears within five minutes of it."""
    timed = replace(OPENS_AT_NINE, send_at=600)
    late = [decision.late for decision in spread(londoners(list(range(1, 201))), timed)]
    assert {decision.reason for decision in spread(londoners([1]), timed)} == {Reason.SCHEDULED}
    assert 0 < max(late) <= 300


def test_only_those_who_wait_for_an_opening_are_spread() -> None:
    """Who waits for the offer to begin comes back when it does."""
    early = replace(OPENS_AT_NINE, starts_at=NIGHT + 3600)
    (decision,) = spread(londoners([7]), early)
    assert (decision.reason, decision.late) == (Reason.OFFER_NOT_STARTED, 0.0)
