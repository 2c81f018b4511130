"""`dispatcher gateway status` and `history`: how the ways out are, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated

import typer
from rich.console import RenderableType
from sqlalchemy import Connection

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer, heading, table
from dispatcher.errors import NotFound
from dispatcher.services import gateway_status
from dispatcher.services.gateway_status import MINUTES, GatewayLine
from dispatcher.storage.gateway_health import HistoryLine
from dispatcher.wiring import Dispatcher

_LAST = 5  # changes that the status shows
_HEADS = (
    *("gateway", "channel", "state", "accepted", "refused", "put off", "unsure"),
    *("errors", "p50", "p95", "waiting"),
)


def status(as_json: Json = False) -> None:
    """Say how each gateway is, what it said lately, and who takes over from whom."""
    with at_work() as here, here.database.begin() as conn:
        lines = gateway_status.status(conn, here.ways)
        routes = gateway_status.routes(here.ways)
        unserved = gateway_status.unserved(conn)
        last = gateway_status.history(conn, most=_LAST)
    data = {
        "gateways": [asdict(line) | {"error_share": line.error_share} for line in lines],
        "minutes": MINUTES,
        "routes": routes,
        "unserved": unserved,
        "history": last,
    }
    answer(data, _status(lines, routes, unserved, last), as_json=as_json)


def history(
    name: Annotated[str, typer.Argument(help="The gateway; all if none is named.")] = "",
    most: Annotated[int, typer.Option("--last", min=1, help="So many changes at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Say when gateways fell ill, who took over, when they were back, and why."""
    with at_work() as here, here.database.begin() as conn:
        lines = gateway_status.history(conn, _known(conn, here, name), most)
    answer({"history": lines}, [_history(lines)], as_json=as_json)


def _known(conn: Connection, here: Dispatcher, name: str) -> str:
    """Give the name of a gateway that is there, or was: its past is still told."""
    names = [way.name for way in here.ways]
    if name and name not in names and not gateway_status.history(conn, name, 1):
        near = get_close_matches(name, names, 1)
        told = f'did you mean "{near[0]}"?' if near else f"there is {', '.join(names)}"
        raise NotFound(f'there is no gateway "{name}"; {told}')
    return name


def _status(
    lines: Sequence[GatewayLine],
    routes: dict[str, list[str]],
    unserved: int,
    last: Sequence[HistoryLine],
) -> Iterator[RenderableType]:
    yield table(_HEADS, map(_row, lines), f"Answers of the last {MINUTES} minutes")
    for line in lines:
        if line.reason:
            yield f"{line.name} is {line.state}: {line.reason}"
    yield heading("Routes: the first that is well carries the message")
    for whose, order in routes.items():
        yield f"{whose}: {', then '.join(order) or 'none'}"
    if unserved:
        yield f"{unserved:,} people wait for a gateway that serves their brand: there is none."
    if last:
        yield heading("What happened last")
        yield _history(last)


def _row(line: GatewayLine) -> Sequence[object]:
    state = line.state + (f" until {_clock(line.until)}" if line.until else "")
    share = "" if line.error_share is None else f"{line.error_share:.1%}"
    said = line.heard
    counts = (said.accepted, said.refused, said.deferred, said.unsure)
    times = (_seconds(line.p50), _seconds(line.p95))
    return (line.name, line.channel, state, *counts, share, *times, line.waiting)


def _history(lines: Sequence[HistoryLine]) -> RenderableType:
    if not lines:
        return "Nothing has happened: every gateway was well all the time."
    rows = [(f"{at:%Y-%m-%d %H:%M:%S}", *told) for at, *told in lines]
    return table(("at (UTC)", "gateway", "what", "why"), rows)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
