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
from dispatcher.inbound.replies import Intent
from dispatcher.inbound.wishes import wish_of
from dispatcher.words import DEFAULT, speak

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
_VERDICTS = {
    Verdict.SEND: (Tone.GOOD, "may be sent"),
    Verdict.DEFER: (Tone.WAITS, "waits"),
    Verdict.SKIP: (Tone.STILL, "is not sent"),
}


def standings(told: Explanation) -> list[Standing]:
    """Say where each campaign stands with the person, the newest first."""
    return [_standing(story) for story in reversed(told.stories)]


def timeline(told: Explanation) -> list[Entry]:
    """Give what happened, the newest first."""
    found = [*_said(told), *_agreed(told), *_decided(told), *_held(told)]
    # Of the same instant, what was told later here came of what was told before.
    return sorted(found, key=lambda entry: entry.at)[::-1][:MOST]


def understood(label: str, text: str) -> str:
    """Say how a text was taken: a wish for an offer or for quiet has no label of its own."""
    wish = wish_of(text) if label == Intent.OTHER else None
    if wish is None:
        return label
    return "a wish for quiet" if wish.span else "a wish for more"


def _standing(story: Story) -> Standing:
    if story.state is None:
        return Standing(story.campaign, Tone.WAITS, "no verdict yet", "It is not their turn yet.")
    tone, state = _STATES[story.state]
    if story.state is DeliveryState.DEFERRED and story.not_before:
        state = f"waits until {story.not_before:%Y-%m-%d %H:%M}"
    meaning = _meaning(story.reason)
    if story.why:
        meaning += f" The message said: {story.why}"
    return Standing(story.campaign, tone, state, meaning)


def _meaning(reason: str) -> str:
    known = speak(DEFAULT)(f"reason.{reason}") if reason else ""
    return known if reason == Reason.OK else f"{reason}: {known}" if known else reason


def _said(told: Explanation) -> Iterator[Entry]:
    for reply in told.replies:
        meant = understood(reply.label, reply.text)
        yield Entry(reply.at, Tone.OWN, f"Wrote, understood as {meant}", "", reply.text)


def _agreed(told: Explanation) -> Iterator[Entry]:
    for line in told.consents:
        topic = "everything" if line.topic == "*" else line.topic
        joined = line.action is ConsentAction.OPT_IN
        done = {
            ConsentAction.OPT_IN: "Agreed to",
            ConsentAction.OPT_OUT: "Left",
        }.get(line.action, "Was said to have agreed to")
        by = f"{_plain(line.source)}{f', {line.origin}' if line.origin else ''}"
        tone = Tone.GOOD if joined else Tone.STILL
        proof = "; ".join(f"{name}: {value}" for name, value in line.evidence.items())
        title = f"{done} {topic} ({line.channel}): {by}"
        yield Entry(line.occurred_at, tone, title, proof, line.wording)


def _decided(told: Explanation) -> Iterator[Entry]:
    for story in told.stories:
        for line in story.decisions:
            until = f" until {line.until:%Y-%m-%d %H:%M}" if line.until else ""
            tone, verdict = _VERDICTS[line.verdict]
            title = f"{story.campaign} {verdict}{until}"
            yield Entry(line.at, tone, title, f"{_why(line)} {_again(line)}")


def _why(line: DecisionLine) -> str:
    rule = f" (rule {line.rule})" if line.rule not in ("", line.reason) else ""
    return f"{_meaning(line.reason)}{rule}"


def _again(line: DecisionLine) -> str:
    """Say what comes of it when it is decided again on the recorded facts."""
    if line.agrees:
        return "Decided again: the same."
    return f"Decided again: {line.replayed or 'it was another rule book'}."


def _held(told: Explanation) -> Iterator[Entry]:
    for line in told.suppressions:
        yield Entry(line.at, Tone.ALARM, f"{line.channel} fell silent: {_plain(line.reason)}")
    for held in told.holds:
        until = f", until {held.until:%Y-%m-%d}" if held.until else ""
        yield Entry(held.since, Tone.WAITS, f"Offers rest: {_plain(held.flag)}{until}")
    for signal in told.signals:
        what = f"{_plain(signal.kind)} {signal.product}, of {signal.brand}"
        yield Entry(signal.at, Tone.OWN, what.capitalize())


def _plain(word: str) -> str:
    return word.replace("_", " ")
