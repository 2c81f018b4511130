"""`dispatcher demo`: the whole product on a made-up programme, and a sandbox to play with."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from dispatcher.cli.interrupts import signals_interrupt
from dispatcher.cli.show import Json, json_line
from dispatcher.demo.run import Run, play

app = typer.Typer()

_WIDE = 200  # columns when nobody looks


@app.command()
def demo(
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="With a terminal: serve the sandbox after it.")
    ] = True,
    seconds: Annotated[
        float, typer.Option(min=0, help="Serve the sandbox so long, even without a terminal.")
    ] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: a free one.")] = 0,
    as_json: Json = False,
) -> None:
    """Show everything on a made-up programme."""
    seen = sys.stdout.isatty() and not os.environ.get("CI")
    stays = page and (seconds > 0 or (seen and not as_json))
    console = Console(
        file=sys.stderr if as_json else sys.stdout,
        width=None if seen else _WIDE,
        highlight=False,
        markup=False,
        emoji=False,
    )
    run = Run(
        console=console,
        environment=os.environ,
        live=seen and not as_json,
        stays=stays,
        seconds=seconds,
        port=port,
        answer=json_line if as_json else None,
    )
    with signals_interrupt():
        play(run)
