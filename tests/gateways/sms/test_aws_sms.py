"""Promises of AWS End User Messaging SMS beyond those of every provider: senders and replies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dispatcher.domain.messages import EventKind
from dispatcher.gateways.api import ApiGateway
from tests.gateways.letters import text_message
from tests.gateways.providers.notifications import AWS, aws_gateway, told


def reply(text: str, **options: Any) -> Any:
    """Give the event of a person's text."""
    said = {
        "originationNumber": "+447700900123",
        "destinationNumber": "+447700900999",
        "messageKeyword": "KEYWORD_447700900999",
        "messageBody": text,
        "inboundMessageId": "cae173d2-66b9-564c-8309-21f858e9fb84",
        "previousPublishedMessageId": "wJalrXUtnFEMI",
    }
    [event] = aws_gateway("aws_sms", {**AWS, **options}).read(told(said))
    return event


def test_a_reply_is_heard() -> None:
    """Two-way texts come by a topic of their own."""
    event = reply("more shoes please")
    assert (event.kind, event.text) == (EventKind.REPLIED, "more shoes please")
    assert (event.sender, event.recipient) == ("+447700900123", "+447700900999")
    assert event.reference == "cae173d2-66b9-564c-8309-21f858e9fb84"
    assert not event.answered


@pytest.mark.parametrize("word", ["STOP", " stop ", "Arret", "TD", "opt-out", "HELP"])
def test_what_aws_answers_itself_is_not_answered_twice(word: str) -> None:
    """AWS confirms the words it must know, unless opt-outs are managed here."""
    assert reply(word).answered
    assert not reply(word, self_managed_opt_outs=True).answered


def test_a_pool_of_the_settings_stands_before_the_brands_sender() -> None:
    """One setting chooses who sends; empty settings are left out of the request."""
    gateway = aws_gateway("aws_sms", {**AWS, "origination_identity": "pool-7"})
    assert isinstance(gateway, ApiGateway)
    request: httpx.Request = gateway.compose([text_message(1)])
    body = json.loads(request.content)
    assert body["OriginationIdentity"] == "pool-7"
    assert not {"MaxPrice", "ConfigurationSetName"} & set(body)
