"""`dispatcher audit`: looks into the record, and proves what is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from dispatcher.cli.desk import at_work, instant
from dispatcher.cli.progress import progress
from dispatcher.cli.show import Json, answer, heading, notice, number, table
from dispatcher.errors import WrongInput
from dispatcher.services.audit_bundle import Bundled, Order, export_bundle
from dispatcher.services.audit_hours import Finding, HoursAudit, audit_hours

app = typer.Typer(help="Look into the record, or prove what is in it.")

OUTSIDE, UNJUDGED = 1, 3
_USUAL = timedelta(days=7)


@app.command()
def hours(
    since: Annotated[
        str, typer.Option("--from", help="An instant, e.g. 2026-12-01T00:00Z; else a week ago.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Where it ends (outside); else now.")] = "",
    as_json: Json = False,
) -> None:
    """List what was handed over outside the permitted hours, judged again from the record.

    The exit code is 1 if there is any, 3 if there is none but not all could be judged.
    """
    with at_work() as here:
        ends = instant(until, "--to") if until else here.now()
        begins = instant(since, "--from") if since else ends - _USUAL
        if begins >= ends:
            raise WrongInput("--from: it must be before --to")
        with progress("looked at") as tell:
            done = audit_hours(here.database, begins, ends, tell)
    told: dict[str, Any] = {
        "from": begins,
        "to": ends,
        "looked_at": done.looked_at,
        "in_hours": done.in_hours,
        "outside": done.outside,
        "unjudged": done.unjudged,
        "findings": done.findings,
        "doubts": done.doubts,
    }
    answer(
        told, _page(done, f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC"), as_json=as_json
    )
    if done.outside or done.unjudged:
        raise typer.Exit(OUTSIDE if done.outside else UNJUDGED)


@app.command()
def export(
    campaign: Annotated[str, typer.Option(help="The campaign's name or number.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The ZIP file, not there yet; else audit- and the campaign here."),
    ] = None,
    with_evidence: Annotated[
        bool, typer.Option("--with-evidence", help="With IP addresses and the like: personal data.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a ZIP that proves what a campaign did; the verify.py in it needs nothing of ours."""
    with at_work() as here, progress("rows") as tell:
        file = out or Path(f"audit-{_plain(campaign)}.zip")
        chosen = Order(campaign, file, here.now(), here.settings.rule_overrides, with_evidence)
        done = export_bundle(here.database, here.book, chosen, tell)
    answer(done, _bundle_page(done), as_json=as_json)
    if with_evidence:
        notice("The file holds personal data: hand it only to whom it is for, then delete it.")


def _plain(name: str) -> str:
    """Make a campaign's name one of a file."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")[:80] or "campaign"


def _bundle_page(done: Bundled) -> Iterator[RenderableType | str]:
    yield f"{done.file}: {number(sum(done.rows.values()))} rows, {number(done.size)} bytes."
    yield table(("file", "rows"), done.rows.items())
    yield "Its hash, which proves that it is this one; keep it apart from the file:"
    yield done.root
    yield f"Verify it anywhere: unzip it, then: python verify.py --root {done.root}"


def _page(done: HoursAudit, span: str) -> Iterator[RenderableType | str]:
    yield (
        f"Looked at {number(done.looked_at)} hand-overs decided from {span}: "
        f"{number(done.in_hours)} in their hours, {number(done.outside)} outside, "
        f"{number(done.unjudged)} that cannot be judged."
    )
    if done.findings:
        yield heading("OUTSIDE THE PERMITTED HOURS")
        yield from map(_line, done.findings)
    if done.doubts:
        yield heading("Cannot be judged")
        yield from map(_line, done.doubts)


def _line(found: Finding) -> str:
    return (
        f"- customer {found.customer_id}, {found.campaign} (wave {found.wave_id}), decided "
        f"{found.decided_at:%Y-%m-%d %H:%M:%S} UTC: {found.problem}\n  {found.facts}"
    )
