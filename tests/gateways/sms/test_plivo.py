"""What only Plivo does: signatures of version 3, powerpacks, answers that name the message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Outcome
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from dispatcher.gateways.sms.plivo import PlivoSeal
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send, text_message
from tests.gateways.providers.plivo import Plivo
from tests.gateways.providers.provider import HOOKS
from tests.servers.http import Reply

# As the vendor's own libraries are tested.
SEAL = PlivoSeal(SecretStr("Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"))
URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml/?a=b&c=d"
CALL = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
SIP = "sip:PlivoSignature382029104058171078704104"
FORM = urlencode(
    {
        "Direction": "outbound",
        "From": "19792014278",
        "ALegUUID": CALL,
        "CallStatus": "in-progress",
        "BillRate": "0.002",
        "ParentAuthID": "MANWVLYTK4ZWU1YTY4QA",
        "To": f"{SIP}@phone-qa.voice.plivodev.com",
        "ALegRequestUUID": CALL,
        "CallUUID": CALL,
        "RequestUUID": CALL,
        "SIP-H-To": f"<{SIP}@52.9.11.55;transport=udp>;tag=1",
        "SessionStart": "2020-04-08 11:34:33.238707",
        "Event": "StartApp",
    }
)
BY_POST = "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="
BY_GET = "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ="


def published(signature: str, name: str = "x-plivo-signature-v3") -> Callback:
    """Give the published callback by POST, signed somehow."""
    headers = {name: signature, "x-plivo-signature-v3-nonce": "31627761595286130198"}
    return Callback("POST", "/", {}, headers, FORM.encode(), 0.0, URL)


@pytest.mark.parametrize("given", [BY_POST, f"bm8=, {BY_POST}", f"{BY_POST},bm8="])
@pytest.mark.parametrize("name", ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"])
def test_the_published_signature_fits(given: str, name: str) -> None:
    """In either header, also as one of a list, which tokens in use side by side give."""
    SEAL.check(published(given, name))


def test_the_published_signature_by_get_fits() -> None:
    """There, all fields are in the query, in whatever order."""
    by_get = published(BY_GET)._replace(method="GET", body=b"", url=f"{URL}&{FORM}")
    SEAL.check(by_get)
    with pytest.raises(CallbackRejected):
        SEAL.check(by_get._replace(url=f"{URL}&{FORM}1"))


@pytest.mark.parametrize("given", [BY_GET, f"{BY_POST[:-1]}+", "", " ", ",,,", f"é{BY_POST}"])
def test_another_signature_does_not_fit(given: str) -> None:
    """Of the same fields by GET, spoilt, or none."""
    with pytest.raises(CallbackRejected):
        SEAL.check(published(given))


def test_version_2_is_not_believed() -> None:
    """Its published signature is genuine, but would fit any fields."""
    old = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="
    seal = PlivoSeal(SecretStr("my_auth_token"))
    for name in ("x-plivo-signature-v2", "x-plivo-signature-v3"):
        headers = {name: old, "x-plivo-signature-v3-nonce": "12345"}
        callback = Callback("GET", "/", {}, headers, b"", 0.0, "https://answer.url")
        with pytest.raises(CallbackRejected):
            seal.check(callback)


def test_no_nonce_is_no_proof() -> None:
    """An empty nonce could be signed once and for all."""
    genuine = Plivo().callback("delivered")
    digest = hmac.new(Plivo.secret.encode(), f"{HOOKS}/acme.".encode(), hashlib.sha256).digest()
    headers = {"x-plivo-signature-v3": base64.b64encode(digest).decode()}
    with pytest.raises(CallbackRejected):
        Plivo().built().read(genuine._replace(headers=headers, url=f"{HOOKS}/acme", body=b""))


def test_every_field_is_signed() -> None:
    """Of the form and of the URL: changed, added, dropped or moved from one to the other."""
    genuine = Plivo().callback("delivered")
    bare, _, query = genuine.url.partition("?")
    spoilt = [
        genuine._replace(body=genuine.body.replace(b"delivered", b"failed")),
        genuine._replace(body=genuine.body + b"&ErrorCode=200"),
        genuine._replace(body=genuine.body + b"&"),
        genuine._replace(url=bare),
        genuine._replace(url=genuine.url.replace("7-1001-1", "7-1002-1")),
        genuine._replace(url=bare, body=genuine.body + f"&{query}".encode()),
    ]
    assert Plivo().built().read(spoilt.pop(2))  # an empty field is none
    for callback in spoilt:
        with pytest.raises(CallbackRejected):
            Plivo().built().read(callback)


def test_endless_forms_are_refused() -> None:
    """Before anything is made of their fields."""
    genuine = Plivo().callback("delivered")
    with pytest.raises(CallbackRejected):
        Plivo().built().read(genuine._replace(body=b"a=1&" * 1000))


def test_a_powerpack_chooses_the_sender() -> None:
    """Plivo takes either a sender or a powerpack."""
    gateway = build("acme", "plivo", {**Plivo.options, "powerpack_uuid": "5ec4c8c9"})
    assert isinstance(gateway, ApiGateway)
    body = json.loads(gateway.compose([text_message(1)]).content)
    assert body["powerpack_uuid"] == "5ec4c8c9"
    assert "src" not in body


@pytest.mark.parametrize("said", [{}, {"message_uuid": []}, {"message_uuid": None}, []])
def test_an_answer_without_a_name_is_no_consent(said: object) -> None:
    """A text that has no name was perhaps never queued."""

    async def scenario() -> None:
        peer = Plivo()
        peer.server.answerer = lambda _: Reply(202, json.dumps(said))
        async with peer.ready() as gateway:
            [receipt], _ = await send(gateway, [peer.message(1)], FakeGate())
        assert receipt.outcome is Outcome.UNSURE

    run(scenario())


def test_no_callbacks_without_a_token() -> None:
    """An empty token signs for everybody, so it is believed from nobody."""
    gateway = build("acme", "plivo", {**Plivo.options, "auth_token": ""})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(Plivo().callback("delivered"))
