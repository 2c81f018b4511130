"""Promises of SendGrid beyond those of every provider: its signature, its retries, its mail."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dispatcher.domain.messages import Callback, EventKind
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import letter, run, send
from tests.gateways.providers.provider import WALL
from tests.gateways.providers.sendgrid import ID, TOKEN, Sendgrid

MAIL = "From: Anna <anna@example.org>\r\nTo: offers@brand.example\r\nSubject: Café\r\n\r\nSTOP\r\n"


def parse(files: dict[str, bytes], token: str = TOKEN) -> Callback:
    """Give what Inbound Parse posts."""
    url = f"https://offers.example/hooks/acme?token={quote(token)}"
    made = {name: (None, value) for name, value in files.items()}
    request = httpx.Request("POST", url, files=made)
    headers = {"content-type": request.headers["content-type"]}
    body = request.read()
    return Callback("POST", "/hooks/acme", {"token": token}, headers, body, WALL, url)


def test_the_last_line_end_is_signed_too() -> None:
    """A body that was read and written again proves nothing."""
    peer = Sendgrid()
    genuine = peer.callback("delivered")
    for changed in (genuine.body[:-2], genuine.body + b"\n", genuine.body.replace(b" ", b"")):
        with pytest.raises(CallbackRejected):
            peer.built().read(genuine._replace(body=changed))


@pytest.mark.parametrize("name", ["timestamp", "signature"])
@pytest.mark.parametrize("value", ["", "é", "1789999998", "AAAA"])
def test_strange_headers_prove_nothing(name: str, value: str) -> None:
    """No header can break the check."""
    peer = Sendgrid()
    genuine = peer.callback("delivered")
    spoilt = {**genuine.headers, f"x-twilio-email-event-webhook-{name}": value}
    with pytest.raises(CallbackRejected):
        peer.built().read(genuine._replace(headers=spoilt))


def test_sendgrid_may_call_again_for_a_day() -> None:
    """What we could not take for hours still arrives; a repeat is known by the event's id."""
    peer = Sendgrid()
    genuine = peer.callback("spamreport")
    [first] = peer.built().read(genuine)
    [late] = peer.built().read(genuine._replace(received_at=WALL + 86_000))
    assert first.dedup_key == late.dedup_key
    with pytest.raises(CallbackRejected, match="stale"):
        peer.built().read(genuine._replace(received_at=WALL + 87_000))
    with pytest.raises(CallbackRejected, match="stale"):
        peer.built().read(genuine._replace(received_at=WALL - 400))


def test_the_mails_id_is_known_again() -> None:
    """The id of the answer begins the id in events."""
    peer = Sendgrid()

    async def scenario() -> None:
        async with peer.ready() as gateway:
            [receipt], _ = await send(gateway, [letter(1)], FakeGate())
            [event] = gateway.read(peer.callback("delivered"))
            assert receipt.reference == event.reference == ID

    run(scenario())


def test_many_events_come_in_one_callback() -> None:
    """Each is understood by itself, and known by its own id."""
    peer = Sendgrid()
    told = [peer.event("delivered") | {"sg_event_id": f"e{n}"} for n in range(3)]
    events = peer.built().read(peer.signed(*told, {"event": "account_status_change"}, None))
    assert [event.kind for event in events] == [EventKind.DELIVERED] * 3 + [EventKind.UNKNOWN] * 2
    assert len({event.dedup_key for event in events}) == 5


def test_incoming_mail_is_given_on_as_it_is() -> None:
    """Inbound Parse, set to send the raw mail, brings every byte of it."""
    raw = MAIL.encode() + b"\xff\x00\r\n"
    [event] = Sendgrid().built().read(parse({"to": b"offers@brand.example", "email": raw}))
    assert (event.kind, event.mail) == (EventKind.MAIL, raw)


def test_incoming_mail_in_pieces_is_put_together() -> None:
    """Set otherwise, it brings headers and text, which is enough to hear a STOP."""
    headers = b"From: Anna <anna@example.org>\nContent-Type: multipart/mixed;\n boundary=x\n"
    [event] = Sendgrid().built().read(parse({"headers": headers, "text": "Arrêtez\n".encode()}))
    assert event.mail == (
        b"From: Anna <anna@example.org>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "Arrêtez\r\n".encode()
    )


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], "é"])
def test_incoming_mail_needs_the_word_in_the_url(token: str) -> None:
    """Whoever does not know it cannot tell us anything."""
    with pytest.raises(CallbackRejected, match="token"):
        Sendgrid().built().read(parse({"email": MAIL.encode()}, token))


def test_the_word_for_mail_proves_no_events() -> None:
    """The word is for mail alone: events are believed by their signature only."""
    peer = Sendgrid()
    event = peer.callback("spamreport")
    with pytest.raises(CallbackRejected):
        peer.built().read(
            event._replace(headers={"content-type": "application/json"}, query={"token": TOKEN})
        )
    [found] = peer.built().read(parse({"email": event.body})._replace(query={"token": TOKEN}))
    assert found.kind is EventKind.MAIL


@pytest.mark.parametrize("missing", ["verification_key", "parse_token"])
def test_what_is_not_set_up_is_refused(missing: str) -> None:
    """An empty secret never lets anything in."""
    options = {name: value for name, value in Sendgrid.options.items() if name != missing}
    gateway = build("acme", "sendgrid", options)
    callback = (
        Sendgrid().callback("delivered")
        if missing == "verification_key"
        else parse({"email": MAIL.encode()}, "")
    )
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(callback)


@pytest.mark.parametrize(
    "body", [b"", b"--x--", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: x\r\n\r\ny\r\n--x--\r\n"]
)
def test_a_broken_form_breaks_nothing(body: bytes) -> None:
    """It is refused, or is a mail that says nothing."""
    headers = {"content-type": "multipart/form-data; boundary=x"}
    callback = Callback("POST", "/hooks/acme", {"token": TOKEN}, headers, body, WALL)
    try:
        events = Sendgrid().built().read(callback)
    except CallbackRejected:
        return
    assert [event.kind for event in events] == [EventKind.MAIL]


def _rsa() -> str:
    public = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(public.public_bytes(serialization.Encoding.DER, form)).decode()


@pytest.mark.parametrize("key", ["no key", "AAAA", _rsa()])
def test_a_wrong_key_is_told_at_the_start(key: str) -> None:
    """Nobody waits for callbacks that can never be proven."""
    with pytest.raises(ConfigError, match=r"gateways\.acme\.verification_key"):
        build("acme", "sendgrid", {"api_key": "x", "verification_key": key})


def test_empty_parts_are_left_out() -> None:
    """SendGrid refuses an empty text, name or address for answers."""
    gateway = Sendgrid().built()
    assert isinstance(gateway, ApiGateway)
    head = b"From: offers@brand.example\r\nReply-To: ask@brand.example\r\nSubject: x"
    bare = head + b"\r\n\r\nhello\r\n"
    body: dict[str, Any] = json.loads(gateway.compose([letter(1)._replace(content=bare)]).content)
    assert body["from"] == {"email": "offers@brand.example"}
    assert body["reply_to"] == {"email": "ask@brand.example"}
    assert [part["type"] for part in body["content"]] == ["text/plain"]
    assert "ip_pool_name" not in body
