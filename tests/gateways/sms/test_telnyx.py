"""What only Telnyx does: a public key, our own texts told back, an id in a URL in the body."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.messages import EventKind
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.registry import build
from tests.gateways.providers.telnyx import Telnyx


@pytest.mark.parametrize("key", ["rubbish", "c2hvcnQ=", "é"])
def test_a_public_key_that_is_none_is_told_at_once(key: str) -> None:
    """Not at the first callback, which would be lost."""
    with pytest.raises(ConfigError, match="public_key: is no Ed25519 key"):
        build("acme", "telnyx", {**Telnyx.options, "public_key": key})


def test_no_callbacks_without_the_public_key() -> None:
    """Nobody can be known without it."""
    gateway = build("acme", "telnyx", {**Telnyx.options, "public_key": ""})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(Telnyx().callback("delivered"))


def test_our_id_is_taken_from_what_is_signed() -> None:
    """The query of the request could be anybody's; the URL inside the body is Telnyx's."""
    genuine = Telnyx().callback("delivered")
    [event] = Telnyx().built().read(genuine._replace(query={"ref": "7-1002-1"}))
    assert event.key == Telnyx().message(1).key


OURS: dict[str, Any] = {
    "id": "m1",
    "from": {"phone_number": "+447700900999"},
    "to": [{"phone_number": "+447700900001", "status": "delivered"}],
    "text": "Offer 1. Reply STOP to end.",
}


@pytest.mark.parametrize("event", ["message.sent", "message.finalized", "message.new", ""])
def test_our_own_text_is_never_heard_as_a_reply(event: str) -> None:
    """It comes back with its receipts, and has the word STOP in it."""
    events = Telnyx().built().read(Telnyx().signed(event, OURS))
    assert [each.kind for each in events] == [EventKind.DELIVERED]


@pytest.mark.parametrize("url", ["", "http://[", "https://x/?ref=rubbish", "https://x/?ref=", 7])
def test_a_strange_url_is_no_id(url: object) -> None:
    """The provider's own name of the message is enough."""
    told = Telnyx().signed("message.finalized", {**OURS, "webhook_url": url})
    [event] = Telnyx().built().read(told)
    assert (event.key, event.reference) == (None, "m1")
