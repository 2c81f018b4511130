"""`dispatcher gateway`: the ways out, and whether they work."""

from __future__ import annotations

import typer

from dispatcher.cli import gateway_check

app = typer.Typer(help="The ways out, and whether they work.")
app.command("check")(gateway_check.check)
app.command("dkim-key")(gateway_check.dkim_key)
