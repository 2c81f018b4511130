"""What only Plivo does: signatures of version 3, powerpacks, answers that name the message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

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

SEAL = PlivoSeal(SecretStr("my_auth_token"))
ASKED = "https://answer.url/?Duration=300&CallUUID=97ceeb52-58b6-11e1-86da-77300b68f8bb"


def published(signature: str, name: str = "x-plivo-signature-v3", url: str = ASKED) -> Callback:
    """Give a callback as the vendor's libraries are tested with."""
    headers = {name: signature, "x-plivo-signature-v3-nonce": "12345"}
    return Callback("GET", "/", {}, headers, b"", 0.0, url)


def test_a_published_signature_fits() -> None:
    """Of version 3, by GET, whatever the order of its fields; also as one of a list."""
    good = "pETJPPuss8j7tRO1V76pMhutvY1EbD905bph1xlJQhE="
    SEAL.check(published(good))
    SEAL.check(published(good, "x-plivo-signature-ma-v3"))
    SEAL.check(published(f"bm8=, {good}"))
    for spoilt in (published(good, url=f"{ASKED}1"), published(f"{good[:-1]}+"), published("")):
        with pytest.raises(CallbackRejected):
            SEAL.check(spoilt)


def test_version_2_is_not_believed() -> None:
    """Its published signature is genuine, but would fit any fields."""
    old = "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="
    for name in ("x-plivo-signature-v2", "x-plivo-signature-v3"):
        with pytest.raises(CallbackRejected):
            SEAL.check(published(old, name, "https://answer.url"))


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
