"""The hand-over protocol keeps its promises whatever happens; a weaker one is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Outcome
from tests.model import stories
from tests.model.ending import bring_to_an_end
from tests.model.machine import PEOPLE, SIZE, Machine
from tests.model.protocol import Batch, Broken, Delivery, Journal, Protocol, Round, Worker

SOUND = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
HUNT = settings(
    max_examples=2000,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)


class SettlesBeforeSending(Protocol):
    """Calls people told when they are reserved."""

    def reserve_state(self) -> DeliveryState:
        return DeliveryState.ACCEPTED


class PermitsAfterSending(Protocol):
    """Begins first and asks for the permit afterwards."""

    def may_begin(self, current: Round) -> bool:
        return True


class ReleasesThePermitted(Protocol):
    """Takes everybody a vanished worker leaves for unsent."""

    def released(self, person: int, upto: int, unknown: set[int], *, complete: bool) -> bool:
        return True


class NotesAfterwards(Protocol):
    """Journals a message when it is answered, and not before its last bytes."""

    def notes_before(self) -> bool:
        return False


class ForgetsTheFence(Protocol):
    """Lets a worker that was given up take further permits."""

    def permit_holds(self, batch: Batch, current: Round) -> bool:
        return True


class MixesAttemptsUp(Protocol):
    """Takes a receipt of an earlier attempt for one of the present attempt."""

    def same_attempt(self, delivery: Delivery, attempt: int) -> bool:
        return True


class DropsUnsureReceipts(Protocol):
    """Neither settles an unsure receipt of the dead nor counts it as begun."""

    def proven(self, journal: Journal) -> list[tuple[tuple[int, int], Outcome]]:
        sure = super().proven(journal)
        return [(key, outcome) for key, outcome in sure if outcome is not Outcome.UNSURE]


class GoesOnBehindAFailure(Protocol):
    """Lets the gateway send on while those it did not begin are given back."""

    def goes_on_behind_a_failure(self) -> bool:
        return True


class IsDeaf(Protocol):
    """Does not ask who withdrew while the batch was on its way."""

    def hears(self, worker: Worker, person: int, claimed_at: int) -> bool:
        return False


STORIES: dict[type[Protocol], Callable[[Protocol], None]] = {
    SettlesBeforeSending: stories.machine_lost,
    PermitsAfterSending: stories.machine_lost,
    ReleasesThePermitted: stories.killed_in_mid_batch,
    NotesAfterwards: stories.killed_in_mid_batch,
    ForgetsTheFence: stories.asleep_beyond_the_lease,
    MixesAttemptsUp: stories.gives_back_too_late,
    DropsUnsureReceipts: stories.line_lost_then_killed,
    GoesOnBehindAFailure: stories.settle_failed,
    IsDeaf: stories.left_in_mid_batch,
}
QUICKLY_FOUND = (SettlesBeforeSending, ReleasesThePermitted, NotesAfterwards)


def test_the_protocol_keeps_its_promises() -> None:
    """Nobody is told twice, forgotten, or told after leaving, in any order of events."""
    run_state_machine_as_test(Machine, settings=SOUND)


@pytest.mark.parametrize("broken", QUICKLY_FOUND)
def test_a_weaker_protocol_is_found_out_by_chance(broken: type[Protocol]) -> None:
    """Among random orders of events there is one that breaks its promise."""
    machine = type(f"Machine{broken.__name__}", (Machine,), {"model": broken})
    with pytest.raises(Broken):
        run_state_machine_as_test(machine, settings=HUNT)


@pytest.mark.parametrize(("broken", "story"), STORIES.items())
def test_each_weakness_breaks_a_promise(
    broken: type[Protocol], story: Callable[[Protocol], None]
) -> None:
    """The same bad luck that the sound protocol survives breaks a promise of the weaker one."""
    _live_through(Protocol(PEOPLE, SIZE), story)
    with pytest.raises(Broken):
        _live_through(broken(PEOPLE, SIZE), story)


def _live_through(world: Protocol, story: Callable[[Protocol], None]) -> None:
    story(world)
    world.hire()
    bring_to_an_end(world)
