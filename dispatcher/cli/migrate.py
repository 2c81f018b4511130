"""`dispatcher migrate`: bring the database to the newest schema."""

from __future__ import annotations

import typer

from dispatcher.cli.desk import check_address, load, told_plainly
from dispatcher.cli.show import Json, answer
from dispatcher.embedded.stack import open_database
from dispatcher.storage import migrate as schema

app = typer.Typer()


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database to the newest schema."""
    known = load()
    own = known.database_url.get_secret_value()
    if own:
        check_address(own)
    with told_plainly(), open_database(known.home, own) as url:
        revision = schema.upgrade(url)
    answer({"revision": revision}, [f"The schema is at {revision}."], as_json=as_json)
