"""Promises of reminders: a moment that is right, once a product, and seldom."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.domain.customers import Contact, Interest
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ALL_DAY
from dispatcher.proof.pressure import too_many_reminders
from dispatcher.rules.decide import decide
from dispatcher.rules.replay import replay
from tests.rules.people import DAY, HOUR, NOON, interests, person, policy
from tests.support.rules import BOOK

PLAIN: dict[str, Any] = {"reminds_of": "espresso-machine", "caps": (), "window": ALL_DAY}


def asked(interest: Interest | None, now: float = NOON, **terms: Any) -> Decision:
    """Decide whether somebody with an interest is reminded by e-mail."""
    someone = person(channel=Channel.EMAIL, interest=interest)
    (decision,) = decide([someone], policy(**PLAIN | terms), now, BOOK)
    return decision


def seen(hours: float, **facts: Any) -> Interest:
    """Have looked so many hours before noon."""
    return Interest(NOON - hours * HOUR, **facts)


def days_ago(*days: float) -> tuple[float, ...]:
    """Give instants before noon, the oldest first."""
    return tuple(NOON - day * DAY for day in days)


def test_four_hours_after_the_look() -> None:
    """At four hours sharp it may go, and a second before not; each look begins them anew."""
    early = asked(seen(4 - 1 / 3600))
    assert (early.verdict, early.reason, early.until) == (
        *(Verdict.DEFER, Reason.REMINDER_WAIT),
        NOON + 1,
    )
    assert asked(seen(4)).verdict is Verdict.SEND


@pytest.mark.parametrize("end", ["bought", "disliked", "price_complaint", "returned"])
def test_an_end_is_an_end(end: str) -> None:
    """Whatever was looked at after it."""
    over = asked(seen(5, ended=end))
    assert (over.verdict, over.reason, over.detail) == (Verdict.SKIP, Reason.INTEREST_OVER, end)


@pytest.mark.parametrize("interest", [None, Interest(), seen(30 * 24), seen(900)])
def test_nobody_is_reminded_of_what_they_did_not_look_at_lately(interest: Interest | None) -> None:
    """Nothing known is no interest; thirty days later it is forgotten."""
    assert asked(interest).reason is Reason.INTEREST_OVER


def test_once_a_product() -> None:
    """A second look does not bring a second reminder."""
    again = asked(seen(5, reminded_of_it=1, reminders=days_ago(40)))
    assert (again.verdict, again.reason) == (Verdict.SKIP, Reason.REMINDED)


def test_three_days_between_reminders() -> None:
    """Of whatever product: the next waits until 72 hours have passed, if it may wait so long."""
    gap = asked(seen(5, reminders=days_ago(1)))
    assert (gap.verdict, gap.reason, gap.until) == (
        *(Verdict.DEFER, Reason.REMINDER_GAP),
        NOON + 2 * DAY,
    )
    assert asked(seen(5, reminders=days_ago(1)), max_hold_hours=47.0).verdict is Verdict.SKIP
    assert asked(seen(5, reminders=days_ago(3))).verdict is Verdict.SEND


def test_three_in_a_fortnight_are_followed_by_thirty_days_of_rest() -> None:
    """Counted from the third; with more than fourteen days from first to third there is none."""
    crowded = seen(5, reminders=days_ago(24, 20, 10))
    assert asked(crowded).reason is Reason.REMINDER_REST
    assert asked(crowded).verdict is Verdict.SKIP
    waits = asked(crowded, max_hold_hours=inf)
    assert (waits.verdict, waits.until) == (Verdict.DEFER, NOON + 20 * DAY)
    assert asked(seen(5, reminders=days_ago(24.1, 20, 10))).verdict is Verdict.SEND
    assert asked(seen(5, reminders=days_ago(40, 35, 30))).verdict is Verdict.SEND


def test_other_offers_are_none_of_its_business() -> None:
    """An offer that reminds of nothing, or that answers the person, is not asked."""
    assert asked(None, reminds_of="").verdict is Verdict.SEND
    assert asked(None, message_class=MessageClass.HELP_REPLY).verdict is Verdict.SEND


class Act(NamedTuple):
    """What happens at `hour`: a look, an end, or the turn of a reminder's campaign."""

    hour: float
    what: str
    product: str


