"""Breakers: when a campaign does people more harm than good, and has to stop by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dispatcher.domain.messages import Channel


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares at which a wave is stopped: of messages accepted, errors of those tried.

    Sources: restraint for opt-outs; for complaints and errors the mailbox providers, who hold back
    senders from 0.3 % complaints on. Nothing is judged before `after` messages and `least` people.
    """

    opt_outs_sms: float = 0.02
    opt_outs_email: float = 0.005
    complaints: float = 0.003
    errors_sms: float = 0.05
    errors_email: float = 0.02
    after: int = 100
    least: int = 3


BY_ITSELF = "paused by the breaker"


class Tripped(NamedTuple):
    """A bar that was reached, with the numbers; `what` is a word for people."""

    what: str
    people: int
    of: int
    bar: float

    @property
    def share(self) -> float:
        """How many of those it was."""
        return self.people / self.of

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.people} {self.what} of {self.of} messages are {self.share:.2%}, "
            f"and {self.bar:.2%} is the most there may be"
        )


def tripped(
    bars: Bars,
    channel: Channel,
    *,
    accepted: int,
    refused: int,
    opt_outs: int,
    complaints: int,
    bounces: int,
) -> Tripped | None:
    """Give the first bar that a wave's numbers reach on a channel, or None."""
    texts = channel is Channel.SMS
    counts = (
        ("opt-outs", opt_outs, accepted, bars.opt_outs_sms if texts else bars.opt_outs_email),
        ("complaints", complaints, accepted, bars.complaints),
        (
            "failures",
            refused + bounces,
            accepted + refused,
            bars.errors_sms if texts else bars.errors_email,
        ),
    )
    for what, people, of, bar in counts:
        if people >= bars.least and of >= bars.after and people >= bar * of:
            return Tripped(what, people, of, bar)
    return None
