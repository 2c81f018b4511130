"""One run of the demo: the stage is set, the story told, its counts shown, the sandbox open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from dispatcher.demo import counts
from dispatcher.demo.people import SLEEPER
from dispatcher.demo.stage import Stage, open_stage
from dispatcher.demo.story import Ending, Play
from dispatcher.demo.teller import Teller


@dataclass(frozen=True, slots=True)
class Run:
    """How to run it: `environment` is the caller's, `stays` leaves the sandbox open afterwards.

    `seconds` 0: until it is interrupted; `port` 0: a free one. `answer` takes the counts for
    programs; without it people are shown them.
    """

    console: Console
    environment: Mapping[str, str]
    live: bool
    stays: bool = False
    seconds: float = 0
    port: int = 0
    answer: Callable[[dict[str, Any]], None] | None = None


def play(run: Run) -> None:
    """Play it. When this returns, nothing is left running."""
    teller = Teller(run.console, live=run.live)
    teller.act("A private database, broker and workers start; nothing leaves this machine.")
    with open_stage(run.environment, run.port) as stage:
        with teller.telling():
            ending = Play(stage, teller).tell()
        if run.answer:
            run.answer(_for_programs(ending))
        else:
            _show(run.console, ending)
        if run.stays:
            _stay(run, stage)


def _for_programs(ending: Ending) -> dict[str, Any]:
    return {
        "counts": {word.replace(" ", "_"): people for word, people in ending.counts.items()},
        "query": counts.QUERY,
        "rows": [(state, reason, people) for (state, reason), people in ending.rows.items()],
        "why": ending.why,
    }


def _stay(run: Run, stage: Stage) -> None:
    run.console.print(Text(f"\nThe sandbox, to play with: {stage.sandbox_url} (Ctrl-C ends it)"))
    try:
        stage.stay(run.seconds)
    except KeyboardInterrupt:
        run.console.print(Text("Stopping; nothing is left behind."))


def _show(console: Console, ending: Ending) -> None:
    console.print(Text(f"Why {SLEEPER} got nothing: {ending.why}"))
    console.print(Text(f"\nWhat came of it, by this query of the database:\n  {counts.QUERY}"))
    for (state, reason), people in ending.rows.items():
        console.print(Text(f"  {state:<9} {reason:<18} {people:>4}"))
    for word, people in ending.counts.items():
        console.print(Text(f"{word:<11} {people:>4}"))
