"""Promises of Mailgun beyond those of every provider: its signature, its tokens, its mail."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dispatcher.domain.messages import Callback, EventKind, Outcome
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import letter, run, send
from tests.gateways.providers.mailgun import SIGNING, TOKEN, Mailgun, parts, seal
from tests.gateways.providers.provider import WALL

MAIL = "From: Anna <anna@example.org>\r\nTo: offers@brand.example\r\nSubject: Café\r\n\r\nSTOP\r\n"


def test_the_mail_travels_as_it_was_written() -> None:
    """Every byte of it, with every header, beside switches that keep Mailgun's links out."""
    peer = Mailgun()

    async def scenario() -> None:
        async with peer.ready() as gateway:
            [receipt], _ = await send(gateway, [letter(1)], FakeGate())
            [event] = gateway.read(peer.callback("delivered"))
            assert receipt.reference == event.reference == "d1@brand.example"

    run(scenario())
    [request] = peer.server.requests
    fields = parts(request.headers["content-type"], request.body)
    assert letter(1).content in request.body
    assert [fields[f"o:tracking{of}"] for of in ("", "-clicks", "-opens")] == [b"no"] * 3
    assert "o:testmode" not in fields


def test_a_test_is_marked() -> None:
    """In test mode Mailgun takes mails and delivers none."""
    gateway = build("acme", "mailgun", {**Mailgun.options, "test_mode": True})
    assert isinstance(gateway, ApiGateway)
    request = gateway.compose([letter(1)])
    assert parts(request.headers["content-type"], request.content)["o:testmode"] == b"yes"


ANSWERS = {
    "400": (Outcome.REFUSED, False),  # the address is not one
    "413": (Outcome.REFUSED, False),
    "401": (Outcome.DEFERRED, True),  # wrong key
    "402": (Outcome.DEFERRED, True),
    "403": (Outcome.DEFERRED, True),  # a sandbox domain, or an account not allowed to send
    "404": (Outcome.DEFERRED, True),  # no such domain
    "429": (Outcome.DEFERRED, False),
    "500": (Outcome.UNSURE, False),
    "503": (Outcome.DEFERRED, False),
}


@pytest.mark.parametrize("status", ANSWERS)
def test_a_status_says_whose_trouble_it_is(status: str) -> None:
    """What is the account's trouble lets the campaign wait, and costs nobody their mail."""
    peer = Mailgun()
    peer.said[letter(1).address] = status

    async def scenario() -> None:
        async with peer.ready() as gateway:
            [receipt], down = await send(gateway, [letter(1)], FakeGate())
            assert (receipt.outcome, down is not None) == ANSWERS[status]
            assert "may not" in receipt.detail
            assert Mailgun.secret not in receipt.detail

    run(scenario())


SIGNATURES: list[Any] = [
    None,
    "x",
    [],
    {},
    {**seal(TOKEN, WALL), "signature": None},
    {**seal(TOKEN, WALL), "signature": ["x"]},
    {**seal(TOKEN, WALL), "signature": {"x": 1}},
    {**seal(TOKEN, WALL), "signature": 7},
    {**seal(TOKEN, WALL), "signature": True},
    {**seal(TOKEN, WALL), "signature": "é"},
    {**seal(TOKEN, WALL), "token": 7},
    {**seal(TOKEN, WALL), "token": ["x"]},
    {**seal(TOKEN, WALL), "timestamp": WALL},
    {**seal(TOKEN, WALL), "timestamp": "soon"},
    seal("", WALL),
]


@pytest.mark.parametrize("signature", SIGNATURES, ids=str)
def test_a_signature_of_another_type_proves_nothing(signature: Any) -> None:
    """Neither lists nor numbers nor nothing at all get past the check."""
    peer = Mailgun()
    body = json.dumps({"event-data": peer.event("complained"), "signature": signature}).encode()
    with pytest.raises(CallbackRejected):
        peer.built().read(peer.callback("complained")._replace(body=body))


def test_a_token_is_good_for_one_body() -> None:
    """The signature does not cover the body, so a copied one cannot say anything else."""
    peer = Mailgun()
    gateway = peer.built()
    genuine = peer.proven({"event-data": peer.event("delivered")}, TOKEN)
    other = peer.proven({"event-data": peer.event("complained")}, TOKEN)
    [first] = gateway.read(genuine)
    with pytest.raises(CallbackRejected, match="token"):
        gateway.read(other)
    [again] = gateway.read(genuine)
    assert first.dedup_key == again.dedup_key


