"""Throttles: how fast something may go and how much of it in a day, and the room that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from math import floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dispatcher.domain.messages import Channel

# The first day of a sender nobody knows, and twice as many each day after it, for two weeks.
WARM_UP = tuple(50 * 2**day for day in range(14))
PACIFIC = "America/Los_Angeles"  # where the days of American carriers begin
# T-Mobile's parts a day for all texts of a brand, by the least vetting score of each class.
DAILY_BY_SCORE = ((75, 200_000), (50, 40_000), (25, 10_000), (0, 2_000))
US = "+1"  # numbers of the United States, and of whoever else shares their code
MOST_PARTS: Mapping[Channel, int] = {Channel.EMAIL: 1, Channel.SMS: 4}
# A round takes the room of this stretch at once: nobody waits in it, so it holds up nobody else.
AT_ONCE = 0.2  # seconds
AGAIN = 15.0  # seconds until a budget that is used up is looked at again: what went unused returns
_NEARLY = 1e-6  # of a part: sums of fractions are not exact


class Day(NamedTuple):
    """A day of a budget: its number, what may go in it (None: any number), its end in Unix time."""

    number: int
    budget: int | None
    ends: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something may go, in parts; 0: as fast as it can. `zone`: where its days begin.

    From the day `warm_up` on, the n-th day has the n-th budget of `plan` at most; before it nothing
    goes, and after the last one only `per_day` holds.
    """

    per_second: float = 0.0
    per_day: int = 0
    warm_up: date | None = None
    plan: tuple[int, ...] = WARM_UP
    zone: str = "UTC"

    def __bool__(self) -> bool:
        """Whether there is any limit in it."""
        return bool(self.per_second or self.per_day or self.warm_up)

    def on(self, now: float) -> Day:
        """Give the day at an instant in Unix time."""
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(now, zone).date()
        ends = datetime.combine(today + timedelta(1), time(), zone).astimezone(UTC)
        return Day(today.toordinal(), self._budget(today), ends.timestamp())

    def _budget(self, today: date) -> int | None:
        budgets = [self.per_day] if self.per_day else []
        if self.warm_up is not None:
            nth = (today - self.warm_up).days
            budgets += [0] if nth < 0 else self.plan[nth : nth + 1]
        return min(budgets, default=None)


NO_PACE = Pace()


class Throttle(NamedTuple):
    """One limit in force, under the key by which all workers know it.

    `saves`: for how many seconds room that was not used is kept. `by_parts`: a text counts each of
    its parts, else each message is one.
    """

    key: str
    pace: Pace
    saves: float = AT_ONCE
    by_parts: bool = True


class Level(NamedTuple):
    """How a throttle stands: seconds until it is free (less than 0: since when), used in a day."""

    wait: float = 0.0
    day: int = 0
    used: int = 0


class Load(NamedTuple):
    """The parts that one message is reckoned at: as far as we know, and at most."""

    likely: int = 1
    most: int = 1


LIGHT = Load()


class Charge(NamedTuple):
    """What is taken from a throttle, or (less than 0) given back: seconds, and parts of a day.

    `seconds` None: it has no rate. `saves` is that of the throttle.
    """

    key: str
    seconds: float | None
    parts: int
    day: int
    saves: float


@dataclass(frozen=True, slots=True)
class Paces:
    """All limits that are set, but those of gateways and campaigns.

    `domains` goes by the name of a group of recipients' domains, `members` tells the group of each
    domain. `vetted`: brands whose texts to American numbers have a budget of a day.
    """

    senders: Mapping[str, Pace] = field(default_factory=dict)
    brands: Mapping[str, Pace] = field(default_factory=dict)
    domains: Mapping[str, Pace] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    vetted: Mapping[str, Pace] = field(default_factory=dict)

    def sender(self, address: str) -> Pace:
        """Give the limits of a sender: a number, a name or an address of mail."""
        return self.senders.get(address, NO_PACE)

    def brand(self, name: str) -> Pace:
        """Give the limits of all that a brand sends."""
        return self.brands.get(name, NO_PACE)

    def every(self) -> dict[str, Pace]:
        """Give each limit under the key of its throttle."""
        kinds = {
            "sender": self.senders,
            "brand": self.brands,
            "domain": self.domains,
            "10dlc": self.vetted,
        }
        return {f"{kind}:{name}": of[name] for kind, of in kinds.items() for name in of}

    def apart(self, channel: Channel, brand: str) -> tuple[Mapping[str, str], Mapping[str, Pace]]:
        """Give the limits of groups of people: the throttle of each mark, and each one's pace."""
        if channel is Channel.EMAIL:
            groups = {domain: f"domain:{name}" for domain, name in self.members.items()}
            return groups, {f"domain:{name}": pace for name, pace in self.domains.items()}
        if brand in self.vetted:
            key = f"10dlc:{brand}"
            return {US: key}, {key: self.vetted[brand]}
        return {}, {}


def load_of(throttle: Throttle, load: Load) -> Load:
    """Give what a message counts for in this throttle."""
    return load if throttle.by_parts else LIGHT


def room(throttle: Throttle, level: Level, day: Day, load: Load, wanted: int) -> int:
    """Give how many of `wanted` messages may go now.

    A rate lets through what its next moment has room for, and at least one message while it is
    free: what that takes too much, the next ones wait for. A budget reckons with the dearest
    messages, so it is never passed.
    """
    load = load_of(throttle, load)
    if throttle.pace.per_second:
        parts = _parts_now(throttle, level)
        wanted = min(wanted, max(parts // load.likely, 1) if parts > 0 else 0)
    if day.budget is not None:
        left = max(day.budget - used_on(level, day), 0)
        wanted = min(wanted, left // load.most)
    return wanted


def used_on(level: Level, day: Day) -> int:
    """Give what a day has used; should the clock have gone back, the later day counts on."""
    return level.used if level.day >= day.number else 0


def opens_in(throttle: Throttle, level: Level, day: Day, load: Load, now: float) -> float:
    """Give in how many seconds a throttle without room is worth another look."""
    wait = max(level.wait, 0.0)
    load = load_of(throttle, load)
    if day.budget is not None and day.budget - used_on(level, day) < load.most:
        wait = max(wait, min(max(day.ends - now, 0.0), AGAIN))
    return wait


def charge(throttle: Throttle, day: Day, load: Load, messages: int) -> Charge:
    """Give what so many messages take: what is likely of a rate, the most of a budget."""
    load = load_of(throttle, load)
    return _charge(throttle, day, messages * load.likely, messages * load.most)


def settled(
    throttle: Throttle, day: Day, load: Load, messages: int, parts: list[int]
) -> Charge | None:
    """Give what was charged too little or too much for `messages`: some of them went, as `parts`.

    None: it was just right.
    """
    taken = load_of(throttle, load)
    used = sum(parts) if throttle.by_parts else len(parts)
    due = _charge(throttle, day, used - messages * taken.likely, used - messages * taken.most)
    return due if due.seconds or due.parts else None


def _charge(throttle: Throttle, day: Day, parts: int, of_day: int) -> Charge:
    seconds = parts / throttle.pace.per_second if throttle.pace.per_second else None
    counted = 0 if day.budget is None else of_day
    return Charge(throttle.key, seconds, counted, day.number, throttle.saves)


def _parts_now(throttle: Throttle, level: Level) -> int:
    step = 1 / throttle.pace.per_second
    wait = max(level.wait, -throttle.saves)
    return floor((max(step, AT_ONCE) - wait) / step + _NEARLY)