acts = st.lists(
    st.builds(
        Act,
        st.floats(0, 80 * 24),
        st.sampled_from([*("viewed",) * 6, *("reminder",) * 10, "bought", "disliked"]),
        st.sampled_from([f"p{number}" for number in range(12)]),
    ),
    max_size=150,
).map(sorted)


class Life:
    """One person's looks, purchases and reminders, kept as plain lists."""

    def __init__(self) -> None:
        self.done: list[Act] = []
        self.log: list[Contact] = []

    def interest(self, product: str) -> Interest:
        """Give what a store would give: the newest view, an end, the newest three reminders."""
        of_it = [act for act in self.done if act.product == product]
        views = [NOON + act.hour * HOUR for act in of_it if act.what == "viewed"]
        return Interest(
            seen_at=max(views, default=0.0),
            ended=next((act.what for act in of_it if act.what != "viewed"), ""),
            reminded_of_it=sum(contact.reminds_of == product for contact in self.log),
            reminders=tuple(contact.at for contact in self.log)[-3:],
        )

    def turn(self, product: str, now: float, began: float) -> Decision:
        """Ask the rules, replay the record, and do as they say."""
        terms = policy(**PLAIN | {"reminds_of": product, "min_gap_hours": 0.0})
        someone = person(
            channel=Channel.EMAIL, interest=self.interest(product), held_since=float(int(began))
        )
        (decision,) = decide([someone], terms, now, BOOK)
        assert replay(decision.facts, terms, BOOK)[1:6] == decision[1:6]
        if decision.verdict is Verdict.SEND:
            self.log.append(Contact(now, Channel.EMAIL, "roaster", "beans", 1, reminds_of=product))
        return decision


@settings(max_examples=150)
@given(acts)
def test_whatever_happens_reminders_stay_few(history: Sequence[Act]) -> None:
    """Replayed event by event: once a product, 72 hours, three in 14 days, rest, and no end."""
    life = Life()
    waiting: list[Act] = []
    for act in history:
        now = NOON + act.hour * HOUR
        for due in sorted(each for each in waiting if each.hour <= act.hour):
            waiting.remove(due)
            life.turn(due.product, NOON + due.hour * HOUR, NOON)
        if act.what != "reminder":
            life.done.append(act)
            continue
        decision = life.turn(act.product, now, now)
        if decision.verdict is Verdict.DEFER:
            waiting.append(act._replace(hour=(decision.until - NOON) / HOUR))
    assert list(too_many_reminders(life.log)) == []
    for contact in life.log:
        before = [
            act
            for act in life.done
            if act.product == contact.reminds_of and NOON + act.hour * HOUR < contact.at
        ]
        assert {act.what for act in before} == {"viewed"}
        assert contact.at - max(NOON + act.hour * HOUR for act in before) >= 4 * HOUR


@given(interests, st.floats(0, 96), st.sampled_from([12.0, 72.0, 1000.0]))
def test_more_that_happened_never_makes_a_reminder_go(
    interest: Interest, ahead: float, longest: float
) -> None:
    """A further look, reminder or end only ever refuses more."""
    now = NOON + ahead * HOUR
    more = [
        interest._replace(ended="bought"),
        interest._replace(reminded_of_it=interest.reminded_of_it + 1),
        interest._replace(reminders=(*interest.reminders, now - HOUR)[-3:]),
    ]
    if interest.seen_at:
        more.append(interest._replace(seen_at=now - HOUR))
    terms = {"max_hold_hours": longest}
    if any(asked(each, now, **terms).verdict is Verdict.SEND for each in more):
        assert asked(interest, now, **terms).verdict is Verdict.SEND
