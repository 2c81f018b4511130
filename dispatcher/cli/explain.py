"""`dispatcher explain`: why somebody got a message, or did not."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli import person_pages
from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer
from dispatcher.services.explain import explain as tell
from dispatcher.services.export import on_record
from dispatcher.services.find import find
from dispatcher.services.permissions import with_states
from dispatcher.storage import campaigns

app = typer.Typer()


@app.command()
def explain(
    who: Annotated[str, typer.Argument(help="E-mail address, phone or customer number.")],
    campaign: Annotated[str, typer.Option(help="Only this one, by name or number.")] = "",
    as_json: Json = False,
) -> None:
    """Say why somebody got a message, or not."""
    with at_work() as here, here.database.begin() as conn:
        person = find(conn, here.digests, who, here.settings.default_country)
        only = campaigns.find(conn, campaign).id if campaign else 0
        told = with_states(conn, tell(conn, person, here.book, only, here.programme), here.now())
    answer(on_record(told), person_pages.story(told), as_json=as_json)
