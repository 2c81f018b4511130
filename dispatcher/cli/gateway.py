"""`dispatcher gateway`: the ways out to people, and what comes back on them."""

from __future__ import annotations

import typer

from dispatcher.cli import gateway_check, gateway_listen

app = typer.Typer(help="The ways out to people, and what comes back on them.")
app.command("check")(gateway_check.check)
app.command("dkim-key")(gateway_check.dkim_key)
app.command("listen")(gateway_listen.listen)
