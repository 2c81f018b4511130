"""`dispatcher customer hold`, `release`, `quiet`, `terms` and their kin: how much people hear."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli import person_pages
from dispatcher.cli.desk import actor, at_work
from dispatcher.cli.show import Json, Who, answer
from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.people import Person
from dispatcher.errors import WrongInput
from dispatcher.services import hold as holds
from dispatcher.services import wishes
from dispatcher.services.find import find
from dispatcher.services.serve import By, Terms, set_terms
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


def asked(who: Who, as_json: Json = False) -> None:
    """Note that somebody asks for an offer now; for 15 minutes one may answer at any legal hour."""
    with at_work() as here:
        person = _person(here, who)
        woken = wishes.asked(here.desk, person, By(actor(), here.now()))
    lines = [f"Offers that waited for customer {person.id} and are tried again now: {woken}."]
    answer({"customer": person.id, "woken": woken}, lines, as_json=as_json)


def terms(
    who: Who,
    hours: Annotated[
        str | None, typer.Option(help='Their own hours, e.g. 18:00-21:00; "any" for none.')
    ] = None,
    days: Annotated[
        str | None, typer.Option(help='Their own weekdays, e.g. mon-fri or "tue, sat"; or "any".')
    ] = None,
    most_a_month: Annotated[
        int | None, typer.Option(help="Offers of all brands they want at most; 0 for any number.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Note when and how much somebody wants to hear; it outdoes every campaign, at once."""
    if hours is None and days is None and most_a_month is None:
        raise WrongInput("say at least one of --hours, --days and --most-a-month")
    wanted = Terms(hours, days, most_a_month)
    with at_work() as here:
        person = set_terms(here.desk, _person(here, who), wanted, By(actor(), here.now()))
    told = person_pages.terms(person)
    said = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    lines = [f"Customer {person.id}: {said or 'no terms of their own'}."]
    names = ("hours_from", "hours_until", "days", "most_a_month")
    data = {"customer": person.id, **{name: getattr(person, name) for name in names}}
    answer(data, lines, as_json=as_json)


def _person(here: Dispatcher, who: str) -> Person:
    with here.database.begin() as conn:
        return find(conn, here.digests, who, here.settings.default_country)


def _offers(brand: str) -> str:
    return "Offers of all brands" if brand == ANY_BRAND else f"Offers of {brand}"
