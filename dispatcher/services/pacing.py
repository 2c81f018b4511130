"""Pacing: the room that every throttle of a batch leaves, taken before it goes, settled after."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.customers import Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.throttles import (
    LIGHT,
    MOST_PARTS,
    Charge,
    Day,
    Level,
    Load,
    Pace,
    Paces,
    Throttle,
    charge,
    opens_in,
    room,
    settled,
)
from dispatcher.storage import batches, rates, recipients, turns

_CAMPAIGN_SAVES = 1.0  # seconds; of a limit of somebody else's, less
_KEEP = 256  # campaign versions whose parts are remembered


class Open(NamedTuple):
    """A throttle as it was found, and how many messages of a batch it has room for."""

    throttle: Throttle
    level: Level
    day: Day
    room: int


class Taken(NamedTuple):
    """What a round took of one throttle: for all of its people, or for `people`."""

    throttle: Throttle
    day: Day
    load: Load
    messages: int
    people: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Slots:
    """The room of a batch, for the transaction that asked.

    `granted` messages may go at most, and of each group no more than it has room for: `groups`
    tells the throttle of each mark (storage.turns).
    """

    granted: int
    load: Load = LIGHT
    whole: tuple[Open, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, Open] = field(default_factory=dict)

    def lock(self, conn: Connection, batch: Batch, limit: int) -> list[int]:
        """Lock as many undecided people as may go, at most `limit`."""
        if not limit:
            return []
        if not self.groups:
            return recipients.lock_undecided(conn, batch, limit)
        rooms = {key: each.room for key, each in self.apart.items()}
        return turns.lock_undecided(conn, batch, limit, self.groups, rooms)

    def use(
        self, conn: Connection, channel: Channel, people: Collection[Recipient]
    ) -> tuple[Taken, ...]:
        """Use up what messages to these people need."""
        if not people:
            return ()
        taken = (*self._of_all(len(people)), *self._of_groups(channel, people))
        rates.charge(
            conn, [charge(each.throttle, each.day, each.load, each.messages) for each in taken]
        )
        return taken

    def _of_all(self, messages: int) -> Iterator[Taken]:
        for each in self.whole:
            yield Taken(each.throttle, each.day, self.load, messages, None)

    def _of_groups(self, channel: Channel, people: Collection[Recipient]) -> Iterator[Taken]:
        members: dict[str, list[int]] = {}
        for person in people if self.groups else ():
            key = self.groups.get(turns.mark_of(channel, person.address))
            if key is not None:
                members.setdefault(key, []).append(person.customer_id)
        for key, ids in members.items():
            each = self.apart[key]
            yield Taken(each.throttle, each.day, self.load, len(ids), frozenset(ids))

    def waits_for(self, conn: Connection, batch: Batch, taken: Collection[Taken]) -> str:
        """Name the throttle that all who are left in the batch wait for, if all of them do."""
        if not self.groups:
            return ""
        used = {each.throttle.key: each.messages for each in taken}
        left = turns.keys_left(conn, batch, self.groups)
        full = [key for key in left if key and used.get(key, 0) >= self.apart[key].room]
        if not full or len(full) < len(left):
            return ""
        return min(full, key=lambda key: self.apart[key].level.wait)


class Pacing:
    """The limits that are set, and what messages were seen to cost; one a process."""

    def __init__(self, paces: Paces | None = None) -> None:
        self._paces = paces or Paces()
        self._seen: OrderedDict[tuple[int, Channel], int] = OrderedDict()

    def ask(
        self, conn: Connection, batch: Batch, spec: CampaignSpec, gateway: Pace, now: float
    ) -> Slots:
        """Lock every throttle of a batch, with one question; `now` is the server's clock."""
        whole = [each for each in self._whole(batch, spec, gateway) if each.pace]
        groups, paces = self._paces.apart(batch.channel, spec.brand.id)
        if not whole and not paces:
            return Slots(batch.size)
        apart = [Throttle(key, pace) for key, pace in paces.items()]
        levels = rates.lock(conn, [each.key for each in (*whole, *apart)])
        load = self._load(batch)
        found = [_found(each, levels[each.key], load, batch.size, now) for each in whole]
        others = {each.key: _found(each, levels[each.key], load, batch.size, now) for each in apart}
        granted = min((each.room for each in found), default=batch.size)
        slots = Slots(granted, load, tuple(found), groups, others)
        _shut(conn, batch, slots, now)
        return slots

    def note(self, batch: Batch, parts: Collection[int]) -> None:
        """Remember what the dearest message of a version costs."""
        if parts:
            key = batch.version_id, batch.channel
            self._seen[key] = max(self._seen.get(key, 1), *parts)
            self._seen.move_to_end(key)
            if len(self._seen) > _KEEP:
                self._seen.popitem(last=False)

    def use_up(
        self,
        conn: Connection,
        gateway: str,
        pace: Pace,
        answers: Collection[tuple[str, int]],
        now: float,
    ) -> None:
        """Count answers, as (sender, parts), in what campaigns may use; they wait for no room."""
        parts = {f"gateway:{gateway}": sum(count for _, count in answers)}
        paces = {f"gateway:{gateway}": pace}
        for sender, count in answers:
            key = f"sender:{sender}"
            parts[key] = parts.get(key, 0) + count
            paces[key] = self._paces.sender(sender)
        limits = [Throttle(key, each) for key, each in paces.items() if each]
        if limits:
            rates.lock(conn, [each.key for each in limits])
            rates.charge(
                conn, [charge(each, each.pace.on(now), LIGHT, parts[each.key]) for each in limits]
            )

    def _load(self, batch: Batch) -> Load:
        most = MOST_PARTS[batch.channel]
        return Load(self._seen.get((batch.version_id, batch.channel), most), most)

    def _whole(self, batch: Batch, spec: CampaignSpec, gateway: Pace) -> Iterator[Throttle]:
        pace = Pace(spec.per_minute / 60)
        yield Throttle(f"campaign:{batch.campaign_id}", pace, _CAMPAIGN_SAVES, by_parts=False)
        yield Throttle(f"gateway:{batch.gateway}", gateway)
        sender = spec.brand.sms_sender if batch.channel is Channel.SMS else spec.brand.email
        yield Throttle(f"sender:{sender}", self._paces.sender(sender))
        yield Throttle(f"brand:{spec.brand.id}", self._paces.brand(spec.brand.id))


