"""`dispatcher customer`: people, where they can be reached, and what they agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import (
    customer_hold,
    customer_hours,
    customer_import,
    customer_signals,
    person_pages,
)
from dispatcher.cli.desk import actor, at_work, instant
from dispatcher.cli.files import write_export
from dispatcher.cli.show import Json, Who, Yes, answer, facts, notice
from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.messages import Channel
from dispatcher.errors import NotFound, WrongInput
from dispatcher.services import serve
from dispatcher.services.explain import explain
from dispatcher.services.export import export as export_person
from dispatcher.services.export import person_data
from dispatcher.services.export_files import EVERYTHING
from dispatcher.services.find import address_of, find
from dispatcher.services.permissions import with_states
from dispatcher.services.serve import By, Facts, Proof
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.wiring import Dispatcher, build_links

app = typer.Typer(help="People and what they agreed to.")
app.command("import")(customer_import.import_file)
app.command()(customer_hours.agree)
app.command()(customer_hours.disagree)
app.command()(customer_hold.hold)
app.command()(customer_hold.release)
app.command()(customer_hold.quiet)
app.command()(customer_hold.seen)
app.command()(customer_signals.signal)
app.command()(customer_signals.signals)
app.command()(customer_hold.asked)
app.command()(customer_hold.terms)

OnChannel = Annotated[
    Channel | None, typer.Option("--channel", help="Only this channel; else all they have.")
]


@app.command()
def add(
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    phone: Annotated[str, typer.Option(help="Phone number, e.g. +447700900123.")] = "",
    language: Annotated[str, typer.Option(help="Language, e.g. fr or fr-CA.")] = "",
    country: Annotated[str, typer.Option(help="Country, e.g. GB.")] = "",
    region: Annotated[str, typer.Option(help="State or province, e.g. TX.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone, e.g. Europe/Paris.")] = "",
    hours: Annotated[str, typer.Option(help="Their own hours, e.g. 09:00-20:00.")] = "",
    days: Annotated[str, typer.Option(help="Their own weekdays, e.g. mon-fri.")] = "",
    most_a_month: Annotated[int, typer.Option(help="Offers a month they want at most.")] = 0,
    prefers: Annotated[Channel | None, typer.Option(help="The channel to try first.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A fact for templates: first_name=Anna. Repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add one customer, who has agreed to nothing yet."""
    attributes = dict(_pair(text) for text in field or ())
    home = (email, phone, language, country, zone)
    said = Facts(*home, hours, attributes, region, prefers, days, most_a_month)
    with at_work() as here:
        person = serve.add(here.desk, said, _by(here), here.settings.default_country)
    lines = [
        f"Added customer {person.id}.",
        f"Nothing is sent yet: 'dispatcher customer opt-in {person.id}' records an agreement.",
    ]
    answer({"customer": person.id}, lines, as_json=as_json)


@app.command()
def show(who: Who, as_json: Json = False) -> None:
    """Show who somebody is and what they allow."""
    with at_work() as here, here.database.begin() as conn:
        person = find(conn, here.digests, who, here.settings.default_country)
        told = with_states(conn, explain(conn, person, here.book), here.now())
    data = {
        "customer": person_data(person),
        "allows": told.standings,
        "suppressions": told.suppressions,
        "holds": told.holds,
        "signals": told.signals,
    }
    answer(data, person_pages.card(told), as_json=as_json)


@app.command("opt-in")
def opt_in(
    who: Who,
    topic: Annotated[str, typer.Option(help="What they want to hear about, e.g. coffee.")],
    wording: Annotated[str, typer.Option(help="The very words they agreed to.")],
    source: Annotated[str, typer.Option(help="Where they did, e.g. 'paper form, Bristol'.")],
    kind: Annotated[
        ConsentKind, typer.Option(help="Which kind of consent it is.")
    ] = ConsentKind.GDPR_CONSENT,
    given: Annotated[str, typer.Option(help="When, e.g. 2026-05-03T12:00:00Z; else now.")] = "",
    channel: OnChannel = None,
    as_json: Json = False,
) -> None:
    """Record that somebody agreed; never undoes an opt-out, only the person may."""
    topic = serve.topic_of(topic)
    given_at = instant(given, "--given") if given else None
    proof = Proof(kind, _text(wording, "--wording"), _text(source, "--source"), given_at)
    with at_work() as here:
        with here.database.begin() as conn:
            person = find(conn, here.digests, who, here.settings.default_country)
        channels = serve.channels_of(person, channel)
        in_force = serve.opt_in(here.desk, person, channels, topic, proof, _by(here))
    lines = [
        f"{on}: agreed to {topic}."
        if holds
        else f"{on}: recorded, but an opt-out stands. Only the person can undo it, by START."
        for on, holds in in_force.items()
    ]
    answer({"customer": person.id, "topic": topic, "in_force": in_force}, lines, as_json=as_json)


