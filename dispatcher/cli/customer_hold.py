"""`dispatcher customer hold`, `release`, `quiet` and `seen`: how much somebody should hear."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli.desk import actor, at_work
from dispatcher.cli.show import Json, Who, answer
from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.people import Person
from dispatcher.errors import WrongInput
from dispatcher.services import hold as holds
from dispatcher.services.find import find
from dispatcher.services.serve import By
from dispatcher.wiring import Dispatcher


def hold(
    who: Who,
    because: Annotated[ContextFlag, typer.Option(help="What is going on.")],
    brand: Annotated[str, typer.Option(help="Only this brand's offers; else all.")] = ANY_BRAND,
    as_json: Json = False,
) -> None:
    """Send somebody no offers until it is released; holds at once, in running campaigns too."""
    if because is ContextFlag.QUIET:
        raise WrongInput("a wish for quiet has an end: 'dispatcher customer quiet WHO --for ...'")
    with at_work() as here:
        person = _person(here, who)
        news = holds.hold(here.desk, person, because, brand, By(actor(), here.now()))
    lines = [
        f"{_offers(brand)} are held: {because}." if news else f"Held already: {because}.",
        f"'dispatcher customer release {person.id}' closes it; offers then rest for 72 hours.",
    ]
    data = {"customer": person.id, "flag": because, "brand": brand, "news": news}
    answer(data, lines, as_json=as_json)


def release(
    who: Who,
    because: Annotated[
        ContextFlag | None, typer.Option(help="Only what is held for this; else everything.")
    ] = None,
    brand: Annotated[str, typer.Option(help="Only the hold on this brand's offers.")] = "",
    as_json: Json = False,
) -> None:
    """Close what offers to somebody wait for; they rest for 72 hours more."""
    with at_work() as here:
        person = _person(here, who)
        closed = holds.release(here.desk, person, because, brand or None, By(actor(), here.now()))
    lines = [f"Closed {closed}." if closed else "Nothing of this was open."]
    answer({"customer": person.id, "closed": closed}, lines, as_json=as_json)


def quiet(
    who: Who,
    span: Annotated[str, typer.Option("--for", help='How long: "1 week", "1 month", "3 months".')],
    as_json: Json = False,
) -> None:
    """Send somebody no offers for a while, as they wish; 'release' ends it before."""
    wanted = holds.span_of(span)
    with at_work() as here:
        person, by = _person(here, who), By(actor(), here.now())
        news = holds.quiet(here.desk, person, wanted, by)
    until = by.now + wanted
    lines = [f"No offers before {until:%Y-%m-%d %H:%M} UTC."]
    answer({"customer": person.id, "until": until, "news": news}, lines, as_json=as_json)


def seen(who: Who, as_json: Json = False) -> None:
    """Note that somebody bought, redeemed or came: offers they ignored are counted anew."""
    with at_work() as here:
        person = _person(here, who)
        holds.seen(here.desk, person, By(actor(), here.now()))
    answer({"customer": person.id}, [f"Customer {person.id} is awake."], as_json=as_json)


def _person(here: Dispatcher, who: str) -> Person:
    with here.database.begin() as conn:
        return find(conn, here.digests, who, here.settings.default_country)


def _offers(brand: str) -> str:
    return "Offers of all brands" if brand == ANY_BRAND else f"Offers of {brand}"