@pytest.mark.parametrize(("age", "good"), [(-299, True), (28_800, True)])
def test_mailgun_may_call_again_for_eight_hours(age: int, good: bool) -> None:
    """What we could not take for hours still arrives."""
    peer = Mailgun()
    said = {"event-data": peer.event("unsubscribed")}
    assert bool(peer.built().read(peer.proven(said, at=WALL - age))) is good


@pytest.mark.parametrize("age", [-301, 29_101, 86_400])
def test_an_old_callback_played_again_is_refused(age: int) -> None:
    """After that nothing genuine comes any more."""
    peer = Mailgun()
    with pytest.raises(CallbackRejected, match="stale"):
        peer.built().read(peer.proven({"event-data": peer.event("delivered")}, at=WALL - age))


def test_events_of_one_mail_are_told_apart_by_their_ids() -> None:
    """Two delays of a mail are two events; the same told twice is one."""
    peer = Mailgun()
    gateway = peer.built()
    keys = [
        gateway.read(peer.proven({"event-data": peer.event("failed/temporary") | {"id": each}}))[
            0
        ].dedup_key
        for each in ("a", "b", "a")
    ]
    assert keys[0] == keys[2] != keys[1]


def test_the_enhanced_status_is_found_where_it_stands() -> None:
    """In a field of its own, or before the words of the other server."""
    peer = Mailgun()
    event = peer.event("failed/permanent/bounce")
    event["delivery-status"] = {"enhanced-code": "5.2.2", "message": "5.1.1 no", "code": 552}
    [found] = peer.built().read(peer.proven({"event-data": event}))
    assert (found.code, found.soft, found.dead_address) == ("5.2.2", True, False)


def test_without_a_key_nobody_is_believed() -> None:
    """An empty signing key never lets anything in."""
    options = {**Mailgun.options, "signing_key": ""}
    with pytest.raises(CallbackRejected, match="not set up"):
        build("acme", "mailgun", options).read(Mailgun().callback("delivered"))


def test_incoming_mail_is_given_on_as_it_is() -> None:
    """A route whose URL ends in mime brings the whole mail."""
    peer = Mailgun()
    [event] = peer.built().read(peer.form({"recipient": "x", "body-mime": MAIL}))
    assert (event.kind, event.mail) == (EventKind.MAIL, MAIL.encode())


def test_incoming_mail_with_strange_bytes_is_given_on_as_it_is() -> None:
    """A form in many parts holds bytes of any charset."""
    raw = MAIL.encode() + b"\xff\x00\r\n"
    fields = {**{k: v.encode() for k, v in seal(TOKEN, WALL).items()}, "body-mime": raw}
    request = httpx.Request(
        "POST", "https://x.example/", files={k: (None, v) for k, v in fields.items()}
    )
    headers = {"content-type": request.headers["content-type"]}
    callback = Callback("POST", "/hooks/acme", {}, headers, request.read(), WALL)
    [event] = Mailgun().built().read(callback)
    assert event.mail == raw


def test_incoming_mail_in_pieces_is_put_together() -> None:
    """Any other route brings headers and text, which is enough to hear a STOP."""
    headers = [["From", "Anna <anna@example.org>"], ["Content-Type", "text/html"], 7, [None, "x"]]
    fields = {"message-headers": json.dumps(headers), "body-plain": "STOP\n"}
    peer = Mailgun()
    [event] = peer.built().read(peer.form(fields))
    assert event.mail.startswith(b"From: Anna <anna@example.org>\r\nMIME-Version: 1.0\r\n")
    assert event.mail.endswith(b"\r\n\r\nSTOP\r\n")


@pytest.mark.parametrize("headers", ["", "{", "7", "null", "{}"])
def test_a_form_without_a_mail_breaks_nothing(headers: str) -> None:
    """It is refused, or is a mail that says nothing."""
    peer = Mailgun()
    try:
        events = peer.built().read(peer.form({"message-headers": headers}))
    except CallbackRejected:
        return
    assert [event.kind for event in events] == [EventKind.MAIL]


def test_the_signing_key_is_not_the_sending_key() -> None:
    """Who may send may not call back in Mailgun's name."""
    assert Mailgun.options["api_key"] != SIGNING
    gateway = build("acme", "mailgun", {**Mailgun.options, "signing_key": "another"})
    with pytest.raises(CallbackRejected):
        gateway.read(Mailgun().callback("delivered"))
