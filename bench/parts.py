"""The parts of the benchmark: what each measures, by which module, and at which size."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from bench.world import Broker, Missing
from dispatcher.domain.messages import Channel


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `largest`: people or rows where growth is the question."""

    people: int = 50_000
    rounds: int = 5
    largest: int = 1_000_000
    messages: int = 500
    opt_outs: int = 500

    def as_json(self) -> dict[str, int]:
        """Give it for the results."""
        return asdict(self)


QUICK = Sizes(people=1_000, rounds=1, largest=10_000, messages=50, opt_outs=20)


@dataclass(frozen=True, slots=True)
class Part:
    """One measurement: `measure` of a module, which runs in a process of its own."""

    name: str
    title: str
    module: str
    arguments: Callable[[Sizes], dict[str, Any]]


PARTS = (
    Part(
        "email_end_to_end",
        "e-mail end to end, Valkey as the broker",
        "bench.email_end_to_end",
        lambda sizes: {"people": sizes.people, "rounds": sizes.rounds},
    ),
    Part(
        "steps",
        "processor time of each step",
        "bench.steps",
        lambda sizes: {"people": min(sizes.people, 20_000), "rounds": min(sizes.rounds, 3)},
    ),
    Part(
        "email_end_to_end_rabbitmq",
        "e-mail end to end, RabbitMQ as the broker",
        "bench.email_end_to_end",
        lambda sizes: {
            "people": sizes.people,
            "rounds": sizes.rounds,
            "broker": Broker.RABBITMQ,
        },
    ),
    Part(
        "smtp_client",
        "the SMTP client alone",
        "bench.smtp_client",
        lambda sizes: {"messages": min(sizes.people, 10_000), "rounds": sizes.rounds},
    ),
    Part(
        "one_task_a_message",
        "the obvious design of one task a message",
        "bench.one_task",
        lambda sizes: {
            "people": min(sizes.people, 20_000),
            "messages": sizes.messages,
            "rounds": sizes.rounds,
        },
    ),
    Part(
        "http_sms",
        "texts over HTTP",
        "bench.http_client",
        lambda sizes: {"messages": min(sizes.people, 10_000), "rounds": sizes.rounds},
    ),
    Part(
        "smpp_window",
        "texts over SMPP, 100 under way",
        "bench.smpp_window",
        lambda sizes: {"messages": min(sizes.people, 20_000), "rounds": sizes.rounds},
    ),
    Part("decide", "deciding", "bench.decide", lambda sizes: {"rounds": sizes.rounds}),
    Part("render", "rendering", "bench.render", lambda sizes: {"rounds": sizes.rounds}),
    Part("dkim", "signing mail", "bench.dkim", lambda sizes: {"rounds": sizes.rounds}),
    Part(
        "silence",
        "from opt-out to silence",
        "bench.silence",
        lambda sizes: {"people": sizes.people, "opt_outs": sizes.opt_outs},
    ),
    Part(
        "flood",
        "a flood of one-click requests",
        "bench.flood",
        lambda sizes: {"count": min(sizes.people, 10_000)},
    ),
    Part(
        "flaky",
        "a campaign over a gateway that falls ill",
        "bench.flaky",
        lambda sizes: {"people": min(sizes.people, 20_000)},
    ),
    Part(
        "plan",
        "planning, once",
        "bench.planning",
        lambda sizes: {"people": sizes.largest, "rounds": 1},
    ),
    Part(
        "import",
        "importing, once",
        "bench.imports",
        lambda sizes: {"rows": sizes.largest, "rounds": 1, "channel": Channel.EMAIL},
    ),
    Part(
        "scale",
        "cost a message as people grow",
        "bench.scale",
        lambda sizes: {"largest": sizes.largest, "rounds": min(sizes.rounds, 3)},
    ),
)


class PartFailed(Exception):
    """A part ended without a result; its own words are on the screen."""


def run(part: Part, sizes: Sizes) -> dict[str, Any]:
    """Measure one part; what is missing for it is its `reason`.

    Each has a process of its own: none inherits another one's memory, environment or threads.
    """
    if find_spec(part.module) is None:
        return {"reason": f"{part.module.replace('.', '/')}.py is not there"}
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(part.name, sizes, sender))
    process.start()
    sender.close()
    try:
        found: dict[str, Any] = receiver.recv()
    except EOFError:
        raise PartFailed(f"{part.name} could not be measured (see above)") from None
    finally:
        process.join()
    return found


def _measure(name: str, sizes: Sizes, sender: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    (part,) = (each for each in PARTS if each.name == name)
    with redirect_stdout(sys.stderr):
        try:
            found = import_module(part.module).measure(**part.arguments(sizes))
        except Missing as missing:
            found = {"reason": str(missing)}
    sender.send(found)


def _end_with_parent() -> None:
    """Stop in good order, servers and all, should whoever waits for the result be gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGINT)
