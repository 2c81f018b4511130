"""What deciding costs: microseconds a person, all rules and the facts record included.

python -m bench.decide [--rounds 5]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import timeit
from dataclasses import replace

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import ALL_DAY, Policy, Window
from dispatcher.rules.book import rule_book
from dispatcher.rules.decide import decide
from dispatcher.rules.jurisdictions import Law
from dispatcher.services.jurisdictions import shipped

BATCH, REPEATS = 500, 20
BOOK = rule_book(Law(shipped()))
NOW = 1795435200.25  # a Monday noon in Berlin
PLACES = (("DE",), ("GB",), ("US-NY", "US-TX"), ("IN",), ("ZA",), ())
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata", "")
POLICY = Policy(1, "roaster", "coffee", "beans", window=Window(540, 1200), holdout=100)
AT_ANY_HOUR = replace(POLICY, window=ALL_DAY)
_EMAIL = Channel.EMAIL


def people(size: int, channel: Channel = Channel.SMS) -> list[Recipient]:
    """Make people of several zones and jurisdictions, with own hours or none, 0 to 5 contacts."""
    dice = random.Random(1)
    return [person(number, dice, channel) for number in range(size)]


def person(number: int, dice: random.Random, channel: Channel) -> Recipient:
    """Make one person."""
    contacts = tuple(
        Contact(NOW - dice.random() * 30 * 86400, channel, dice.choice("abcd"), "s")
        for _ in range(dice.randrange(6))
    )
    return Recipient(
        customer_id=number,
        channel=channel,
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
        jurisdictions=dice.choice(PLACES),
    )


def measure(rounds: int) -> dict[str, object]:
    """Give medians over rounds, each of twenty batches of 500."""
    crowd = people(BATCH)
    lone = [one._replace(contacts=()) for one in crowd]
    free = [one._replace(zone="", hours_from=0, hours_until=0) for one in people(BATCH, _EMAIL)]
    return {
        "us_per_person": _microseconds(crowd, POLICY, rounds),
        "us_per_person_without_contacts": _microseconds(lone, POLICY, rounds),
        "us_per_person_email_at_any_hour": _microseconds(free, AT_ANY_HOUR, rounds),
    }


def _microseconds(crowd: list[Recipient], policy: Policy, rounds: int) -> float:
    times = timeit.repeat(
        lambda: decide(crowd, policy, NOW, BOOK),
        number=REPEATS,
        repeat=rounds,
        timer=time.process_time,
    )
    return round(statistics.median(times) / REPEATS / len(crowd) * 1e6, 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    for name, value in measure(parser.parse_args().rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
