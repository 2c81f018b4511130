"""Ways to put one question to an SMS gateway over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatcher.domain.messages import Receipt
from dispatcher.domain.ports import Gateway
from dispatcher.errors import GatewayDown
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send, text_message
from tests.servers.http import Reply, Request, SmsServer


def gateway_for(server: SmsServer, options: Mapping[str, Any] | None = None) -> Gateway:
    """Build a gateway that speaks to the server."""
    return build("acme", "http_sms", {"url": server.url, **(options or {})})


def sent_once(
    reply: Reply, options: Mapping[str, Any] | None = None
) -> tuple[Receipt, GatewayDown | None, list[Request]]:
    """Send one message to a gateway that answers so."""

    async def scenario() -> tuple[Receipt, GatewayDown | None, list[Request]]:
        async with SmsServer() as server:
            server.default = reply
            gateway = gateway_for(server, options)
            [receipt], down = await send(gateway, [text_message(1)], FakeGate())
            await gateway.aclose()
            return receipt, down, server.requests

    return run(scenario())
