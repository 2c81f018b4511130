"""Brings a campaign of the model to its end, and compares the ledger with what people got."""

from __future__ import annotations

from dispatcher.domain.deliveries import FINAL, DeliveryState
from dispatcher.domain.messages import Outcome
from tests.model.protocol import Broken, Protocol

TOLD = (DeliveryState.ACCEPTED, DeliveryState.UNSURE)


def bring_to_an_end(world: Protocol) -> None:
    """However it went so far: what is left running does the rest, and everybody has a verdict."""
    world.paused = None
    for _ in range(60):
        _work_on(world)
        world.adopt()
        held = {worker.round.batch for worker in world.workers if worker.round}
        for number in world.batches.keys() - held:
            world.expire(number)
        world.reap()
        world.wake()
        if not world.due and all(batch.state == "done" for batch in world.batches.values()):
            break
    for key in list(world.wire):
        world.arrive(key)
    for person, delivery in world.deliveries.items():
        if delivery.state not in FINAL:
            raise Broken(f"person {person} is forgotten: {delivery}")
        if world.inbox[person] and delivery.state not in TOLD:
            raise Broken(f"person {person} was told, and is called {delivery.state}")
        if delivery.state is DeliveryState.ACCEPTED and not world.inbox[person]:
            raise Broken(f"person {person} is called told and was not")


def _work_on(world: Protocol) -> None:
    for worker in world.workers:
        worker.stopped = False
        world.poll(worker)
        for number in list(world.batches):
            world.claim(worker, number)
        for _ in range(2 * len(world.deliveries)):
            world.begin(worker)
            world.permit(worker)
        for _ in world.deliveries:
            world.answer(worker, Outcome.ACCEPTED)
        world.finish(worker)
