"""`dispatcher reply`: a reply as if it had come in, on the very same path; and those to be read."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli.desk import at_work, ring, workbench
from dispatcher.cli.show import Json, answer, table
from dispatcher.domain.messages import Channel
from dispatcher.errors import WrongInput
from dispatcher.inbound.replies import Intent
from dispatcher.services import receive
from dispatcher.services.find import address_of
from dispatcher.services.receive import Received
from dispatcher.storage import replies, service_messages
from dispatcher.wiring import Dispatcher

app = typer.Typer()
_MOST_SHOWN = 200


@app.command()
def reply(
    sender: Annotated[str, typer.Argument(help="Who writes: a phone number or an address.")] = "",
    text: Annotated[str, typer.Argument(help="What they write, e.g. Stop.")] = "",
    gateway: Annotated[str, typer.Option(help="Through which gateway; else the first.")] = "",
    to: Annotated[str, typer.Option(help="The number they write to.")] = "",
    unsure: Annotated[
        bool, typer.Option("--unsure", help="List opt-outs that may have meant something else.")
    ] = False,
    for_people: Annotated[
        bool, typer.Option("--for-people", help="List answers to questions nobody understood.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take a reply as if it had come by SMS."""
    if unsure or for_people:
        _list(for_people=for_people, as_json=as_json)
        return
    if not sender or not text:
        raise WrongInput('say who writes and what: dispatcher reply +447700900123 "Stop"')
    with at_work(bell=True) as here:
        channel, address = address_of(sender, here.settings.default_country)
        through = gateway or _first(here, channel)
        if through not in workbench(here.settings).gateways:
            raise WrongInput(f'there is no gateway "{through}"')
        done = receive.reply(here.desk, address, text, here.now(), gateway=through, recipient=to)
        answers: list[str] = []
        if done.answers:
            with here.database.begin() as conn:
                digests = here.digests.look_up(channel, address)
                answers = service_messages.answers_to_newest(conn, digests)
            ring(here, "inbound")
    lines = [_said(address, done), *(f"Answer: {each}" for each in answers)]
    answer({"sender": address, **done._asdict(), "told": answers}, lines, as_json=as_json)


def _list(*, for_people: bool, as_json: bool) -> None:
    listed = replies.handed_over if for_people else replies.unsure
    with at_work() as here, here.database.begin() as conn:
        found = listed(conn, _MOST_SHOWN)
    rows = [
        (f"{each.at:%Y-%m-%d %H:%M}", each.channel, each.address or "a stranger", each.text)
        for each in found
    ]
    nothing = "Nothing waits for a person." if for_people else "Nothing is unsure."
    shown = [table(("heard", "channel", "from", "text"), rows)] if rows else [nothing]
    answer({"for_people" if for_people else "unsure": found}, shown, as_json=as_json)


def _first(here: Dispatcher, channel: Channel) -> str:
    serving = workbench(here.settings).gateways
    return next(name for name, serves in serving.items() if serves is channel)


def _said(address: str, done: Received) -> str:
    label = done.labels[0] if done.labels else Intent.OTHER
    what = {
        Intent.OPT_OUT: f"{address} is opted out; no worker sends there any more",
        Intent.WRONG_NUMBER: f"{address} is a wrong number; nothing is sent there any more",
        Intent.OPT_IN: f"{address} is opted in"
        if done.opted_in
        else f"{address} is answered"
        if done.answers
        else f"nothing of {address} had been stopped",
        Intent.HELP: f"{address} asks for help",
        Intent.OTHER: f"{address} is answered"
        if done.answers
        else f"{address} says something we cannot act on; it is kept",
    }[label]
    doubt = "; it may have meant something else, see dispatcher reply --unsure" * bool(done.unsure)
    waits = "; an answer waits to be sent" * bool(done.answers)
    return f"Understood as {label}: {what}{doubt}{waits}."
