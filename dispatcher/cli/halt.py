"""`dispatcher halt`: stop sending at once, everything or a part, and let it go on."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer
from sqlalchemy import Connection

from dispatcher.cli.desk import actor, at_work, ring
from dispatcher.cli.show import Json, answer
from dispatcher.errors import NotFound, WrongInput
from dispatcher.gateways_in_use import gateway_settings
from dispatcher.services import campaigns
from dispatcher.storage import brands, halts
from dispatcher.storage import campaigns as stored
from dispatcher.wiring import Dispatcher

app = typer.Typer()

_QUEUES = ("plan", "dispatch.email", "dispatch.sms", "inbound")


@app.command()
def halt(
    scope: Annotated[
        str, typer.Argument(help="all, brand:northwind, campaign:7 or gateway:smtp; else all.")
    ] = "",
    brand: Annotated[str, typer.Option(help="Only what this brand sends.")] = "",
    campaign: Annotated[str, typer.Option(help="Only this campaign, by name or number.")] = "",
    gateway: Annotated[str, typer.Option(help="Only what goes through this gateway.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let it go on.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Only say what is halted.")] = False,
    as_json: Json = False,
) -> None:
    """Stop sending at once: all, or a part."""
    given = [text for text in (scope, brand, campaign, gateway) if text]
    if len(given) > 1:
        raise WrongInput("name one thing to halt, or nothing for everything")
    with at_work(bell=lift) as here:
        if list_all:
            _list(here, as_json=as_json)
            return
        with here.database.begin() as conn:
            meant = _scope(conn, here, scope, brand=brand, campaign=campaign, gateway=gateway)
        if lift:
            _lift(here, meant, as_json=as_json)
        else:
            _halt(here, meant, as_json=as_json)


def _halt(here: Dispatcher, scope: str, *, as_json: bool) -> None:
    news = campaigns.halt(here.database, scope, actor())
    what = "Everything" if scope == halts.ALL else scope
    lines = [
        f"{what} is halted{'' if news else ' (it was already)'}.",
        "Nothing of it is handed over later than a second from now.",
        f"'dispatcher halt --lift {scope}' lets it go on.",
    ]
    answer({"scope": scope, "halted": True, "news": news}, lines, as_json=as_json)


def _lift(here: Dispatcher, scope: str, *, as_json: bool) -> None:
    news = campaigns.lift(here.database, scope, actor())
    if news:
        ring(here, *_QUEUES)
    with here.database.begin() as conn:
        left = [each.scope for each in halts.standing(conn)]
    lines = [f"{scope} goes on." if news else f"{scope} was not halted."]
    if left:
        lines.append(f"Still halted: {', '.join(left)}.")
    data = {"scope": scope, "halted": False, "news": news, "still": left}
    answer(data, lines, as_json=as_json)


def _list(here: Dispatcher, *, as_json: bool) -> None:
    with here.database.begin() as conn:
        every = halts.standing(conn)
    lines = [f"{each.scope}, by {each.actor}" for each in every] or ["Nothing is halted."]
    answer({"halted": every}, lines, as_json=as_json)


def _scope(
    conn: Connection, here: Dispatcher, scope: str, *, brand: str, campaign: str, gateway: str
) -> str:
    """Give the scope in its one spelling; whatever is named must be there."""
    kind, _, name = scope.partition(":")
    brand = brand or (name if kind == "brand" else "")
    campaign = campaign or (name if kind == "campaign" else "")
    gateway = gateway or (name if kind == "gateway" else "")
    if brand:
        known = [each.id for each in brands.every(conn)]
        return f"brand:{_known('brand', brand, known)}"
    if campaign:
        return f"campaign:{stored.find(conn, campaign).id}"
    if gateway:
        return f"gateway:{_known('gateway', gateway, list(gateway_settings(here.settings)))}"
    if scope not in ("", halts.ALL, "everything"):
        raise WrongInput(
            f'"{scope}" is nothing that can be halted; '
            "say all, brand:northwind, campaign:7 or gateway:smtp"
        )
    return halts.ALL


def _known(kind: str, name: str, known: list[str]) -> str:
    if name in known:
        return name
    near = get_close_matches(name, known, 1)
    listed = f"there {'are' if len(known) > 1 else 'is'} {', '.join(known) or 'none'}"
    meant = f'did you mean "{near[0]}"?' if near else listed
    raise NotFound(f'there is no {kind} "{name}"; {meant}')
