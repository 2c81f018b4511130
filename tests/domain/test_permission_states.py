"""The state of a permission follows the table of events, and never allows too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.domain.permission_states import SENDABLE, Around, PermissionState, state_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWN, IMPORT = ConsentSource.OWN_HAND, ConsentSource.IMPORT


def ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def event(
    action: str = "opt_in", days: float = 30, kind: str = "gdpr_consent", **changes: Any
) -> ConsentEvent:
    facts: dict[str, Any] = {
        "customer_id": 1,
        "channel": Channel.SMS,
        "topic": "coffee",
        "action": ConsentAction(action),
        "source": OWN,
        "occurred_at": ago(days),
        "received_at": ago(days),
        "kind": kind,
        "id": round(10_000 - days),
    }
    return ConsentEvent(**(facts | changes))


YES, STOP = event(), event("opt_out", 10)
BOUGHT = event(kind="casl_implied_purchase")
CANADA: dict[str, Any] = {"places": ("CA-ON",)}

# from, what happens, to: the events, what is true besides, and the name of the state
TABLE: list[tuple[str, list[ConsentEvent], dict[str, Any], str]] = [
    ("none, request", [], {"confirm_by": ago(-7)}, "pending"),
    ("none, opt_in", [YES], {}, "active"),
    ("none, soft_basis", [BOUGHT], CANADA, "implied"),
    ("none, soft_basis where the law knows none", [BOUGHT], {"places": ("PL",)}, "none"),
    ("none, import without proof", [event("imported_unproven")], {}, "none"),
    ("pending, confirm", [YES], {}, "active"),
    ("pending, expire", [], {"confirm_by": NOON}, "none"),
    ("active, opt_out", [YES, STOP], {}, "opted_out"),
    ("implied, opt_out", [BOUGHT, STOP], CANADA, "opted_out"),
    ("paused, opt_out", [YES, STOP], {"quiet_until": ago(-5)}, "opted_out"),
    ("pending, opt_out", [STOP], {}, "opted_out"),
    ("active, pause", [YES], {"quiet_until": ago(-5)}, "paused"),
    ("implied, pause", [BOUGHT], {**CANADA, "quiet_until": ago(-5)}, "paused"),
    ("paused, time", [YES], {"quiet_until": NOON}, "active"),
    ("paused, time, from implied", [BOUGHT], {**CANADA, "quiet_until": NOON}, "implied"),
    ("implied, upgrade", [BOUGHT, event(days=3)], CANADA, "active"),
    ("implied, expire", [event(days=730, kind="casl_implied_purchase")], CANADA, "lapsed"),
    ("implied, one message", [event(kind="casl_referral")], {**CANADA, "used": True}, "lapsed"),
    ("active, reconfirm_due", [event(days=730)], {}, "dormant"),
    ("active, reconfirm_due, Korea", [event(days=999, kind="kr_ad_consent")], {}, "active"),
    ("dormant, any engagement", [event(days=740)], {"heard_at": ago(1)}, "active"),
    ("dormant, no engagement within 60 days", [event(days=790)], {}, "lapsed"),
    (
        "dormant, an engagement that comes too late",
        [event(days=900)],
        {"heard_at": ago(1), "ended_before": ago(791)},
        "lapsed",
    ),
    ("active, hard_bounce", [YES], {"deliverable": False}, "undeliverable"),
    ("active, complaint", [YES], {"suppressed": "gateway"}, "opted_out"),
    ("active, wrong_number", [YES], {"suppressed": "wrong_number"}, "reassigned"),
    ("opted_out, opt_in by own hand", [YES, STOP, event(days=2)], {}, "active"),
    ("opted_out, opt_in by import", [YES, STOP, event(days=2, source=IMPORT)], {}, "opted_out"),
    ("opted_out, an older opt_in", [event(days=11), STOP], {}, "opted_out"),
    ("opted_out, erase", [STOP], {"erased": True, "suppressed": "erased"}, "erased"),
    ("active, erase", [YES], {"erased": True}, "erased"),
]


@pytest.mark.parametrize(("line", "events", "facts", "state"), TABLE, ids=[x[0] for x in TABLE])
def test_each_line_of_the_table(
    line: str, events: list[ConsentEvent], facts: dict[str, Any], state: str
) -> None:
    """What happened, and the name of where it leads."""
    assert state_of(events, Around(Channel.SMS, **facts), NOON) == state


def test_every_state_is_reached() -> None:
    """None is a mere word."""
    assert {state for *_, state in TABLE} == set(PermissionState)


moments = st.sampled_from([1000, 800, 750, 500, 100, 9, 3, 3, 1, -2]).map(float)
events = st.builds(
    event,
    st.sampled_from(["opt_in", "opt_in", "opt_out", "imported_unproven"]),
    moments,
    st.sampled_from([*ConsentKind, "keyword"]),
    source=st.sampled_from(ConsentSource),
    received_at=moments.map(ago),
    id=st.integers(1, 99),
)
stories = st.lists(events, max_size=6, unique_by=lambda each: each.id)
arounds = st.builds(
    Around,
    st.sampled_from(Channel),
    st.sampled_from([(), ("CA",), ("GB",), ("US-FL",), ("IE",)]),
    erased=st.sampled_from([False, False, True]),
    suppressed=st.sampled_from(["", "", "opted_out", "wrong_number"]),
    deliverable=st.sampled_from([True, True, False]),
    confirm_by=st.none() | moments.map(ago),
    quiet_until=st.none() | moments.map(ago),
    heard_at=st.none() | moments.map(ago),
    ended_before=st.none() | moments.map(ago),
    used=st.booleans(),
)


@given(stories, arounds, events)
def test_after_an_opt_out_only_a_newer_yes_by_own_hand_lets_offers_out(
    story: list[ConsentEvent], around: Around, stop: ConsentEvent
) -> None:
    """Whatever else happened, and however late it is told."""
    stop = event("opt_out", (NOON - stop.effective_at) / timedelta(days=1), id=100)
    if state_of([*story, stop], around, NOON) in SENDABLE:
        assert any(
            each.action == "opt_in" and each.source == OWN and each.effective_at > stop.effective_at
            for each in story
        )


@given(stories, arounds, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    story: list[ConsentEvent], around: Around, dice: Any
) -> None:
    """The same log gives the same state, in whatever order it is read."""
    shuffled = story[:]
    dice.shuffle(shuffled)
    assert state_of(shuffled, around, NOON) is state_of(story, around, NOON)


@given(stories, arounds)
def test_nothing_is_allowed_without_an_agreement(story: list[ConsentEvent], around: Around) -> None:
    """Who may be written to has opted in, is reachable, and neither silent nor suppressed."""
    if state_of(story, around, NOON) in SENDABLE:
        assert any(each.action == "opt_in" for each in story)
        assert around.deliverable
        assert not around.erased
        assert not around.suppressed


@given(stories, arounds)
def test_a_restriction_never_lets_more_out(story: list[ConsentEvent], around: Around) -> None:
    """Suppressed, bounced, quiet, erased: each only takes away."""
    before = state_of(story, around, NOON) in SENDABLE
    changes: list[dict[str, Any]] = [
        {"suppressed": "operator"},
        {"deliverable": False},
        {"quiet_until": ago(-9)},
        {"erased": True},
        {"used": True},
        {"heard_at": None},
    ]
    for change in changes:
        assert state_of(story, around._replace(**change), NOON) not in SENDABLE or before


@given(stories, arounds)
def test_an_opt_out_elsewhere_is_no_opt_in_here(story: list[ConsentEvent], around: Around) -> None:
    """Leaving a topic, or a channel, gives nobody leave to write about another."""
    nothing = [each for each in story if each.action == "opt_out"]
    assert state_of(nothing, around, NOON) not in SENDABLE
