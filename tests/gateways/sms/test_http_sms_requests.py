"""What an SMS gateway over HTTP is asked, in whatever form it wants to be asked."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.gateways.gate import FakeGate
from tests.gateways.letters import phone, run, send, text_message
from tests.gateways.sms.asking import gateway_for, sent_once
from tests.servers.http import Reply, SmsServer

TRICKY = 'Dear {name}, "50%" off & more — 100 € {to} \\ <b>été</b>\n+1=2; STOP: {password}'


@pytest.mark.parametrize("format_name", ["json", "form", "query"])
def test_texts_arrive_as_they_were_written(format_name: str) -> None:
    """Quotes, ampersands, braces, line breaks and umlauts survive every format."""

    async def scenario() -> None:
        async with SmsServer() as server:
            gateway = gateway_for(server, {"format": format_name})
            await send(gateway, [text_message(1, TRICKY)], FakeGate())
            await gateway.aclose()
            [request] = server.requests
            if format_name == "json":
                said = json.loads(request.body)
            elif format_name == "form":
                said = dict(parse_qsl(request.body.decode()))
            else:
                said = dict(parse_qsl(urlsplit(request.target).query))
            assert said == {
                "to": phone(1),
                "from": "Brand",
                "text": TRICKY,
                "reference": "7-1001-1",
            }

    run(scenario())


def test_fields_may_be_nested_and_constant() -> None:
    """The body of a gateway with a deep structure can be described as it is."""
    options = {
        "fields": {
            "destinations": [{"to": "{to_digits}"}],
            "content": {"text": "{text}", "type": "text"},
            "track": True,
            "tag": "n{id}",
        },
        "headers": {"X-Ref": "{id}"},
    }
    _, _, [request] = sent_once(Reply(), options)
    assert json.loads(request.body) == {
        "destinations": [{"to": phone(1).removeprefix("+")}],
        "content": {"text": text_message(1).content.decode(), "type": "text"},
        "track": True,
        "tag": "n7-1001-1",
    }
    assert request.headers["x-ref"] == "7-1001-1"


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        ({"auth": "bearer", "token": "t0ken"}, "authorization", "Bearer t0ken"),
        (
            {"auth": "basic", "username": "shop", "password": "pä55"},
            "authorization",
            "Basic c2hvcDpww6Q1NQ==",
        ),
        ({"auth": "header", "auth_header": "X-Key", "token": "t0ken"}, "x-key", "t0ken"),
    ],
)
def test_the_gateway_knows_us(options: dict[str, str], header: str, value: str) -> None:
    """Each way to prove who we are puts the right words into the right header."""
    _, _, [request] = sent_once(Reply(), options)
    assert request.headers[header] == value
