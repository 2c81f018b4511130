"""`dispatcher simulate`: a made-up year of decisions, each judged by a second opinion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dispatcher.cli.interrupts import signals_interrupt
from dispatcher.cli.show import Json, answer, heading, notice, number, on_terminal, table
from dispatcher.domain.decisions import Verdict
from dispatcher.simulation.run import simulate as run
from dispatcher.simulation.tally import Tally, Violation

app = typer.Typer()

_SPOKEN = 10.0  # seconds between two lines of progress in a log


@app.command()
def simulate(
    decisions: Annotated[int, typer.Option(min=1, help="How many to make and judge.")] = 100_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same year.")] = 1,
    processes: Annotated[int, typer.Option(min=1, max=64, help="At work at once.")] = 1,
    as_json: Json = False,
) -> None:
    """Decide through a made-up year, and have each decision checked."""
    with signals_interrupt(), _progress(decisions) as tell:
        tally = run(decisions, seed, processes, tell)
    answer(data(tally, seed), page(tally, seed), as_json=as_json)
    if tally.wrong or tally.unjudged:
        raise typer.Exit(1)


def data(tally: Tally, seed: int) -> dict[str, Any]:
    """Give the tally for programs."""
    return {
        "seed": seed,
        "decisions": tally.decisions,
        "asked_again": tally.again,
        "replayed": tally.replayed,
        "verdicts": _by_verdict(tally),
        "reasons": [
            {"verdict": verdict, "reason": reason, "decisions": count}
            for (verdict, reason), count in tally.reasons.most_common()
        ],
        "zones": {zone: dict(counts) for zone, counts in _by_zone(tally).items()},
        "unjudged": dict(tally.unjudged),
        "wrong": tally.wrong,
        "violations": tally.violations,
    }


def page(tally: Tally, seed: int) -> Iterator[RenderableType | str]:
    """Tell the tally in words."""
    verdicts = _by_verdict(tally)
    yield (
        f"{number(tally.decisions)} decisions on made-up people in {len(tally.zones_met)} zones, "
        f"through the year 2027, seed {seed}: {number(verdicts[Verdict.SEND])} sent, "
        f"{number(verdicts[Verdict.DEFER])} put off, {number(verdicts[Verdict.SKIP])} skipped."
    )
    rows = [(*why, count) for why, count in tally.reasons.most_common()]
    yield table(("verdict", "reason", "decisions"), rows)
    zones = [
        (zone, *(counts[verdict] for verdict in Verdict))
        for zone, counts in _by_zone(tally).items()
    ]
    yield table(("zone", "sent", "put off", "skipped"), zones)
    yield (
        f"{number(tally.again)} that were put off were asked about again at their time, "
        f"{number(tally.replayed)} were made again from their record."
    )
    yield from _unjudged(tally)
    yield from _wrong(tally)


def _unjudged(tally: Tally) -> Iterator[str]:
    for reason, count in tally.unjudged.most_common():
        yield f"NOT JUDGED: {number(count)} for the reason {reason}, which the checker cannot check"


def _wrong(tally: Tally) -> Iterator[RenderableType | str]:
    if not tally.wrong:
        yield "No violation: the checker, written from the table alone, agrees with each decision."
        return
    yield heading(f"{number(tally.wrong)} violations; the first {len(tally.violations)}:")
    yield from map(_line, tally.violations)


def _line(wrong: Violation) -> str:
    return (
        f"- {wrong.problem}\n"
        f"  {wrong.verdict} at {wrong.at}: seed {wrong.seed}, part {wrong.part}, "
        f"decision {wrong.number}\n"
        f"  {wrong.person}\n  {wrong.terms}\n  {wrong.facts}"
    )


def _by_verdict(tally: Tally) -> Counter[str]:
    found: Counter[str] = Counter({verdict.value: 0 for verdict in Verdict})
    for (verdict, _), count in tally.reasons.items():
        found[verdict] += count
    return found


def _by_zone(tally: Tally) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for (zone, verdict), count in sorted(tally.zones.items()):
        found.setdefault(zone, Counter())[verdict] += count
    return found


@contextmanager
def _progress(decisions: int) -> Iterator[Callable[[int], None]]:
    """Show a bar to a person, and a line now and then to a log."""
    if not on_terminal():
        yield _log(decisions)
        return
    columns = (
        TextColumn("deciding"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=decisions)
        yield lambda more: progress.update(task, advance=more)


def _log(decisions: int) -> Callable[[int], None]:
    done, spoken = 0, monotonic()

    def tell(more: int) -> None:
        nonlocal done, spoken
        done += more
        if monotonic() - spoken > _SPOKEN:
            spoken = monotonic()
            notice(f"{number(done)} of {number(decisions)} decisions")

    return tell
