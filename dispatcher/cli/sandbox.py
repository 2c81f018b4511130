"""`dispatcher sandbox`: where the mailbox and the phones are that safe mode sends to."""

from __future__ import annotations

import typer

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer
from dispatcher.embedded import runfile
from dispatcher.errors import Conflict
from dispatcher.wiring import sandbox_url

app = typer.Typer()


@app.command()
def sandbox(as_json: Json = False) -> None:
    """Say where the sandbox's mailbox and phones are; whoever knows it may read all of them."""
    with at_work() as here:
        if not here.settings.safe_mode:
            raise Conflict("safe mode is off: messages go to real people, and there is no sandbox")
        running = runfile.find_running(here.settings.home)
        url = sandbox_url(here, running.web_url if running else "")
    hint = () if running else ("The web pages must run: 'dispatcher up' or 'dispatcher web'.",)
    answer({"url": url}, [url, *hint], as_json=as_json)
