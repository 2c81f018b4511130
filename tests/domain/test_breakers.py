"""Promises of the breaker's bars: who is stopped, and that small numbers prove nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.breakers import Bars, Tripped, tripped
from dispatcher.domain.messages import Channel

SMS, EMAIL = Channel.SMS, Channel.EMAIL
NOTHING = {"accepted": 0, "refused": 0, "opt_outs": 0, "complaints": 0, "bounces": 0}


def judge(channel: Channel, **counts: int) -> Tripped | None:
    """Judge a wave by the default bars."""
    return tripped(Bars(), channel, **{**NOTHING, **counts})


@pytest.mark.parametrize(
    ("channel", "counts", "what"),
    [
        (SMS, {"accepted": 1000, "opt_outs": 19}, None),
        (SMS, {"accepted": 1000, "opt_outs": 20}, "opt-outs"),
        (EMAIL, {"accepted": 1000, "opt_outs": 4}, None),
        (EMAIL, {"accepted": 1000, "opt_outs": 5}, "opt-outs"),
        (EMAIL, {"accepted": 1000, "complaints": 2}, None),
        (EMAIL, {"accepted": 1000, "complaints": 3}, "complaints"),
        (EMAIL, {"accepted": 980, "refused": 12, "bounces": 7}, None),
        (EMAIL, {"accepted": 980, "refused": 12, "bounces": 8}, "failures"),
        (SMS, {"accepted": 960, "refused": 40}, None),
        (SMS, {"accepted": 900, "refused": 50}, "failures"),
        (SMS, {"accepted": 99, "opt_outs": 50}, None),
        (SMS, {"accepted": 100, "opt_outs": 2}, None),
        (SMS, {"accepted": 100, "opt_outs": 3}, "opt-outs"),
        (SMS, {"refused": 100}, "failures"),
    ],
)
def test_a_bar_is_reached_at_its_very_share(
    channel: Channel, counts: dict[str, int], what: str | None
) -> None:
    """Never before a hundred messages, and never for less than three people."""
    found = judge(channel, **counts)
    assert (found.what if found else None) == what


def test_it_says_the_numbers() -> None:
    """A marketer reads what happened, out of how many, and what the bar is."""
    found = judge(SMS, accepted=400, opt_outs=10)
    assert str(found) == "10 opt-outs of 400 messages are 2.50%, and 2.00% is the most there may be"


counts = st.integers(0, 5000)


@given(st.sampled_from(Channel), counts, counts, counts, counts, counts)
def test_more_harm_never_lets_it_go_on(
    channel: Channel, accepted: int, refused: int, opt_outs: int, complaints: int, bounces: int
) -> None:
    """One more who leaves, complains or bounces never clears a wave that was stopped."""
    seen: dict[str, Any] = dict(
        zip(NOTHING, (accepted, refused, opt_outs, complaints, bounces), strict=True)
    )
    if tripped(Bars(), channel, **seen):
        for what in ("refused", "opt_outs", "complaints", "bounces"):
            assert tripped(Bars(), channel, **{**seen, what: seen[what] + 1})
