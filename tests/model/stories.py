"""Short stories of bad luck, each of which a certain weakness of the protocol cannot survive."""

from __future__ import annotations

from dispatcher.domain.messages import Outcome
from tests.model.protocol import Protocol, Worker


def killed_in_mid_batch(world: Protocol) -> None:
    """The worker dies with one message written and nothing settled."""
    worker = _at_work(world)
    world.begin(worker)
    _all_arrives(world)
    world.kill(worker)


def machine_lost(world: Protocol) -> None:
    """Two messages were begun, if two were allowed, when the machine goes with its journals."""
    worker = _at_work(world)
    world.begin(worker)
    world.begin(worker)
    _all_arrives(world)
    world.kill(worker, with_machine=True)


def asleep_beyond_the_lease(world: Protocol) -> None:
    """Somebody else does the work of a stopped worker, which then wakes up and goes on."""
    sleeper, other = _at_work(world), world.hire()
    sleeper.stopped = True
    _give_up(world)
    _told_by(world, other)
    sleeper.stopped = False
    for _ in range(3):
        world.permit(sleeper)
        world.begin(sleeper)
    _all_arrives(world)


def gives_back_too_late(world: Protocol) -> None:
    """A stopped worker gives people back who are on their way under the next attempt."""
    sleeper, other = _at_work(world), world.hire()
    sleeper.stopped = True
    _give_up(world)
    _told_by(world, other)
    sleeper.stopped = False
    world.finish(sleeper)


def line_lost_then_killed(world: Protocol) -> None:
    """The connection broke after the last bytes; the worker dies with that in its journal."""
    worker = _at_work(world)
    world.begin(worker)
    _all_arrives(world)
    world.answer(worker, Outcome.UNSURE)
    world.kill(worker)


def settle_failed(world: Protocol) -> None:
    """A round ends before everybody was begun."""
    world.finish(_at_work(world))
    _all_arrives(world)


def left_in_mid_batch(world: Protocol) -> None:
    """Somebody leaves while the batch is on its way, and some time goes by."""
    worker = _at_work(world)
    world.withdraw(0)
    world.now += 3
    world.poll(worker)
    world.begin(worker)


def _at_work(world: Protocol) -> Worker:
    worker = world.hire()
    world.poll(worker)
    world.claim(worker, 1)
    return worker


def _give_up(world: Protocol) -> None:
    world.expire(1)
    world.reap()


def _told_by(world: Protocol, worker: Worker) -> None:
    world.poll(worker)
    world.claim(worker, 1)
    for _ in range(3):
        world.permit(worker)
        world.begin(worker)
    _all_arrives(world)


def _all_arrives(world: Protocol) -> None:
    for key in list(world.wire):
        world.arrive(key)
