"""`dispatcher customer signal` and `signals`: what people did about products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from dispatcher.cli.customer_import import progress
from dispatcher.cli.desk import actor, at_work, instant
from dispatcher.cli.show import Json, Who, answer, facts, notice
from dispatcher.domain.signals import ENDS, SignalKind
from dispatcher.errors import Conflict
from dispatcher.services import signals as service
from dispatcher.services.find import find
from dispatcher.services.import_customers import Stage
from dispatcher.services.serve import By


def signal(
    who: Who,
    kind: Annotated[SignalKind, typer.Argument(help="What they did.")],
    product: Annotated[str, typer.Argument(help="The product, as campaign files name it.")],
    brand: Annotated[str, typer.Option(help="Whose product it is.")],
    at: Annotated[str, typer.Option(help="When, e.g. 2026-05-03T12:00:00Z; else now.")] = "",
    as_json: Json = False,
) -> None:
    """Note what somebody did about a product; all but a view ends reminders of it at once."""
    done_at = instant(at, "--at") if at else None
    with at_work() as here:
        with here.database.begin() as conn:
            person = find(conn, here.digests, who, here.settings.default_country)
        by = By(actor(), here.now())
        news = service.note(here.desk, person, kind, product, brand, done_at or by.now, by)
    lines = ["Noted." if news else "Nothing new: known already, or too long ago to matter."]
    if kind in ENDS:
        lines.append(f"Nobody reminds customer {person.id} of {product} any more.")
    answer({"customer": person.id, "kind": kind, "news": news}, lines, as_json=as_json)


def signals(
    file: Annotated[Path, typer.Argument(help="A CSV file: who, product, kind, at.")],
    brand: Annotated[str, typer.Option(help="Whose products, where no column says.")] = "",
    encoding: Annotated[str, typer.Option(help="Such as utf-8 or cp1252; else found out.")] = "",
    country: Annotated[str, typer.Option(help="Of numbers written without +, e.g. GB.")] = "",
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows are named.")] = None,
    as_json: Json = False,
) -> None:
    """Take what people did about products from a CSV file; taking it again changes nothing."""
    named = rejects or file.parent / f"{file.stem}.rejects.csv"
    if named.resolve() == file.resolve():
        raise Conflict(f"{named} is the file itself; name another one with --rejects")
    with at_work() as here, progress() as tell:
        country = country or here.settings.default_country
        order = service.Order(file, named, brand, encoding, country)
        by = By(actor(), here.now())
        taken = service.take(here.desk, order, by, lambda done, of: tell(Stage.MERGE, done, of))
    rejected = str(named) if taken.rejects else ""
    if taken.notice:
        notice(taken.notice)
    answer({"taken": taken, "rejects": rejected}, _lines(taken, rejected), as_json=as_json)


def _lines(taken: service.Taken, rejected: str) -> Iterator[RenderableType]:
    yield from facts(
        {
            "rows": taken.rows,
            "news": taken.news,
            "known already": taken.known or "",
            "too old to matter": taken.outdated or "",
            "rows rejected": taken.rejects or "",
        }
    )
    if rejected:
        yield f"Each rejected row is named in {rejected}."
