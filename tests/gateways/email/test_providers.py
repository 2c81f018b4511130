"""What single mail providers do differently from all others, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispatcher.domain.messages import EventKind, Message, Outcome
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from tests.gateways.gate import FakeGate
from tests.gateways.letters import letter, run, send
from tests.gateways.providers.mandrill import Mandrill
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.sparkpost import SparkPost
from tests.servers.http import Reply

UNKNOWN = EventKind.UNKNOWN


def _asked(row: type[Provider], message: Message) -> Any:
    """Give the body of the request that a message makes."""
    gateway = row().built()
    assert isinstance(gateway, ApiGateway)
    return json.loads(gateway.compose([message]).content)


def _answered(row: type[Provider], reply: Reply, count: int = 1) -> list[Outcome]:
    """Give what becomes of messages when the far side answers so."""

    async def scenario() -> list[Outcome]:
        peer = row()
        peer.server.answerer = lambda _: reply
        async with peer.ready() as gateway:
            receipts, _ = await send(gateway, [letter(n) for n in range(count)], FakeGate())
        return [receipt.outcome for receipt in receipts]

    return run(scenario())


def _saying(old: bytes, new: bytes) -> Message:
    message = letter(1)
    return message._replace(content=message.content.replace(old, new))


def test_braces_mean_themselves_at_sparkpost() -> None:
    """SparkPost takes all content for a template: a mail that shows braces keeps them."""
    asked = _asked(SparkPost, _saying(b"caf&#233;", b"{{{a}}} {{b}} {c}"))
    assert asked["content"]["html"] == (
        "<p>Offer 1: a {{opening_triple_curly()}}a{{closing_triple_curly()}}"
        " {{opening_double_curly()}}b{{closing_double_curly()}} {c} cr&#232;me.</p>\n"
    )


def test_a_rejected_recipient_is_no_success_at_sparkpost() -> None:
    """A 200 that counts nobody as accepted was not taken; one that counts nothing is unsure."""
    counts = {"total_rejected_recipients": 1, "total_accepted_recipients": 0, "id": "1"}
    rejected = Reply(200, json.dumps({"results": counts}))
    assert _answered(SparkPost, rejected) == [Outcome.REFUSED]
    assert _answered(SparkPost, Reply(200, '{"results": {}}')) == [Outcome.UNSURE]


def test_replies_find_their_way_by_mandrill() -> None:
    """Mandrill has no field for Reply-To: it goes with the other headers."""
    asked = _asked(
        Mandrill, _saying(b"MIME-Version", b"Reply-To: Bean <hi@b.example>\r\nMIME-Version")
    )
    assert asked["message"]["headers"]["Reply-To"] == "Bean <hi@b.example>"


def test_a_form_without_events_is_refused_by_mandrill() -> None:
    """A genuine form whose events cannot be read is told so, and nothing breaks."""
    peer = Mandrill()
    assert [event.kind for event in peer.built().read(peer.signed("no list"))] == [UNKNOWN]
    with pytest.raises(CallbackRejected, match="no mandrill_events"):
        peer.built().read(peer.form({"other": "field"}))
