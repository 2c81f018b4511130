"""What only Vonage does: parts with answers of their own, two kinds of webhooks."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.messages import Callback, EventKind, Message, Outcome, Receipt
from dispatcher.errors import CallbackRejected, GatewayDown
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send, text_message
from tests.gateways.providers.provider import SUPPLIES, WALL
from tests.gateways.providers.vonage import Vonage, parts

TAKEN = {"to": "447700900001", "message-id": "A1", "status": "0"}


def sent(*each: dict[str, str]) -> tuple[Receipt, GatewayDown | None]:
    """Send one text and have its parts answered."""

    async def scenario() -> tuple[Receipt, GatewayDown | None]:
        peer = Vonage()
        peer.server.answerer = lambda _: parts(*each)
        async with peer.ready() as gateway:
            [receipt], down = await send(gateway, [peer.message(1)], FakeGate())
        return receipt, down

    return run(scenario())


def test_a_long_text_is_taken_when_all_its_parts_are() -> None:
    """The first part's name stands for the whole."""
    receipt, _ = sent(TAKEN, {**TAKEN, "message-id": "A2"})
    assert (receipt.outcome, receipt.reference) == (Outcome.ACCEPTED, "A1")


def test_a_text_of_which_a_part_went_out_is_never_sent_again() -> None:
    """Some parts are taken and some are not: nobody knows what arrives."""
    receipt, down = sent(TAKEN, {"status": "1", "error-text": "Throttled"})
    assert (receipt.outcome, receipt.code) == (Outcome.UNSURE, "0+1")
    assert receipt.detail == "Throttled"
    assert down is None


def test_parts_that_differ_leave_nobody_sure() -> None:
    """One was refused, and of the other even Vonage does not know."""
    receipt, _ = sent({"status": "1", "error-text": "Throttled"}, {"status": "5"})
    assert (receipt.outcome, receipt.code) == (Outcome.UNSURE, "1+5")


def test_a_text_of_which_no_part_went_out_is_refused_or_deferred() -> None:
    """All parts say the same."""
    throttled = {"status": "1", "error-text": "Throttled"}
    receipt, _ = sent(throttled, throttled)
    assert (receipt.outcome, receipt.code) == (Outcome.DEFERRED, "1")


@pytest.mark.parametrize("each", [(), ({},), ({"status": "77"},), ({"status": ""},)])
def test_an_answer_that_says_nothing_is_no_consent(each: tuple[dict[str, str], ...]) -> None:
    """No parts, no status, a status nobody knows: unsure."""
    receipt, _ = sent(*each)
    assert receipt.outcome is Outcome.UNSURE


def test_no_credit_is_nobodys_opt_out() -> None:
    """Status 9 of an answer is about the account; only 9 of a receipt is about the person."""
    receipt, down = sent({"status": "9", "error-text": "Quota Exceeded - rejected"})
    assert (receipt.outcome, receipt.contact_stopped) == (Outcome.DEFERRED, False)
    assert down is not None


def asked(message: Message) -> str:
    """Give the body of a request."""
    gateway = Vonage().built()
    assert isinstance(gateway, ApiGateway)
    return gateway.compose([message]).content.decode()


def test_texts_outside_of_gsm_7_say_so() -> None:
    """Without `type=unicode` their letters would turn into question marks."""
    assert "type=" not in asked(text_message(1, "Café {€}"))
    assert "type=unicode" in asked(text_message(1, "Привет"))


def heard(callback: Callback, **options: Any) -> list[EventKind]:
    """Read a callback and give what kinds of events it tells."""
    gateway = build("acme", "vonage", {**Vonage.options, **options}, SUPPLIES)
    return [event.kind for event in gateway.read(callback)]


def test_both_hashes_of_the_sms_api_are_understood() -> None:
    """SHA-512 where the account says so, and never the one for the other."""
    told = {"messageId": "A1", "status": "delivered"}
    by_512 = Vonage().signed(told, how="sha512")
    assert heard(by_512, signature_method="sha512") == [EventKind.DELIVERED]
    with pytest.raises(CallbackRejected):
        heard(by_512)
    for weak in ("md5", "sha1"):
        with pytest.raises(CallbackRejected):
            heard(Vonage().signed(told, how=weak))


@pytest.mark.parametrize("at", [int(WALL) - 301, int(WALL) + 301])
def test_an_old_receipt_played_again_is_refused(at: int) -> None:
    """The time is signed, and five minutes are enough."""
    with pytest.raises(CallbackRejected, match="stale"):
        heard(Vonage().signed({"messageId": "A1", "status": "delivered"}, at=at))


def test_a_token_proves_nothing_about_a_query() -> None:
    """Whoever holds a genuine callback could write a query of his own."""
    genuine = Vonage().callback("read")
    forged = {"messageId": "A1", "status": "failed", "err-code": "9", "client-ref": "7-1002-1"}
    assert heard(genuine._replace(query=forged)) == [EventKind.DELIVERED]
    with pytest.raises(CallbackRejected):
        heard(genuine._replace(method="GET", query=forged))
    with pytest.raises(CallbackRejected):
        heard(Vonage().sealed(b"")._replace(method="GET", query=forged))


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"sig": 7}', b'{"sig": "x", "a": null}', b"{}"])
def test_strange_fields_are_refused(body: bytes) -> None:
    """What is not plain fields cannot have been signed."""
    with pytest.raises(CallbackRejected):
        heard(Vonage().heard(body, {}))


def test_a_busy_handset_is_tried_again_by_vonage() -> None:
    """With the status `submitted` an error is on its way to be mended."""
    status = Vonage().status_of_messages("submitted", "1220")
    assert heard(Vonage().tokened(status)) == []


def test_no_callbacks_without_a_signature_secret() -> None:
    """An empty secret signs for everybody, so it is believed from nobody."""
    for callback in (Vonage().callback("delivered"), Vonage().callback("read")):
        with pytest.raises(CallbackRejected, match="not set up"):
            heard(callback, signature_secret="")
