"""`dispatcher reply`: a reply as if it had come in, on the very same path."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatcher.cli.desk import at_work, ring, workbench
from dispatcher.cli.show import Json, answer
from dispatcher.domain.messages import Channel
from dispatcher.errors import WrongInput
from dispatcher.inbound.replies import ReplyLabel
from dispatcher.services import receive
from dispatcher.services.find import address_of
from dispatcher.services.receive import Received
from dispatcher.wiring import Dispatcher

app = typer.Typer()


@app.command()
def reply(
    sender: Annotated[str, typer.Argument(help="Who writes: a phone number or an address.")],
    text: Annotated[str, typer.Argument(help="What they write, e.g. Stop.")],
    gateway: Annotated[str, typer.Option(help="Through which gateway; else the first.")] = "",
    to: Annotated[str, typer.Option(help="The number they write to.")] = "",
    as_json: Json = False,
) -> None:
    """Take a reply as if it had come by SMS."""
    with at_work(bell=True) as here:
        channel, address = address_of(sender, here.settings.default_country)
        through = gateway or _first(here, channel)
        if through not in workbench(here.settings).gateways:
            raise WrongInput(f'there is no gateway "{through}"')
        done = receive.reply(here.desk, address, text, here.now(), gateway=through, recipient=to)
        if done.answers:
            ring(here, "inbound")
    answer({"sender": address, **done._asdict()}, [_said(address, done)], as_json=as_json)


def _first(here: Dispatcher, channel: Channel) -> str:
    serving = workbench(here.settings).gateways
    return next(name for name, serves in serving.items() if serves is channel)


def _said(address: str, done: Received) -> str:
    label = done.labels[0] if done.labels else ReplyLabel.OTHER
    what = {
        ReplyLabel.OPT_OUT: f"{address} is opted out; no worker sends there any more",
        ReplyLabel.OPT_IN: f"{address} is opted in again"
        if done.opted_in
        else f"nothing of {address} had been stopped",
        ReplyLabel.HELP: f"{address} asks for help",
        ReplyLabel.OTHER: f"{address} says something we cannot act on; it is kept",
    }[label]
    return f"Understood as {label}: {what}{'; an answer waits to be sent' * bool(done.answers)}."
