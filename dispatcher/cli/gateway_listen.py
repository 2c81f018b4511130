"""`dispatcher gateway listen`: what operators deliver on lines of their own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, json_line, notice
from dispatcher.domain.ports import Gateway, Listener
from dispatcher.errors import Conflict, NotFound
from dispatcher.gateways_in_use import listeners
from dispatcher.settings import Settings
from dispatcher.wiring import Dispatcher, build_gateways


def listen(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these gateways; else all that can.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Hear what operators deliver over SMPP: replies and receipts; Ctrl-C stops it."""
    with at_work(bell=True) as here:
        wanted = _wanted(here.settings, names or [])
        asyncio.run(_listen(here, wanted, _teller(as_json=as_json)))


def _wanted(known: Settings, names: list[str]) -> list[str]:
    if known.safe_mode:
        raise Conflict("safe mode is on: no operator is asked for anything, so none is heard")
    there = listeners(known)
    for name in names:
        if name not in there:
            said = ", ".join(there) or "none"
            raise NotFound(f'no gateway "{name}" is heard on a line of its own; there are: {said}')
    if not there:
        raise NotFound("no gateway is heard on a line of its own: that is for the kind smpp")
    return names or there


async def _listen(here: Dispatcher, names: list[str], tell: Callable[[str], None]) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    gateways: Mapping[str, Gateway] = build_gateways(here)
    async with AsyncExitStack() as closing, asyncio.TaskGroup() as group:
        for gateway in gateways.values():
            closing.push_async_callback(gateway.aclose)
        for name in names:
            gateway = gateways[name]
            assert isinstance(gateway, Listener)
            group.create_task(gateway.listen(stopped, tell))


def _teller(*, as_json: bool) -> Callable[[str], None]:
    if as_json:
        return lambda said: json_line({"line": said})
    return notice
