"""`dispatcher clock`: the programme's clock, which may be put forward while nothing is sent out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from dispatcher.cli.desk import actor, at_work, instant
from dispatcher.cli.show import Json, answer
from dispatcher.errors import WrongInput
from dispatcher.services.clock import jump

app = typer.Typer()

_FAR = 24 * 3650  # hours


@app.command("clock")
def clock(
    to: Annotated[str, typer.Option(help="Set it to this, e.g. 2026-05-03T12:00:00Z.")] = "",
    by: Annotated[
        float, typer.Option(min=-_FAR, max=_FAR, help="Put it so many hours forward.")
    ] = 0,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the real time.")] = False,
    as_json: Json = False,
) -> None:
    """Set the programme's clock ahead, in safe mode."""
    if sum(map(bool, (to, by, reset))) > 1:
        raise WrongInput("say one of --to, --by and --reset")
    with at_work() as here:
        wanted = instant(to, "--to") if to else None
        if by:
            wanted = here.now() + timedelta(hours=by)
        if reset:
            wanted = datetime.now(UTC)
        if wanted:
            jump(here.database, wanted, safe_mode=here.settings.safe_mode, actor=actor())
        now = here.now()
    answer({"now": now}, [f"{now:%Y-%m-%d %H:%M:%S} UTC"], as_json=as_json)
