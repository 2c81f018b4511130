"""The sandbox's timeline tells what happened, the newest first, in words people use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.domain.consents import ConsentAction, ConsentSource
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.explanations import (
    ConsentLine,
    DecisionLine,
    Explanation,
    ReplyLine,
    Story,
    SuppressionLine,
)
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.web.sandbox_timeline import Tone, standings, timeline, understood

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=4)
ANNA = Person(id=7, language="en", addresses=())


def joined() -> ConsentLine:
    """Anna agrees to coffee an hour before noon."""
    hour = NOON - timedelta(hours=1)
    what = (Channel.SMS, "coffee", ConsentAction.OPT_IN, ConsentSource.OWN_HAND)
    proof = ("double_opt_in", "Yes, coffee", "text, over sms", {"text": "YES"})
    return ConsentLine(1, *what, hour, hour, *proof)


def waiting() -> Story:
    """An offer that came too soon after another."""
    line = DecisionLine(
        NOON, Verdict.DEFER, Reason.MIN_GAP, "cool_down", LATER, "b", "f", agrees=True
    )
    return Story(
        *(1, "Coffee week", 1, 1, 1, DeliveryState.DEFERRED, str(Reason.MIN_GAP), "cool_down"),
        not_before=LATER,
        decisions=(line,),
    )


def test_what_happened_is_told_newest_first() -> None:
    """A consent with its words, a verdict with its reason, a reply, and what came of it."""
    end = NOON + timedelta(minutes=5)
    told = Explanation(
        ANNA,
        consents=(joined(),),
        suppressions=(SuppressionLine(Channel.SMS, "*", "opted_out", "own_hand", end),),
        stories=(waiting(),),
        replies=(ReplyLine(NOON + timedelta(minutes=4), Channel.SMS, "opt_out", "stop"),),
    )
    entries = timeline(told)
    assert [each.title for each in entries] == [
        "sms fell silent: opted out",
        "Wrote, understood as opt_out",
        "Coffee week waits until 2026-12-01 16:00",
        "Agreed to coffee (sms): own hand, text, over sms",
    ]
    assert [each.quoted for each in entries] == ["", "stop", "", "Yes, coffee"]
    assert "(rule cool_down) Decided again: the same." in entries[2].detail


def test_each_campaign_says_where_it_stands() -> None:
    """Whether it was sent, waits, or has not met the person yet."""
    told = Explanation(ANNA, stories=(waiting(), Story(2, "Last seats", 2, 1, 2)))
    assert [(each.campaign, each.tone, each.state) for each in standings(told)] == [
        ("Last seats", Tone.WAITS, "no verdict yet"),
        ("Coffee week", Tone.WAITS, "waits until 2026-12-01 16:00"),
    ]


@pytest.mark.parametrize(
    ("label", "text", "meant"),
    [
        ("other", "MORE", "a wish for more"),
        ("other", "pause 2 weeks", "a wish for quiet"),
        ("other", "lovely weather", "other"),
        ("opt_out", "stop", "opt_out"),
    ],
)
def test_a_wish_is_called_one(label: str, text: str, meant: str) -> None:
    """Whoever asks for more is not told that nobody understood."""
    assert understood(label, text) == meant