NO_LIMITS = Pacing()


def due(taken: Collection[Taken], parts: Mapping[int, int]) -> list[Charge]:
    """Give what was charged too little or too much, now that it is known who was asked for what.

    `parts` are those of each person whose message was handed over.
    """
    found = [
        settled(
            each.throttle,
            each.day,
            each.load,
            each.messages,
            [
                count
                for person, count in parts.items()
                if each.people is None or person in each.people
            ],
        )
        for each in taken
    ]
    return [each for each in found if each is not None]


def _found(throttle: Throttle, level: Level, load: Load, wanted: int, now: float) -> Open:
    day = throttle.pace.on(now)
    return Open(throttle, level, day, room(throttle, level, day, load, wanted))


def _shut(conn: Connection, batch: Batch, slots: Slots, now: float) -> None:
    """See to it that nobody asks again before there is room: no batch must come in vain."""
    if not slots.granted:
        whole = [_wait(each, slots.load, now) for each in slots.whole if not each.room]
        batches.hold_back(conn, batch, max(whole))
    full = {key: each for key, each in slots.apart.items() if not each.room}
    waits = {key: _wait(each, slots.load, now) for key, each in full.items()}
    rates.close(conn, {key: waits[key] for key in full if waits[key] > full[key].level.wait})


def _wait(each: Open, load: Load, now: float) -> float:
    return opens_in(each.throttle, each.level, each.day, load, now)
