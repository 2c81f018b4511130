"""`dispatcher gateway`: the ways out to people, how they are, and what comes back on them."""

from __future__ import annotations

import typer

from dispatcher.cli import gateway_check, gateway_listen, gateway_status

app = typer.Typer(help="The ways out: how they are, what comes back on them.")
app.command("status")(gateway_status.status)
app.command("history")(gateway_status.history)
app.command("check")(gateway_check.check)
app.command("dkim-key")(gateway_check.dkim_key)
app.command("listen")(gateway_listen.listen)
