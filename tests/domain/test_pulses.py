"""Pulses: when a gateway counts as ill, and for how long it is left alone."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt
from dispatcher.domain.pulses import Bounds, Pulse, quantile, rest

SAID = st.sampled_from((Outcome.ACCEPTED, Outcome.REFUSED, Outcome.DEFERRED, Outcome.UNSURE))


def heard(outcomes: Iterable[Outcome], took: float = 0.01) -> Pulse:
    """Give a pulse after these answers, one each second."""
    pulse = Pulse()
    for at, outcome in enumerate(outcomes):
        key = DeliveryKey(1, at, 1)
        pulse.begun[key] = float(at)
        pulse.hear(Receipt(key, outcome), at + took)
    return pulse


@given(st.lists(SAID, max_size=60))
def test_a_gateway_is_ill_when_half_of_its_last_answers_were_errors(said: list[Outcome]) -> None:
    """Forty answers are looked at; fewer than twenty say nothing. A refusal is no error."""
    last = said[-40:]
    errors = sum(outcome in (Outcome.DEFERRED, Outcome.UNSURE) for outcome in last)
    ill = len(last) >= 20 and errors * 2 >= len(last)
    assert bool(heard(said).illness(100.0, elsewhere=False)) == ill


def test_a_silent_gateway_is_ill_only_where_another_can_take_over() -> None:
    """Nothing was heard for three seconds while messages wait; else it is waited for."""
    pulse = Pulse()
    pulse.begun[DeliveryKey(1, 1, 1)] = 10.0
    assert not pulse.illness(12.9, elsewhere=True)
    assert "no answer" in pulse.illness(13.1, elsewhere=True)
    assert not pulse.illness(60.0, elsewhere=False)


def test_one_slow_answer_among_quick_ones_is_no_illness() -> None:
    """As long as something is heard, the gateway lives."""
    pulse = heard([Outcome.ACCEPTED] * 30)
    pulse.begun[DeliveryKey(2, 1, 1)] = 30.0
    pulse.begun[DeliveryKey(2, 2, 1)] = 34.0
    pulse.hear(Receipt(DeliveryKey(2, 2, 1), Outcome.ACCEPTED), 34.1)
    assert not pulse.illness(35.0, elsewhere=True)


def test_a_gateway_that_answers_slowly_is_ill_where_another_can_take_over() -> None:
    """Half of its answers took longer than it is given."""
    pulse = heard([Outcome.ACCEPTED] * 20, took=3.5)
    assert "took over 3 s" in pulse.illness(20.0, elsewhere=True)
    assert not pulse.illness(20.0, elsewhere=False)


def test_what_was_said_before_a_rest_is_forgotten() -> None:
    """A late answer to an old message does not make a gateway ill that has rested meanwhile."""
    pulse = heard([Outcome.UNSURE] * 40)
    late = DeliveryKey(3, 1, 1)
    pulse.begun[late] = 40.0
    pulse.trip(41.0, 15.0)
    pulse.hear(Receipt(late, Outcome.UNSURE), 70.0)
    assert not pulse.illness(71.0, elsewhere=True)
    assert pulse.take().unsure == 41  # it is counted all the same


def test_what_was_withheld_says_nothing() -> None:
    """The gate has kept it, not the gateway."""
    pulse = heard([Outcome.WITHHELD] * 40)
    assert not pulse.illness(40.0, elsewhere=True)
    assert pulse.take().answers == 0


@given(st.lists(st.floats(0.001, 60), min_size=1, max_size=50))
def test_a_quantile_is_never_told_shorter_than_it_was(times: list[float]) -> None:
    """Nor longer than by half as much again."""
    pulse = Pulse(Bounds(slow_seconds=99))
    for at, took in enumerate(times):
        key = DeliveryKey(1, at, 1)
        pulse.begun[key] = 0.0
        pulse.hear(Receipt(key, Outcome.ACCEPTED), took)
    median = sorted(times)[(len(times) - 1) // 2]
    told = quantile(pulse.take().latency, 0.5)
    assert told is not None
    assert median <= told * 1.0001
    assert told <= max(median * 1.42, 0.0015)


@given(st.integers(0, 1000), st.floats(0, 3600))
def test_a_rest_is_never_shorter_than_the_gateway_asked_for(trips: int, asked: float) -> None:
    """It grows with each failure in a row, to a minute, and no further by itself."""
    assert asked <= rest(trips, asked) <= max(asked, 60.0)
    assert rest(trips, 0.0) <= rest(trips + 1, 0.0)
