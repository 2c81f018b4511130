"""`dispatcher consent`: whether the record of what people agreed to still holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from dispatcher.cli.desk import at_work
from dispatcher.cli.progress import progress
from dispatcher.cli.show import Json, answer, heading, number
from dispatcher.services.consent_check import Found, Verified, export_checkpoints, verify_ledger
from dispatcher.storage import leaving

app = typer.Typer(help="The record of what people agreed to.")

BROKEN = 1
_FEWEST = 10  # a count of fewer might be somebody


@app.command()
def verify(
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Checkpoints exported before."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check everybody's chain, that it says what we act on, and that nothing was cut off.

    The exit code is 1 if anything does not hold.
    """
    with at_work() as here, progress("checked") as tell:
        done = verify_ledger(here.database, against, tell)
    answer(done, _page(done), as_json=as_json)
    if done.faults:
        raise typer.Exit(BROKEN)


@app.command()
def checkpoints(
    out: Annotated[Path, typer.Option(help="The file to write; keep it on another machine.")],
    after: Annotated[int, typer.Option(help="Only those above this number.")] = 0,
    as_json: Json = False,
) -> None:
    """Write the checkpoints to a file; with it, `verify --against` shows what was cut off since."""
    with at_work() as here:
        last, lines = export_checkpoints(here.database, out, after)
    said = f"{out}: {number(lines)} lines, up to checkpoint {last}."
    answer({"file": out, "lines": lines, "last": last}, [said], as_json=as_json)


@app.command()
def reasons(as_json: Json = False) -> None:
    """Show why people left everything on their own page, as far as they said.

    Only counts are kept, and only those of ten people or more are shown.
    """
    with at_work() as here, here.database.begin() as conn:
        told = leaving.counts(conn, _FEWEST)
    lines = [f"{reason.replace('_', ' ')}: {number(people)}" for reason, people in told.items()]
    answer(told, lines or [f"No reason was given by {_FEWEST} people yet."], as_json=as_json)


def _page(done: Verified) -> Iterator[RenderableType | str]:
    yield (
        f"Looked at {number(done.people)} people with {number(done.events)} events, and "
        f"{number(done.checkpoints)} checkpoints: "
        + (f"{number(done.faults)} faults." if done.faults else "all of it holds.")
    )
    if done.compared:
        yield f"Compared with {number(done.compared)} exported lines."
    if done.found:
        yield heading("WHAT DOES NOT HOLD")
        yield from map(_line, done.found)


def _line(found: Found) -> str:
    person = f"customer {found.customer_id}" if found.customer_id else ""
    event = f"event {found.seq}" if found.seq else ""
    which = f"({found.event})" if event and found.event else found.event
    return f"- {', '.join(filter(None, (person, event)))} {which}".rstrip() + f": {found.problem}"
