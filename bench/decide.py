"""What deciding costs: microseconds a person, all rules and the facts record included."""

from __future__ import annotations

import random
import timeit

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy, Window
from dispatcher.rules.decide import decide

NOW = 1795435200.25  # a Monday noon in Berlin
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata", "")
POLICY = Policy(1, "roaster", "coffee", "beans", window=Window(540, 1200), holdout=100)


def people(size: int) -> list[Recipient]:
    """Make people of several zones, one in three with own hours, with 0 to 5 contacts each."""
    dice = random.Random(1)
    return [person(number, dice) for number in range(size)]


def person(number: int, dice: random.Random) -> Recipient:
    """Make one person."""
    contacts = tuple(
        Contact(NOW - dice.random() * 30 * 86400, Channel.EMAIL, dice.choice("abcd"), "s")
        for _ in range(dice.randrange(6))
    )
    return Recipient(
        customer_id=number,
        channel=Channel.EMAIL,
        address="a@b.example",
        deliverable=True,
        language="de",
        country="DE",
        zone=dice.choice(ZONES),
        zones=("America/New_York", "America/Chicago"),
        hours_from=dice.choice((0, 0, 600)),
        hours_until=dice.choice((0, 0, 1140)),
        suppressed="",
        consent=ConsentState.ACTIVE,
        consent_event=number,
        contacts=contacts,
        bucket=dice.randrange(10000),
        in_audience=True,
        attempts=0,
        fields={},
    )


def main() -> None:
    """Print the best of seven runs over batches of 500."""
    crowd = people(500)
    best = min(timeit.repeat(lambda: decide(crowd, POLICY, NOW), number=20, repeat=7))
    print(f"decide: {best / 20 / len(crowd) * 1e6:.1f} us a person")
    lone = [one._replace(contacts=()) for one in crowd]
    best = min(timeit.repeat(lambda: decide(lone, POLICY, NOW), number=20, repeat=7))
    print(f"decide, no contacts: {best / 20 / len(crowd) * 1e6:.1f} us a person")


if __name__ == "__main__":
    main()
