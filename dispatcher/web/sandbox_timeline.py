"""What happened to a person, as one timeline, and where each campaign stands with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.consents import ConsentAction
from dispatcher.domain.decisions import Reason, Verdict
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.explanations import DecisionLine, Explanation, Story
from dispatcher.domain.messages import Outcome
from dispatcher.domain.reasons import MEANING

MOST = 60


class Tone(StrEnum):
    """How an entry is coloured."""

    GOOD = "good"
    WAITS = "waits"
    STILL = "still"
    ALARM = "alarm"
    OWN = "own"


class Entry(NamedTuple):
    """One thing that happened. `quoted` are the very words, `detail` is for who wants to know."""

    at: datetime
    tone: Tone
    title: str
    detail: str = ""
    quoted: str = ""


class Standing(NamedTuple):
    """Where one campaign stands with the person."""

    campaign: str
    tone: Tone
    state: str
    meaning: str


_STATES = {
    DeliveryState.ACCEPTED: (Tone.GOOD, "sent"),
    DeliveryState.DEFERRED: (Tone.WAITS, "waits"),
    DeliveryState.RESERVED: (Tone.WAITS, "on its way"),
    DeliveryState.SKIPPED: (Tone.STILL, "not sent"),
    DeliveryState.REFUSED: (Tone.ALARM, "refused"),
    DeliveryState.UNSURE: (Tone.ALARM, "unsure"),
}
_VERDICTS = {Verdict.SEND: Tone.GOOD, Verdict.DEFER: Tone.WAITS, Verdict.SKIP: Tone.STILL}


def standings(told: Explanation) -> list[Standing]:
    """Say where each campaign stands with the person, the newest first."""
    return [_standing(story) for story in reversed(told.stories)]


def timeline(told: Explanation) -> list[Entry]:
    """Give what happened, the newest first."""
    found = [*_said(told), *_agreed(told), *_decided(told), *_done(told)]
    # Of the same instant, what was told later here came of what was told before.
    return sorted(found, key=lambda entry: entry.at)[::-1][:MOST]


def _standing(story: Story) -> Standing:
    if story.state is None:
        return Standing(story.campaign, Tone.WAITS, "no verdict yet", "It is not their turn yet.")
    tone, state = _STATES[story.state]
    if story.state is DeliveryState.DEFERRED and story.not_before:
        state = f"waits until {story.not_before:%Y-%m-%d %H:%M}"
    return Standing(story.campaign, tone, state, _meaning(story.reason))


def _meaning(reason: str) -> str:
    known = next((meaning for each, meaning in MEANING.items() if each == reason), "")
    return known if reason == Reason.OK else f"{reason}: {known}" if known else reason


def _said(told: Explanation) -> Iterator[Entry]:
    for reply in told.replies:
        yield Entry(reply.at, Tone.OWN, f"Wrote, understood as {reply.label}", "", reply.text)


def _agreed(told: Explanation) -> Iterator[Entry]:
    for line in told.consents:
        topic = "everything" if line.topic == "*" else line.topic
        joined = line.action is ConsentAction.OPT_IN
        done = {
            ConsentAction.OPT_IN: "Agreed to",
            ConsentAction.OPT_OUT: "Left",
        }.get(line.action, "Was said to have agreed to")
        by = f"{line.source}{f' ({line.origin})' if line.origin else ''}, {line.channel}"
        tone = Tone.GOOD if joined else Tone.STILL
        proof = "; ".join(f"{name}: {value}" for name, value in line.evidence.items())
        title = f"{done} {topic}, by {by}"
        yield Entry(line.occurred_at, tone, title, proof, line.wording)


def _decided(told: Explanation) -> Iterator[Entry]:
    for story in told.stories:
        for line in story.decisions:
            until = f" until {line.until:%Y-%m-%d %H:%M}" if line.until else ""
            title = f"{story.campaign}: {line.verdict}{until}"
            yield Entry(line.at, _VERDICTS[line.verdict], title, f"{_why(line)} {_again(line)}")


def _why(line: DecisionLine) -> str:
    rule = f" (rule {line.rule})" if line.rule else ""
    return f"{_meaning(line.reason)}{rule}"


def _again(line: DecisionLine) -> str:
    """Say what comes of it when it is decided again on the recorded facts."""
    if line.agrees:
        return "Decided again: the same."
    return f"Decided again: {line.replayed or 'it was another rule book'}."


def _done(told: Explanation) -> Iterator[Entry]:
    for story in told.stories:
        for attempt in story.attempts:
            good = attempt.outcome == Outcome.ACCEPTED
            tone = Tone.GOOD if good else Tone.ALARM
            yield Entry(
                attempt.at, tone, f"{story.campaign}: {attempt.outcome} by {attempt.gateway}"
            )
    for line in told.suppressions:
        yield Entry(line.at, Tone.ALARM, f"{line.channel} fell silent: {line.reason}")
    for held in told.holds:
        until = f", until {held.until:%Y-%m-%d}" if held.until else ""
        yield Entry(held.since, Tone.WAITS, f"Offers rest: {held.flag}{until}")
    for signal in told.signals:
        yield Entry(signal.at, Tone.OWN, f"{signal.kind} {signal.product}, of {signal.brand}")