@app.command("opt-out")
def opt_out(
    who: Who,
    topic: Annotated[str, typer.Option(help="Only this topic; else everything.")] = ANY_TOPIC,
    channel: OnChannel = None,
    as_json: Json = False,
) -> None:
    """Take somebody off; when this returns, no worker sends to them any more."""
    topic = topic if topic == ANY_TOPIC else serve.topic_of(topic)
    with at_work() as here:
        try:
            with here.database.begin() as conn:
                person = find(conn, here.digests, who, here.settings.default_country)
        except NotFound:
            _silence_stranger(here, who, as_json=as_json)
            return
        channels = serve.channels_of(person, channel)
        news = serve.opt_out(here.desk, person, channels, topic, _by(here))
    said = "Opted out" if news else "Opted out already"
    about = "everything" if topic == ANY_TOPIC else topic
    lines = [f"{said} of {about} by {' and '.join(channels) or 'any channel'}."]
    data = {"customer": person.id, "topic": topic, "channels": channels, "news": news}
    answer(data, lines, as_json=as_json)


@app.command()
def prefer(
    who: Who,
    channel: Annotated[
        Channel | None, typer.Argument(help="The channel to try first; leave it out for neither.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Note on which channel somebody wants to be reached first."""
    with at_work() as here:
        with here.database.begin() as conn:
            person = find(conn, here.digests, who, here.settings.default_country)
        serve.prefer(here.desk, person, channel, _by(here))
    said = f"{channel} first" if channel else "each campaign's own order"
    lines = [f"Customer {person.id}: {said}, where they agreed to hear from us."]
    answer({"customer": person.id, "prefers": channel}, lines, as_json=as_json)


@app.command()
def suppress(
    address: Annotated[str, typer.Argument(help="E-mail address or phone number, known or not.")],
    as_json: Json = False,
) -> None:
    """Never send to an address, whoever it belongs to, now or later."""
    with at_work() as here:
        channel, normal = address_of(address, here.settings.default_country)
        reason = SuppressionReason.OPERATOR
        news = serve.suppress(here.desk, channel, normal, reason, _by(here))
    said = "Nothing is sent to it any more." if news else "It was suppressed already."
    answer({"channel": channel, "news": news}, [said], as_json=as_json)


@app.command()
def forget(who: Who, yes: Yes = False, as_json: Json = False) -> None:
    """Erase somebody; the address stays silent, though nobody knows any more whose it was."""
    with at_work() as here:
        with here.database.begin() as conn:
            person = find(conn, here.digests, who, here.settings.default_country)
        if not yes:
            typer.confirm(f"Erase customer {person.id} for good?", abort=True, err=True)
        receipt = serve.forget(here.desk, person, _by(here))
    data = {"forgotten": person.id, "receipt": receipt}
    answer(data, person_pages.receipt(receipt), as_json=as_json)


@app.command()
def export(
    who: Who,
    out: Annotated[
        Path | None,
        typer.Option(help="A new folder, or a file ending in .zip or .json; else the screen."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give everything on record about somebody, as JSON and CSV they can be sent."""
    with at_work() as here, here.database.begin() as conn:
        person = find(conn, here.digests, who, here.settings.default_country)
        files = export_person(
            conn, person, here.book, build_links(here), here.now(), here.programme
        )
    if out is None:
        typer.echo(files[EVERYTHING].decode())
        return
    names = write_export(out, files)
    answer({"file": out, "files": names}, facts({"Written to": out}), as_json=as_json)
    notice("It holds personal data: keep it safe, and delete it when it was handed over.")


def _silence_stranger(here: Dispatcher, who: str, *, as_json: bool) -> None:
    channel, address = address_of(who, here.settings.default_country)
    news = serve.suppress(here.desk, channel, address, SuppressionReason.OPTED_OUT, _by(here))
    lines = [f"No customer has {address}; it is suppressed all the same, should it ever come."]
    answer({"customer": None, "channels": [channel], "news": news}, lines, as_json=as_json)


def _by(here: Dispatcher) -> By:
    return By(actor(), here.now())


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise WrongInput(f'--field: "{text[:40]}" is no name=value')
    return name.strip(), value.strip()


def _text(value: str, option: str) -> str:
    if not value.strip():
        raise WrongInput(f"{option}: is empty; without it nobody could prove the consent")
    return value.strip()
