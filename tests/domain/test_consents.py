"""Promises about permission: how events fold, whatever order they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consents import (
    Consent,
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    fold,
)
from dispatcher.domain.messages import Channel

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
OPT_IN, OPT_OUT = ConsentAction.OPT_IN, ConsentAction.OPT_OUT
UNPROVEN = ConsentAction.IMPORTED_UNPROVEN
OWN, IMPORT, OPERATOR = ConsentSource.OWN_HAND, ConsentSource.IMPORT, ConsentSource.OPERATOR


def event(
    action: ConsentAction,
    occurred: int,
    source: ConsentSource = OWN,
    received: int | None = None,
    number: int = 0,
) -> ConsentEvent:
    """Make an event; times are hours after the start."""
    return ConsentEvent(
        customer_id=1,
        channel=Channel.SMS,
        topic="coffee",
        action=action,
        source=source,
        occurred_at=START + timedelta(hours=occurred),
        received_at=START + timedelta(hours=occurred if received is None else received),
        id=number,
    )


events = st.lists(
    st.builds(
        event,
        st.sampled_from(ConsentAction),
        st.integers(0, 6),
        st.sampled_from(ConsentSource),
        st.none() | st.integers(0, 6),
    ),
    max_size=8,
).map(lambda found: [_numbered(one, place) for place, one in enumerate(found)])


def _numbered(one: ConsentEvent, place: int) -> ConsentEvent:
    return ConsentEvent(
        one.customer_id,
        one.channel,
        one.topic,
        one.action,
        one.source,
        one.occurred_at,
        one.received_at,
        id=place + 1,
    )


def state(*found: ConsentEvent) -> ConsentState:
    """Give the state that events fold into."""
    return fold(found).state


def test_nobody_has_consented_by_silence() -> None:
    """Without events there is no consent."""
    assert fold([]) == Consent(ConsentState.NONE)


def test_an_opt_in_allows_and_an_opt_out_ends_it() -> None:
    """The plain life of a consent."""
    assert state(event(OPT_IN, 1)) is ConsentState.ACTIVE
    assert state(event(OPT_IN, 1), event(OPT_OUT, 2)) is ConsentState.OPTED_OUT


def test_only_ones_own_hand_comes_back_after_an_opt_out() -> None:
    """Import, operator and gateway cannot undo an opt-out; the person can."""
    left = event(OPT_OUT, 2)
    others = [event(OPT_IN, 3, source) for source in ConsentSource if source is not OWN]
    assert all(state(left, other) is ConsentState.OPTED_OUT for other in others)
    assert state(left, event(OPT_IN, 3)) is ConsentState.ACTIVE


def test_at_the_same_instant_the_opt_out_wins() -> None:
    """A tie goes to silence, whatever the order and the ids."""
    assert state(event(OPT_IN, 2, number=9), event(OPT_OUT, 2, number=1)) is ConsentState.OPTED_OUT
    assert state(event(OPT_OUT, 2, number=1), event(OPT_IN, 2, number=9)) is ConsentState.OPTED_OUT


def test_a_future_dated_opt_in_does_not_beat_an_opt_out() -> None:
    """An event counts from when it was received at the latest."""
    dated_ahead = event(OPT_IN, 99, received=1)
    assert state(dated_ahead, event(OPT_OUT, 2)) is ConsentState.OPTED_OUT


def test_an_import_without_proof_takes_nothing_from_a_proven_consent() -> None:
    """`imported_unproven` neither undoes a consent nor an opt-out."""
    assert state(event(OPT_IN, 1), event(UNPROVEN, 2, IMPORT)) is ConsentState.ACTIVE
    assert state(event(OPT_OUT, 1), event(UNPROVEN, 2, IMPORT)) is ConsentState.OPTED_OUT
    assert state(event(UNPROVEN, 1, OWN), event(OPT_OUT, 1)) is ConsentState.OPTED_OUT


def test_the_consent_names_the_event_that_made_it() -> None:
    """What allowed a message can be looked up."""
    consent = fold([event(OPT_IN, 1, number=7), event(UNPROVEN, 2, IMPORT, number=8)])
    assert (consent.event_id, consent.since) == (7, START + timedelta(hours=1))


@given(events)
def test_after_an_opt_out_only_a_newer_opt_in_by_own_hand_allows(found: list[ConsentEvent]) -> None:
    """Invariant (a): active after an opt-out means a later own-hand opt-in, and the reverse."""
    outs = [one.effective_at for one in found if one.action is OPT_OUT]
    if not outs:
        return
    own = [one.effective_at for one in found if one.action is OPT_IN and one.source is OWN]
    came_back = any(at > max(outs) for at in own)
    assert fold(found).state is (ConsentState.ACTIVE if came_back else ConsentState.OPTED_OUT)


@given(events, st.integers(0, 6))
def test_an_older_event_that_arrives_late_never_beats_a_newer_opt_out(
    found: list[ConsentEvent], hour: int
) -> None:
    """Invariant (b): events at or before an opt-out cannot change that it holds."""
    early = [one for one in found if one.effective_at <= START + timedelta(hours=hour)]
    assert state(*early, event(OPT_OUT, hour, number=99)) is ConsentState.OPTED_OUT


@given(events)
def test_an_opt_out_is_never_turned_into_permission_by_adding_one(
    found: list[ConsentEvent],
) -> None:
    """Invariant (c): one more opt-out, at any time, never makes anything sendable."""
    before = state(*found)
    for hour in range(7):
        after = state(*found, event(OPT_OUT, hour, number=99))
        assert after is not ConsentState.ACTIVE or before is ConsentState.ACTIVE


@given(events, st.randoms(use_true_random=False))
def test_the_same_events_in_any_order_and_told_twice_give_the_same_state(
    found: list[ConsentEvent], dice: Random
) -> None:
    """Invariant (f): replaying the log, shuffled or doubled, gives the same consent."""
    again = found + found
    dice.shuffle(again)
    assert fold(again) == fold(found)
