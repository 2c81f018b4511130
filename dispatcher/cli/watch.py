"""`dispatcher campaign watch`: a campaign while it runs, as a bar for people and lines for logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dispatcher.cli import brand_user, campaign_pages, report_counts
from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer, json_line, notice, number, on_terminal
from dispatcher.domain.campaigns import CampaignState
from dispatcher.domain.effects import count
from dispatcher.domain.reports import SMALLEST_CELL, Report
from dispatcher.services.limits_status import with_waits
from dispatcher.services.report import report
from dispatcher.settings import brand
from dispatcher.wiring import Dispatcher

_OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})
_BETWEEN = 0.5  # seconds between two looks


def watch(
    which: Annotated[str, typer.Argument(help="The campaign's name or number.")],
    seconds: Annotated[float, typer.Option("--for", help="Stop watching after so long.")] = 0,
    as_json: Json = False,
) -> None:
    """Show how it goes until it is finished; Ctrl-C stops the watching, not the campaign."""
    with at_work() as here:
        looks = _looks(here, which, seconds)
        if as_json:
            for done in _changes(looks):
                json_line(_counts(done))
            return
        done = _bar(looks) if on_terminal() else _lines(looks)
    answer(None, campaign_pages.report(done), as_json=False)


def _looks(here: Dispatcher, which: str, seconds: float) -> Iterator[Report]:
    """Look again and again; the last look is at the finished campaign."""
    ends = time.monotonic() + seconds if seconds else float("inf")
    campaign = brand_user.known(here.database, which)
    while True:
        done = report(here.database, campaign, in_tens=bool(brand()))
        done = with_waits(here.database, done, here.paces, here.gateway_paces)
        yield done
        if done.state in _OVER or time.monotonic() + _BETWEEN > ends:
            return
        time.sleep(_BETWEEN)


def _changes(looks: Iterator[Report]) -> Iterator[Report]:
    before: dict[str, Any] = {}
    for done in looks:
        if _counts(done) != before:
            before = _counts(done)
            yield done


def _lines(looks: Iterator[Report]) -> Report:
    """One line a change, for logs."""
    last = None
    for last in _changes(looks):
        counts = [f"{state} {number(people)}" for state, people in _by_state(last).items()]
        notice(f"{last.name} is {last.state}: {', '.join(counts) or 'nobody yet'}")
    assert last is not None
    return last


def _bar(looks: Iterator[Report]) -> Report:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
    )
    last = None
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("waiting", total=None, counts="")
        for last in looks:
            planned = sum(wave.people for wave in last.waves)
            enough = planned >= SMALLEST_CELL
            progress.update(
                task,
                description=f"{last.state}",
                total=planned if enough else None,
                completed=last.people - last.open if enough else 0,
                counts="  ".join(f"{state} {number(n)}" for state, n in _by_state(last).items()),
            )
    assert last is not None
    return last


def _counts(done: Report) -> dict[str, Any]:
    return {
        "campaign": done.campaign_id,
        "state": done.state,
        "note": done.note,
        "planned": count(sum(wave.people for wave in done.waves)),
        "people": count(done.people),
        "open": report_counts.told(done).open,
        "by_state": _by_state(done),
    }


def _by_state(done: Report) -> dict[str, int | str]:
    return report_counts.told(done).by("state")
