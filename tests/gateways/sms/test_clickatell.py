"""What only Clickatell does: a verdict for each of many, callbacks with a password or a word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispatcher.domain.messages import Outcome, Receipt
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send, text_message
from tests.gateways.providers.clickatell import Clickatell
from tests.servers.http import Reply

A, B, C = ("447700900001", "447700900002", "447700900003")


def taken(to: str) -> dict[str, Any]:
    """Give the result of a message that was taken."""
    return {"apiMessageId": f"m{to}", "accepted": True, "to": to, "error": None}


def refused(to: str, code: int) -> dict[str, Any]:
    """Give the result of a message that was not."""
    return {"accepted": False, "to": to, "error": {"code": code, "description": "no"}}


def sent(status: int, *results: Any, error: Any = None) -> list[Receipt]:
    """Send to A, B and C in one request and have them answered."""

    async def scenario() -> list[Receipt]:
        peer = Clickatell()
        said = json.dumps({"messages": results, "error": error})
        peer.server.answerer = lambda _: Reply(status, said)
        async with peer.ready() as gateway:
            messages = [text_message(n) for n in (1, 2, 3)]
            receipts, _ = await send(gateway, messages, FakeGate())
        assert [receipt.key for receipt in receipts] == [message.key for message in messages]
        return list(receipts)

    return run(scenario())


def test_each_message_has_its_verdict() -> None:
    """One is taken, one has opted out, one does not exist."""
    one, two, three = sent(207, taken(A), refused(B, 26), refused(C, 25))
    assert (one.outcome, one.reference) == (Outcome.ACCEPTED, f"m{A}")
    assert (two.outcome, two.contact_stopped) == (Outcome.REFUSED, True)
    assert (three.outcome, three.dead_address) == (Outcome.REFUSED, True)


def test_where_all_are_refused_each_has_its_reason() -> None:
    """A whole answer of 400 is no reason to call everybody's number dead."""
    one, two, three = sent(400, refused(A, 26), refused(B, 25), refused(C, 24))
    assert [each.contact_stopped for each in (one, two, three)] == [True, False, False]
    assert [each.dead_address for each in (one, two, three)] == [False, True, False]


def test_the_order_of_results_does_not_matter() -> None:
    """They are told apart by their numbers."""
    one, two, three = sent(207, refused(C, 25), taken(B), taken(A))
    assert [each.outcome for each in (one, two)] == [Outcome.ACCEPTED] * 2
    assert (one.reference, three.dead_address) == (f"m{A}", True)


@pytest.mark.parametrize(
    "results",
    [(), (taken(A),), (taken(A), taken(B), taken(C), taken(A)), (None, "x", 7), ({}, {}, {})],
)
def test_results_that_are_not_everybodys_are_nobodys(results: tuple[Any, ...]) -> None:
    """Too few, too many, or none that can be read: unsure, all of them."""
    assert {each.outcome for each in sent(202, *results)} == {Outcome.UNSURE}


def test_a_code_nobody_knows_is_no_consent() -> None:
    """Neither is a result without `accepted`."""
    silent = {"apiMessageId": "m1", "to": A}
    one, two, three = sent(207, silent, refused(B, 77), taken(C))
    assert [one.outcome, two.outcome] == [Outcome.UNSURE] * 2
    assert three.outcome is Outcome.ACCEPTED


def test_an_error_of_all_is_everybodys() -> None:
    """No credit: all of them wait, and nobody is refused."""
    error = {"code": 20, "description": "Insufficient account balance"}
    assert {each.outcome for each in sent(402, error=error)} == {Outcome.DEFERRED}


def test_only_a_two_way_integration_is_told_the_sender() -> None:
    """A one-way integration has its own."""
    gateway = build("acme", "clickatell", {**Clickatell.options, "two_way": True})
    assert isinstance(gateway, ApiGateway)
    number = text_message(1)._replace(sender="+12027530410")
    [entry] = json.loads(gateway.compose([number]).content)["messages"]
    assert entry["from"] == "12027530410"


@pytest.mark.parametrize("spoilt", [{"callback_user": ""}, {"callback_password": ""}])
def test_half_a_login_is_told_at_once(spoilt: dict[str, str]) -> None:
    """A user name is no use without its password."""
    with pytest.raises(ConfigError, match="are only good together"):
        build("acme", "clickatell", {**Clickatell.options, **spoilt})


def test_no_callbacks_without_a_password_or_a_word() -> None:
    """An empty one would fit everybody."""
    nothing = {"callback_user": "", "callback_password": "", "callback_token": ""}
    gateway = build("acme", "clickatell", {**Clickatell.options, **nothing})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(Clickatell().callback("DEVICE_ACK"))
