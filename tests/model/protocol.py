"""The hand-over protocol as a small model: no clock, no disk, no network, only what may happen.

Each method is one thing that can happen at any moment. A process may be killed between any two of
them; what was on the wire then may still arrive, or not. The methods named after decisions
(`may_begin`, `released`, ...) are what a broken build gets wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dispatcher.domain.deliveries import DeliveryState, settle
from dispatcher.domain.messages import Outcome

WINDOW = 1
HEARD_WITHIN = 1  # moments a poll for withdrawals may be old; a hand-over later than that is late


class Broken(AssertionError):
    """A promise is broken."""


@dataclass(slots=True)
class Delivery:
    """The row of one person."""

    state: DeliveryState | None = None
    attempt: int = 0
    ordinal: int = 0
    batch: int = 0


@dataclass(slots=True)
class Batch:
    """The row of one batch."""

    people: list[int]
    state: str = "ready"
    fence: int = 0
    worker: int | None = None
    permitted: int = 0
    expired: bool = False


@dataclass(slots=True)
class Journal:
    """What a worker leaves behind; `locked` while it lives under that name."""

    begun: set[tuple[int, int]] = field(default_factory=set)
    receipts: dict[tuple[int, int], Outcome] = field(default_factory=dict)
    locked: bool = True


@dataclass(slots=True)
class Round:
    """What a worker holds in memory of the batch it works on."""

    batch: int
    fence: int
    order: list[tuple[int, int]]  # (person, attempt) by ordinal
    permitted: int
    claimed_at: int
    next: int = 0
    lost: bool = False
    withheld: list[tuple[int, int]] = field(default_factory=list)
    unsettled: list[tuple[tuple[int, int], Outcome]] = field(default_factory=list)


@dataclass(slots=True)
class Worker:
    """A sending process under one name; a beaten one goes on under another."""

    name: int
    round: Round | None = None
    stopped: bool = False
    polled_at: int = -1
    heard: dict[int, int] = field(default_factory=dict)


class Protocol:
    """All of it. `inbox` is what people got, which nobody of ours can see."""

    def __init__(self, people: int, size: int) -> None:
        self.now = 0
        self.deliveries = {person: Delivery() for person in range(people)}
        self.batches: dict[int, Batch] = {}
        self.due: set[int] = set()
        self.workers: list[Worker] = []
        self.journals: dict[int, Journal] = {}
        self.wire: dict[tuple[int, int, int], bool] = {}  # (worker, person, attempt): arrived
        self.inbox: Counter[int] = Counter()
        self.withdrawn: dict[int, int] = {}
        self.paused: int | None = None
        self._names = 0
        for first in range(0, people, size):
            self._add_batch(list(range(first, min(first + size, people))))

    # Decisions

    def may_begin(self, current: Round) -> bool:
        """Only ordinals below the committed permit."""
        return current.next < current.permitted

    def notes_before(self) -> bool:
        """Whether `begin` is journalled before the last bytes."""
        return True

    def permit_holds(self, batch: Batch, current: Round) -> bool:
        """Whether a permit is still this worker's to take."""
        return batch.fence == current.fence and batch.state == "leased" and not batch.expired

    def released(self, person: int, upto: int, unknown: set[int], *, complete: bool) -> bool:
        """Whether somebody reserved by a dead worker is provably unsent."""
        if self.deliveries[person].ordinal >= upto:
            return True
        return complete and person not in unknown

    def unknown_of(self, journal: Journal) -> set[int]:
        """Whom the journal says begun without saying what became of it."""
        return {person for person, _ in journal.begun - journal.receipts.keys()}

    def proven(self, journal: Journal) -> list[tuple[tuple[int, int], Outcome]]:
        """What the journal proves."""
        return list(journal.receipts.items())

    def hears(self, worker: Worker, person: int, claimed_at: int) -> bool:
        """Whether the worker knows that the person withdrew after the batch was claimed."""
        return worker.heard.get(person, -1) >= claimed_at

    def same_attempt(self, delivery: Delivery, attempt: int) -> bool:
        """Whether a receipt belongs to the attempt that is open."""
        return delivery.attempt == attempt

    def reserve_state(self) -> DeliveryState:
        """What somebody is who is about to be told."""
        return DeliveryState.RESERVED

    def goes_on_behind_a_failure(self) -> bool:
        """Whether a gateway may go on sending while its round is being settled."""
        return False

    # What happens

    def hire(self) -> Worker:
        """A process starts."""
        worker = Worker(self._new_name())
        self.workers.append(worker)
        return worker

    def claim(self, worker: Worker, number: int) -> None:
        """Claim, decide, reserve and permit the first window."""
        batch = self.batches[number]
        if worker.round or worker.stopped or batch.state != "ready" or self.paused is not None:
            return
        batch.state, batch.worker, batch.expired = "leased", worker.name, False
        batch.fence += 1
        order: list[tuple[int, int]] = []
        for person in batch.people:
            delivery = self.deliveries[person]
            if not self._undecided(person, number):
                continue
            if person in self.withdrawn:
                delivery.state, delivery.batch = DeliveryState.SKIPPED, number
                continue
            delivery.state, delivery.batch = self.reserve_state(), number
            delivery.attempt += 1
            delivery.ordinal = len(order)
            order.append((person, delivery.attempt))
        batch.permitted = min(WINDOW, len(order))
        worker.round = Round(number, batch.fence, order, batch.permitted, self.now)

    def permit(self, worker: Worker) -> None:
        """Ask for the next window."""
        current = worker.round
        if current is None or worker.stopped or current.permitted >= len(current.order):
            return
        batch = self.batches[current.batch]
        if not self.permit_holds(batch, current):
            current.lost = True
            return
        current.permitted = batch.permitted = min(current.permitted + WINDOW, len(current.order))

    def poll(self, worker: Worker) -> None:
        """Look who withdrew."""
        if not worker.stopped:
            worker.heard, worker.polled_at = dict(self.withdrawn), self.now

    def begin(self, worker: Worker) -> None:
        """Take the next person to the gate, and write the last bytes if it opens."""
        current = worker.round
        if current is None or worker.stopped or current.next >= len(current.order):
            return
        person, attempt = current.order[current.next]
        paused = self.paused is not None and worker.polled_at > self.paused
        if current.lost or paused or self.hears(worker, person, current.claimed_at):
            current.withheld.append((person, attempt))
            current.next += 1
            return
        if self.now - worker.polled_at > HEARD_WITHIN or not self.may_begin(current):
            return
        if self.notes_before():
            self.journals[worker.name].begun.add((person, attempt))
        current.next += 1
        self.wire[worker.name, person, attempt] = False
        halted = self.paused is not None and self.now - self.paused > HEARD_WITHIN + 1
        if halted or self.now - self.withdrawn.get(person, self.now) > HEARD_WITHIN + 1:
            raise Broken(f"person {person} is written to long after it was stopped")

    def arrive(self, key: tuple[int, int, int]) -> None:
        """What was written arrives; its writer may be dead by then."""
        if key in self.wire and not self.wire[key]:
            self.wire[key] = True
            self.inbox[key[1]] += 1
            if self.inbox[key[1]] > 1:
                raise Broken(f"person {key[1]} was told twice")

    def answer(self, worker: Worker, outcome: Outcome) -> None:
        """The far side answers the oldest open message, or the line breaks (UNSURE)."""
        current = worker.round
        mine = [key for key in self.wire if key[0] == worker.name]
        if current is None or worker.stopped or not mine:
            return
        key = mine[0]
        if outcome is Outcome.ACCEPTED:
            self.arrive(key)
        elif self.wire[key] and outcome is not Outcome.UNSURE:
            outcome = Outcome.ACCEPTED  # it has arrived, so the far side cannot refuse it any more
        del self.wire[key]
        attempt = (key[1], key[2])
        self.journals[worker.name].begun.add(attempt)
        self.journals[worker.name].receipts[attempt] = outcome
        current.unsettled.append((attempt, outcome))

    def settle(self, worker: Worker) -> None:
        """Write down what is known."""
        current = worker.round
        if current is not None and not worker.stopped:
            self._settle(current.unsettled)
            current.unsettled = []

    def finish(self, worker: Worker) -> None:
        """End a round: nothing is on the wire; who was not begun is decided on again."""
        current = worker.round
        if current is None or worker.stopped or any(key[0] == worker.name for key in self.wire):
            return
        rest = current.order[current.next :]
        self._settle(current.unsettled)
        self._settle([(each, Outcome.WITHHELD) for each in current.withheld + rest])
        batch = self.batches[current.batch]
        if batch.fence == current.fence and batch.state == "leased":
            waiting = any(self._undecided(person, current.batch) for person in batch.people)
            batch.state, batch.worker = ("ready" if waiting else "done"), None
        if self.goes_on_behind_a_failure() and rest:
            self.wire[worker.name, *rest[0]] = False
        self.journals[worker.name] = Journal()
        worker.round = None

    def kill(self, worker: Worker, *, with_machine: bool = False) -> None:
        """`kill -9`; with the machine its journal goes too."""
        self.workers.remove(worker)
        self.journals[worker.name].locked = False
        if with_machine:
            del self.journals[worker.name]

    def kill_in_commit(self, worker: Worker, number: int) -> None:
        """`kill -9` while a claim is being committed: it counts when the journal is long gone."""
        if worker.round is None and not worker.stopped:
            self.kill(worker)
            self.adopt()
            self.claim(Worker(worker.name), number)

    def beat(self, worker: Worker) -> None:
        """The database goes away in mid-batch: the process plays dead and begins anew."""
        if not worker.stopped and worker.round is not None:
            self.kill(worker)
            self.hire()

    def expire(self, number: int) -> None:
        """A lease runs out."""
        if self.batches[number].state == "leased":
            self.batches[number].expired = True

    def adopt(self) -> None:
        """Settle what the journals of the dead prove, and free what they held."""
        for name, journal in list(self.journals.items()):
            if journal.locked:
                continue
            self._settle(self.proven(journal))
            for number, batch in self.batches.items():
                if batch.worker == name and batch.state == "leased":
                    self._reap(number, self.unknown_of(journal), complete=True)
            del self.journals[name]

    def reap(self) -> None:
        """Free batches whose lease ran out, of whose worker nothing is known."""
        for number, batch in self.batches.items():
            if batch.expired and batch.state == "leased":
                self._reap(number, set(), complete=False)

    def wake(self) -> None:
        """Put the deferred into a new batch."""
        if self.due:
            self._add_batch(sorted(self.due))
            self.due.clear()

    def withdraw(self, person: int) -> None:
        """Somebody opts out; this is the acknowledgement."""
        self.withdrawn.setdefault(person, self.now)

    # Inside

    def _new_name(self) -> int:
        self._names += 1
        self.journals[self._names] = Journal()
        return self._names

    def _add_batch(self, people: list[int]) -> None:
        number = len(self.batches) + 1
        for batch in self.batches.values():
            batch.people = [person for person in batch.people if person not in people]
        self.batches[number] = Batch(people)

    def _undecided(self, person: int, number: int) -> bool:
        delivery = self.deliveries[person]
        return delivery.state is None or (
            delivery.state is DeliveryState.DEFERRED and delivery.batch != number
        )

    def _settle(self, receipts: list[tuple[tuple[int, int], Outcome]]) -> None:
        for (person, attempt), outcome in receipts:
            delivery = self.deliveries[person]
            if delivery.state is None or not self.same_attempt(delivery, attempt):
                continue
            after = settle(delivery.state, outcome)
            if after is DeliveryState.DEFERRED and delivery.state is not after:
                self.due.add(person)
            delivery.state = after

    def _reap(self, number: int, unknown: set[int], *, complete: bool) -> None:
        batch = self.batches[number]
        batch.fence += 1
        batch.state, batch.worker, batch.expired = "ready", None, False
        for person in batch.people:
            delivery = self.deliveries[person]
            if delivery.state is not DeliveryState.RESERVED or delivery.batch != number:
                continue
            if self.released(person, batch.permitted, unknown, complete=complete):
                delivery.state, delivery.batch = DeliveryState.DEFERRED, -1
            else:
                delivery.state = DeliveryState.UNSURE
