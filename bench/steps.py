"""Where the processor time of a mail goes, step by step, measured within one process.

    python -m bench.steps [--people 20000] [--rounds 3]

The same campaign as end to end, but planned and sent by this process, with the clock of the thread
read around the functions in SPOTS; the main measurement is not disturbed by it. What a function
spends in another one of the table counts there. `hand_off` is what the sender's thread does
besides: the mail connections, the gate and the journal. `rest` is all other threads' own work.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple
from unittest.mock import patch

from bench.email_end_to_end import CONFIG
from bench.sink import sink
from bench.world import cpu_seconds, let_days_pass, populate, start_wave, world
from dispatcher import wiring
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import DEFAULT_CAPS
from dispatcher.services.dispatch import dispatch
from dispatcher.services.plan import plan
from dispatcher.wiring import Dispatcher

STEPS = (
    *("plan", "claim", "load", "decide", "record", "permit"),
    *("render", "hand_off", "settle", "database", "rest"),
)
_SPOT_CALLS = 20_000  # to find out what looking at the clock costs


class Spot(NamedTuple):
    """A function and the step its time counts for; `lazy`: it gives an iterator that works."""

    step: str
    module: str
    name: str
    lazy: bool = False


# Functions as their callers see them: where one is imported by name, the caller's module counts.
SPOTS = (
    Spot("claim", "dispatcher.services.dispatch", "reserve"),
    Spot("claim", "dispatcher.services.sending", "_hand_back"),
    Spot("load", "dispatcher.storage.recipients", "lock_undecided"),
    Spot("load", "dispatcher.storage.recipients", "load"),
    Spot("decide", "dispatcher.services.reserve", "decide"),
    Spot("decide", "dispatcher.services.reserve", "yield_to_better"),
    Spot("record", "dispatcher.storage.deliveries", "write_decisions"),
    Spot("permit", "dispatcher.services.sending", "_permit"),
    Spot("render", "dispatcher.services.renderer.Renderer", "render", lazy=True),
    Spot("settle", "dispatcher.services.settle.Settler", "add"),
    Spot("settle", "dispatcher.services.settle.Settler", "_write"),
)


@dataclass(slots=True)
class Meter:
    """Adds up thread time by step; time spent in an inner step is not the outer one's."""

    look: float = 0.0  # seconds that one look at the clock costs
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    on_sender: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    sender: int = 0
    _here: threading.local = field(default_factory=threading.local)

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Count a block for a step."""
        stack: list[float] = self._here.__dict__.setdefault("inner", [])
        stack.append(0.0)
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            own = took - stack.pop() - self.look
            if stack:
                stack[-1] += took + self.look
            self.spent[step] += own
            if threading.get_ident() == self.sender:
                self.on_sender[step] += own + 2 * self.look

    def calibrate(self) -> None:
        """Find out what looking costs, so that it counts for nobody."""
        began = time.thread_time()
        for _ in range(_SPOT_CALLS):
            with self.during("look"):
                pass
        self.look = (time.thread_time() - began) / _SPOT_CALLS / 2
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.spent.clear()
        self.on_sender.clear()

    def wrap(self, spot: Spot, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function with its time counted."""
        if spot.lazy:
            return lambda *args, **named: self._each(spot.step, function(*args, **named))

        def timed(*args: Any, **named: Any) -> Any:
            with self.during(spot.step):
                return function(*args, **named)

        return timed

    def _each(self, step: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self.during(step):
                item = next(items, self)
            if item is self:
                return
            yield item


def owner_of(spot: Spot) -> Any:
    """Give the module or class a spot is in; a spot that is gone is named."""
    words = spot.module.split(".")
    upper = next((at for at, word in enumerate(words) if word[0].isupper()), len(words))
    owner: Any = import_module(".".join(words[:upper]))
    for word in words[upper:]:
        owner = getattr(owner, word, None)
    if not hasattr(owner, spot.name):
        raise LookupError(
            f"bench/steps.py measures {spot.module}.{spot.name}, which is not there any more: "
            "put into its table SPOTS what does this work now"
        )
    return owner


@contextmanager
def measured(meter: Meter) -> Iterator[None]:
    """Put the meter around every spot, for the length of a block."""
    with ExitStack() as patches:
        for spot in SPOTS:
            owner = owner_of(spot)
            timed = meter.wrap(spot, getattr(owner, spot.name))
            patches.enter_context(patch.object(owner, spot.name, timed))
        yield


async def _send(here: Dispatcher, meter: Meter) -> float:
    """Send everything there is; give what the sender's thread spent besides the known steps."""
    out = wiring.build_outbound(here, stopping=lambda: False)
    meter.sender = threading.get_ident()
    began = time.thread_time()
    while await dispatch(out, Channel.EMAIL, 30):
        pass
    besides = time.thread_time() - began - sum(meter.on_sender.values())
    await out.aclose()
    return besides


def _one_round(
    here: Dispatcher, database: int, meter: Meter, people: int, name: str
) -> list[float]:
    """Plan and send one wave; give microseconds a person in the order of STEPS."""
    start_wave(here, name, caps=DEFAULT_CAPS, min_gap_hours=4.0)
    cpu, theirs = time.process_time(), cpu_seconds(database)
    plan(here.database, here.versions, here.bell, here.ways)
    planned = time.process_time() - cpu + cpu_seconds(database) - theirs
    meter.forget()
    cpu, theirs = time.process_time(), cpu_seconds(database)
    hand_off = asyncio.run(_send(here, meter))
    whole, served = time.process_time() - cpu, cpu_seconds(database) - theirs
    known = {**meter.spent, "plan": planned, "hand_off": hand_off, "database": served}
    known["rest"] = whole - sum(meter.spent.values()) - hand_off
    let_days_pass(here, 8)
    return [known.get(step, 0.0) / people * 1e6 for step in STEPS]


def measure(people: int, rounds: int) -> dict[str, float]:
    """Give processor microseconds a message for each step: the medians of the rounds."""
    meter = Meter()
    meter.calibrate()
    with sink() as port, world(CONFIG.format(port=port)) as private, measured(meter):
        here = private.open_with_bell()
        populate(here, people)
        _one_round(here, private.database_pid, meter, people, "warm-up")
        found = [
            _one_round(here, private.database_pid, meter, people, f"round {number}")
            for number in range(rounds)
        ]
        here.close()
    medians = (statistics.median(each) for each in zip(*found, strict=True))
    return {step: round(value, 1) for step, value in zip(STEPS, medians, strict=True)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.people, options.rounds)
    for step, value in found.items():
        print(f"{step:10} {value:7.1f} us")
    print(f"{'together':10} {sum(found.values()):7.1f} us")


if __name__ == "__main__":
    main()
