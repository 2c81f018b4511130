"""`dispatcher campaign test`: one marked copy to one customer who agreed to the topic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli.desk import actor, at_work, workbench
from dispatcher.cli.show import Json, answer
from dispatcher.domain.campaigns import CampaignSpec, TemplateSource
from dispatcher.domain.messages import Channel, Message, Outcome, Receipt
from dispatcher.services.find import find
from dispatcher.services.trial import Trial, message_for, send
from dispatcher.services.validate import validate
from dispatcher.storage import campaigns
from dispatcher.wiring import Dispatcher, build_gateways, build_links


def send_test(
    which: Annotated[str, typer.Argument(help="A campaign file, or a campaign's name or number.")],
    who: Annotated[str, typer.Argument(help="A customer who agreed to its topic.")],
    as_json: Json = False,
) -> None:
    """Send one copy, marked as a test, to a customer who agreed to its topic."""
    with at_work() as here:
        spec, template = _words(here, which)
        chosen = {channel: _gateway(here, spec, channel) for channel in spec.channels}
        with here.database.begin() as conn:
            person = find(conn, here.digests, who, here.settings.default_country)
            trial = Trial(spec, template, person, chosen, build_links(here))
            message = message_for(conn, here.desk, trial)
        gateway = chosen[message.channel]
        receipt = asyncio.run(_send(here, trial, message, gateway))
    said = f"{receipt.outcome}: {message.channel} to {message.address} over {gateway}"
    data = {
        "channel": message.channel,
        "gateway": gateway,
        "outcome": receipt.outcome,
        "reference": receipt.reference,
        "detail": receipt.detail,
    }
    answer(data, [" ".join(filter(None, (said, receipt.detail)))], as_json=as_json)
    if receipt.outcome is not Outcome.ACCEPTED:
        raise typer.Exit(1)


def _words(here: Dispatcher, which: str) -> tuple[CampaignSpec, TemplateSource]:
    file = Path(which)
    if file.suffix == ".toml" or file.is_file():
        checked = validate(file, workbench(here.settings))
        return checked.file.spec, checked.template
    with here.database.begin() as conn:
        version = campaigns.newest_version(conn, campaigns.find(conn, which))
    return version.spec, version.template


def _gateway(here: Dispatcher, spec: CampaignSpec, channel: Channel) -> str:
    named = spec.gateways.get(channel)
    return named or workbench(here.settings).first(channel, spec.brand.id)


async def _send(here: Dispatcher, trial: Trial, message: Message, name: str) -> Receipt:
    gateways = build_gateways(here)
    try:
        return await send(here.desk, trial, message, gateways[name], actor())
    finally:
        for gateway in gateways.values():
            await gateway.aclose()
