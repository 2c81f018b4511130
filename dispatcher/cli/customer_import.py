"""`dispatcher customer import`: people from a CSV file, with a bar and a file of rejects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer, facts, notice, on_terminal
from dispatcher.errors import Conflict, WrongInput
from dispatcher.services.import_customers import Imported, Order, Stage, import_customers
from dispatcher.services.import_customers import Progress as Hears


def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file, as a spreadsheet saves it.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="Our column = the file's: email=E-Mail. Repeatable."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Such as utf-8 or cp1252; else found out.")] = "",
    topic: Annotated[str, typer.Option(help="What everybody in it agreed to, if all did.")] = "",
    country: Annotated[str, typer.Option(help="Of numbers written without +, e.g. GB.")] = "",
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows are named.")] = None,
    as_json: Json = False,
) -> None:
    """Take people from a CSV file; nobody is written to before all of it is in."""
    named = rejects or file.parent / f"{file.stem}.rejects.csv"
    if named.resolve() == file.resolve():
        raise Conflict(f"{named} is the file itself; name another one with --rejects")
    pairs = dict(_pair(text) for text in mapping or ())
    with at_work() as here, progress() as tell:
        order = Order(
            path=file,
            rejects=named,
            mapping=pairs,
            encoding=encoding,
            country=country or here.settings.default_country,
            topic=topic,
        )
        done = import_customers(here.desk, order, here.now(), tell)
    rejected = str(named) if done.rejects else ""
    if done.notice:
        notice(done.notice)
    answer({"imported": done, "rejects": rejected}, _lines(done, rejected), as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    ours, sign, theirs = text.partition("=")
    if not (sign and ours.strip() and theirs.strip()):
        raise WrongInput(f'--map: "{text[:60]}" is not written like email=E-Mail')
    return ours.strip(), theirs.strip()


def _lines(done: Imported, rejected: str) -> Iterator[RenderableType]:
    if done.again:
        yield "This very file was imported before; nothing was done."
    if done.resumed:
        yield "Went on where an earlier run had stopped."
    yield from facts(
        {
            "rows": done.rows,
            "new customers": done.people,
            "known customers": done.updated,
            "consents with proof": done.proven,
            "consents without": done.unproven or "",
            "not taken": done.withheld or "",
            "rows rejected": done.rejects or "",
        }
    )
    if done.unproven:
        yield (
            "Consents without proof count for nothing: a row needs consent_kind, consent_at, "
            "consent_source and consent_wording."
        )
    if done.withheld:
        yield "Consents not taken: these people have opted out, or are suppressed."
    if rejected:
        yield f"Each rejected row is named in {rejected}."


@contextmanager
def progress() -> Iterator[Hears]:
    """Show a bar to a person, and a log a line at the end of each stage."""
    if not on_terminal():
        yield _log
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks = {stage: progress.add_task(stage, total=None, visible=False) for stage in Stage}

        def tell(stage: Stage, done: int, total: int) -> None:
            progress.update(tasks[stage], completed=done, total=total, visible=True)

        yield tell


def _log(stage: Stage, done: int, total: int) -> None:
    if done >= total:
        notice(f"{stage}: done")
