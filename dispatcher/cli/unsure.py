"""`dispatcher unsure`: messages that were on the wire when their worker died."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from dispatcher.cli.desk import actor, at_work
from dispatcher.cli.show import Json, Yes, answer, table
from dispatcher.errors import WrongInput
from dispatcher.services import unsure
from dispatcher.services.find import find
from dispatcher.services.unsure import UnsureLine
from dispatcher.storage import campaigns
from dispatcher.wiring import Dispatcher

app = typer.Typer(help="Messages nobody knows the fate of.")

Campaign = Annotated[str, typer.Option(help="Only of this campaign, by name or number.")]
Who = Annotated[str, typer.Option(help="Only to this customer: address or customer number.")]


@app.command("list")
def list_all(campaign: Campaign = "", who: Who = "", as_json: Json = False) -> None:
    """List them; they are never sent again by themselves."""
    with at_work() as here, here.database.begin() as conn:
        lines = _meant(conn, here, campaign, who)
    heads = ("campaign", "customer", "channel", "gateway", "since", "detail")
    rows = [
        (x.campaign, str(x.customer_id), x.channel, x.gateway, str(x.settled_at or ""), x.detail)
        for x in lines
    ]
    shown = [table(heads, rows)] if lines else ["Nothing is unsure."]
    answer({"unsure": lines}, shown, as_json=as_json)


@app.command()
def resolve(
    accepted: Annotated[bool, typer.Option("--accepted", help="They have arrived.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="They have not.")] = False,
    campaign: Campaign = "",
    who: Who = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Settle them on your word, e.g. after a look into the gateway's own log."""
    if accepted == refused:
        raise WrongInput("--accepted, --refused: say one of the two")
    with at_work() as here, here.database.begin() as conn:
        lines = _meant(conn, here, campaign, who)
        word = "accepted" if accepted else "refused"
        if lines and not yes:
            told = f"Settle {len(lines):,} messages as {word}? This cannot be undone."
            typer.confirm(told, abort=True, err=True)
        settled = unsure.resolve(conn, lines, accepted=accepted, actor=actor()) if lines else 0
    said = f"Settled {settled:,} as {word}." if settled else "Nothing was unsure."
    answer({"settled": settled, "as": word}, [said], as_json=as_json)


def _meant(conn: Connection, here: Dispatcher, campaign: str, who: str) -> list[UnsureLine]:
    name = campaigns.find(conn, campaign).name if campaign else ""
    country = here.settings.default_country
    customer_id = find(conn, here.digests, who, country).id if who else 0
    return unsure.unsure(conn, name, customer_id)
