"""Lets anything happen to the model in any order, and holds the three promises against it."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Outcome
from tests.model.ending import bring_to_an_end
from tests.model.protocol import Broken, Protocol, Worker

PEOPLE, SIZE, WORKERS = 4, 3, 2
which = st.integers(0, 7)


class Machine(RuleBasedStateMachine):
    """The rules; `model` is the protocol, or a broken one."""

    model: ClassVar[type[Protocol]] = Protocol

    def __init__(self) -> None:
        super().__init__()
        self.world = self.model(PEOPLE, SIZE)
        for _ in range(WORKERS):
            self.world.hire()

    def worker(self, number: int) -> Worker:
        return self.world.workers[number % len(self.world.workers)]

    @rule(number=which, batch=which)
    def claim(self, number: int, batch: int) -> None:
        self.world.poll(self.worker(number))
        self.world.claim(self.worker(number), batch % len(self.world.batches) + 1)

    @rule(number=which)
    def permit(self, number: int) -> None:
        self.world.permit(self.worker(number))

    @rule(number=which)
    def begin(self, number: int) -> None:
        self.world.begin(self.worker(number))

    @rule(number=which)
    def look_and_begin(self, number: int) -> None:
        self.world.poll(self.worker(number))
        self.world.begin(self.worker(number))

    @rule(number=which)
    def arrive(self, number: int) -> None:
        if self.world.wire:
            self.world.arrive(list(self.world.wire)[number % len(self.world.wire)])

    @rule(number=which, outcome=st.sampled_from([o for o in Outcome if o != Outcome.WITHHELD]))
    def answer(self, number: int, outcome: Outcome) -> None:
        self.world.answer(self.worker(number), outcome)

    @rule(number=which)
    def settle(self, number: int) -> None:
        self.world.settle(self.worker(number))

    @rule(number=which)
    def finish(self, number: int) -> None:
        self.world.finish(self.worker(number))

    @rule(number=which, machine=st.booleans())
    def kill(self, number: int, machine: bool) -> None:
        self.world.kill(self.worker(number), with_machine=machine)
        self.world.hire()

    @rule(number=which, batch=which)
    def kill_in_commit(self, number: int, batch: int) -> None:
        self.world.kill_in_commit(self.worker(number), batch % len(self.world.batches) + 1)
        while len(self.world.workers) < WORKERS:
            self.world.hire()

    @rule(number=which)
    def lose_the_database(self, number: int) -> None:
        self.world.beat(self.worker(number))

    @rule(number=which)
    def stop_or_go_on(self, number: int) -> None:
        self.worker(number).stopped = not self.worker(number).stopped

    @rule(number=which)
    def lease_runs_out(self, number: int) -> None:
        self.world.expire(number % len(self.world.batches) + 1)
        self.world.now += 1

    @rule()
    def tidy(self) -> None:
        self.world.adopt()
        self.world.reap()
        self.world.wake()

    @rule(person=st.integers(0, PEOPLE - 1))
    def withdraw(self, person: int) -> None:
        self.world.withdraw(person)
        self.world.now += 1

    @rule()
    def pause_or_resume(self) -> None:
        self.world.paused = self.world.now if self.world.paused is None else None
        self.world.now += 1

    @invariant()
    def nobody_is_called_told_who_was_not(self) -> None:
        for person, delivery in self.world.deliveries.items():
            if delivery.state is DeliveryState.ACCEPTED and not self.world.inbox[person]:
                raise Broken(f"person {person} is called told and was not")

    def teardown(self) -> None:
        bring_to_an_end(self.world)
