"""What must hold for every provider, as functions: a spoilt adapter is held against them too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from dispatcher.domain.messages import Callback, EventKind, Outcome
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.callbacks import form_parts
from tests.gateways.contract.peers import Case
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send
from tests.gateways.providers.provider import Provider

SAMPLES = Path(__file__).parent.parent / "samples"

# The house words once more, so that nothing is judged by the table it is in.
AT_HAND_OVER = {
    "accepted": (Outcome.ACCEPTED, False, False),
    "refused": (Outcome.REFUSED, False, False),
    "stopped": (Outcome.REFUSED, True, False),
    "dead": (Outcome.REFUSED, False, True),
    "deferred": (Outcome.DEFERRED, False, False),
    "throttled": (Outcome.DEFERRED, False, False),
    "down": (Outcome.DEFERRED, False, False),
    "unsure": (Outcome.UNSURE, False, False),
}
LATER = {
    "delivered": (EventKind.DELIVERED, ""),
    "bounced": (EventKind.BOUNCED, ""),
    "stopped": (EventKind.BOUNCED, "contact_stopped"),
    "dead": (EventKind.BOUNCED, "dead_address"),
    "soft": (EventKind.BOUNCED, "soft"),
    "blocked": (EventKind.BOUNCED, "blocked"),
    "delayed": (EventKind.DELAYED, ""),
    "complained": (EventKind.COMPLAINED, ""),
    "unsubscribed": (EventKind.UNSUBSCRIBED, ""),
    "clicked": (EventKind.CLICKED, ""),
    "unknown": (EventKind.UNKNOWN, ""),
}
_MARKS = ("contact_stopped", "dead_address", "soft", "blocked")


def check_code(row: type[Provider], code: str) -> None:
    """A code of the answer means what the row says, and its words are kept."""

    async def scenario() -> None:
        peer = row()
        peer.said[peer.message(1).address] = code
        async with peer.ready() as gateway:
            [receipt], down = await send(gateway, [peer.message(1)], FakeGate())
        word = row.codes[code]
        found = (receipt.outcome, receipt.contact_stopped, receipt.dead_address)
        assert found == AT_HAND_OVER[word]
        assert receipt.code == code
        assert receipt.detail or word == "accepted"
        assert (receipt.retry_after > 0) is (receipt.outcome is Outcome.DEFERRED)
        assert (down is not None) is (word == "down")

    run(scenario())


def check_phrase(row: type[Provider], code: str, words: str) -> None:
    """A refusal's words say more than its code, as the row has it."""

    async def scenario() -> None:
        peer = row()
        address = peer.message(1).address
        peer.said[address], peer.words_of[address] = code, words
        async with peer.ready() as gateway:
            [receipt], down = await send(gateway, [peer.message(1)], FakeGate())
        word = row.phrases[code, words]
        found = (receipt.outcome, receipt.contact_stopped, receipt.dead_address)
        assert found == AT_HAND_OVER[word]
        assert (down is not None) is (word == "down")

    run(scenario())


def check_status(row: type[Provider], status: str, code: str, word: str) -> None:
    """A status of a callback, perhaps with a code, means what the row says."""
    peer = row()
    events = peer.built().read(peer.callback(status, code))
    if word == "ignored":
        assert events == []
        return
    assert len(events) == 1
    event = events[0]
    kind, mark = LATER[word]
    assert event.kind is kind
    assert [each for each in _MARKS if getattr(event, each)] == ([mark] if mark else [])
    assert event.reference or event.key == peer.message(1).key


def check_forgeries(row: type[Provider]) -> None:
    """No proof, a proof for something else, and no secret in the settings: nothing is believed."""
    peer = row()
    gateway = peer.built()
    genuine = peer.callback(next(iter(row.statuses)))
    assert gateway.read(genuine) is not None
    for forged in forgeries(genuine):
        with pytest.raises(CallbackRejected):
            gateway.read(forged)


def forgeries(genuine: Callback) -> list[Callback]:
    """Spoil a genuine callback in each place where a proof may stand."""
    bare = {"content-type": genuine.header("content-type")}
    backwards = {
        name: value if name == "content-type" else value[::-1]
        for name, value in genuine.headers.items()
    }
    forged = []
    if set(genuine.headers) - {"content-type", "user-agent"} and not _proof_in_body(genuine):
        forged += [genuine._replace(headers=bare), genuine._replace(headers=backwards)]
    elif genuine.query.get("token"):
        spoilt = {**genuine.query, "token": genuine.query["token"][::-1]}
        forged += [genuine._replace(query=spoilt), genuine._replace(query={})]
    else:
        forged += [genuine._replace(body=each) for each in _without_proof(genuine.body)]
    assert forged
    return forged


_IN_BODY = ("signature", "Signature", "token", "sign", "sig")


def _proof_in_body(callback: Callback) -> bool:
    return any(f'"{name}"'.encode() in callback.body for name in ("signature", "Signature"))


def _without_proof(body: bytes) -> list[bytes]:
    """Spoil whatever is called a signature or token, at whatever depth of the JSON."""
    said = json.loads(body)
    spoilt = [_spoilt(said, how) for how in (lambda text: text[::-1], lambda _: "")]
    assert all(each != said for each in spoilt)
    return [json.dumps(each).encode() for each in spoilt]


def _spoilt(node: Any, how: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: how(value) if name in _IN_BODY and isinstance(value, str) else _spoilt(value, how)
            for name, value in node.items()
        }
    return [_spoilt(each, how) for each in node] if isinstance(node, list) else node


def check_silence(row: type[Provider]) -> None:
    """No answer after the last byte is never called a refusal: nobody knows."""

    async def scenario() -> None:
        peer = row()
        peer.behave(1, Case.LOST)
        async with peer.ready() as gateway:
            [receipt], _ = await send(gateway, [peer.message(1)], FakeGate())
        assert receipt.outcome is row.outcomes[Case.LOST]
        assert receipt.outcome in (Outcome.UNSURE, Outcome.DEFERRED)

    run(scenario())


def check_request(row: type[Provider]) -> None:
    """A request is what the documentation asks for, down to its last field."""
    peer = row()
    gateway = peer.built()
    assert isinstance(gateway, ApiGateway)
    count = min(2, gateway.limits.max_batch)
    request = gateway.compose([peer.message(n) for n in range(1, 1 + count)])
    told = json.loads((SAMPLES / row.kind / "request.json").read_text())
    assert request.method == told["method"]
    assert str(request.url) == told["url"]
    assert {name: request.headers[name] for name in told["headers"]} == told["headers"]
    assert body_of(request.content, request.headers.get("content-type", "")) == told["body"]


def body_of(content: bytes, kind: str) -> Any:
    """Give a body as plain data: JSON as it is, forms as their fields, all else as text."""
    if "json" in kind:
        return json.loads(content)
    if kind.startswith("application/x-www-form-urlencoded"):
        fields: Mapping[str, str] = dict(parse_qsl(content.decode(), keep_blank_values=True))
        return fields
    if kind.startswith("multipart/form-data"):
        dress = {"content-type": kind}
        parts = form_parts(Callback("POST", "", {}, dress, content, 0.0))
        return {name: value.decode() for name, value in parts.items()}
    return content.decode()
