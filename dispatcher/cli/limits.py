"""`dispatcher limits`: how each limit stands today, and when the next message may go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer, number, table
from dispatcher.services.limits_status import LimitRow, limits_status

app = typer.Typer()
_HEADS = ("limit", "a second", "today", "used", "left", "free", "")
_WHY = {
    "": "",
    "budget": "the day's budget is used up",
    "rate": "as fast as it may",
    "rest": "it failed, or asked to be left alone",
}


@app.command()
def limits(as_json: Json = False) -> None:
    """Say how each limit stands, and what is left."""
    with at_work() as here, here.database.begin() as conn:
        rows = limits_status(conn, here.paces, here.gateway_paces)
    shown = [table(_HEADS, map(_cells, rows))] if rows else ["No limit is set."]
    answer({"limits": [_data(row) for row in rows]}, shown, as_json=as_json)


def _cells(row: LimitRow) -> tuple[str, ...]:
    return (
        row.key,
        number(row.per_second) if row.per_second else "",
        "" if row.budget is None else number(row.budget),
        "" if row.budget is None else number(row.used),
        "" if row.left is None else number(row.left),
        "now" if row.free_at is None else f"{_instant(row.free_at):%Y-%m-%d %H:%M:%S} UTC",
        _WHY[row.why],
    )


def _data(row: LimitRow) -> dict[str, Any]:
    free_at = None if row.free_at is None else _instant(row.free_at)
    return row._asdict() | {"free_at": free_at}


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
