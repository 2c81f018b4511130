"""`dispatcher customer agree` and `disagree`: other hours than the law's, by people's own hand."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.campaign_files.words import Unreadable, clock
from dispatcher.cli.desk import actor, at_work, instant
from dispatcher.cli.show import Json, Who, answer
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.errors import WrongInput
from dispatcher.services import agree_hours, serve
from dispatcher.services.agree_hours import OwnAct
from dispatcher.services.find import find
from dispatcher.services.serve import By
from dispatcher.wiring import Dispatcher

To = Annotated[str, typer.Option("--to", help="Whose hours: KR (the night), ZA or CO.")]
OnChannel = Annotated[
    Channel | None, typer.Option("--channel", help="Only this channel; else all that is bound.")
]


def agree(
    who: Who,
    to: To,
    wording: Annotated[str, typer.Option(help="The very words they agreed to.")],
    evidence: Annotated[
        list[str],
        typer.Option(help="What proves their own hand: signed_form=ZA-4711. Repeatable."),
    ],
    source: Annotated[str, typer.Option(help="Where they did, e.g. 'paper form, Durban'.")],
    hours: Annotated[
        str, typer.Option(help="The hours, e.g. 19:00-22:00; none for KR, its law names them.")
    ] = "",
    given: Annotated[str, typer.Option(help="When, e.g. 2026-05-03T12:00:00Z; else now.")] = "",
    channel: OnChannel = None,
    as_json: Json = False,
) -> None:
    """Record that somebody agreed, by their own hand, to hours beyond those of the law."""
    act = OwnAct(
        _text(wording, "--wording"),
        dict(map(_pair, evidence)),
        _text(source, "--source"),
        instant(given, "--given") if given else None,
    )
    with at_work() as here:
        data = here.book.law.jurisdictions
        agreed = agree_hours.agreement(data, to.upper(), _hours(hours) if hours else None)
        person = _person(here, who)
        channels = serve.channels_of(person, channel)
        by = By(actor(), here.now())
        counts = agree_hours.agree(here.desk, data, person, channels, agreed, act, by)
    told = f"{agreed.words} in {agreed.jurisdiction}"
    lines = [
        f"{on}: agreed to {told}."
        if holds
        else f"{on}: recorded, but they left after that, so it opens nothing. Ask them anew."
        for on, holds in counts.items()
    ]
    data_told = {"customer": person.id, "to": agreed.jurisdiction, "hours": agreed.words}
    answer({**data_told, "in_force": counts}, lines, as_json=as_json)


def disagree(who: Who, to: To, channel: OnChannel = None, as_json: Json = False) -> None:
    """Take back an agreement on hours; offers still come, in the hours of the law."""
    with at_work() as here:
        person = _person(here, who)
        channels = [channel] if channel else list(Channel)
        by, data = By(actor(), here.now()), here.book.law.jurisdictions
        ended = agree_hours.take_back(here.desk, data, person, channels, to.upper(), by)
    lines = [
        f"{' and '.join(ended)}: only the law's own hours from now on."
        if ended
        else "Noted. There was no such agreement: only the law's own hours, as before."
    ]
    answer({"customer": person.id, "to": to.upper(), "ended": ended}, lines, as_json=as_json)


def _person(here: Dispatcher, who: str) -> Person:
    with here.database.begin() as conn:
        return find(conn, here.digests, who, here.settings.default_country)


def _hours(text: str) -> tuple[int, int]:
    opens, sign, closes = text.partition("-")
    try:
        hours = clock(opens.strip()), clock(closes.strip())
    except Unreadable:
        hours = (0, 0)
    if not sign or hours[0] == hours[1] or hours[0] == 24 * 60:
        raise WrongInput('--hours: write hours such as "19:00-22:00"; they may go through midnight')
    return hours


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (sign and name.strip() and value.strip()):
        raise WrongInput(f'--evidence: "{text[:40]}" is no name=value, as in signed_form=ZA-4711')
    return name.strip(), value.strip()


def _text(value: str, option: str) -> str:
    if not value.strip():
        raise WrongInput(f"{option}: is empty; without it nobody could prove the agreement")
    return value.strip()
