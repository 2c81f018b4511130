"""What anybody may post, with a genuine proof or none: refused, or events; never a crash."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher.domain.messages import Callback, Event
from dispatcher.domain.ports import Gateway
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.proofs import Proof
from tests.gateways.providers import PROVIDERS
from tests.gateways.providers.provider import HOOKS, WALL, Provider

# Where the proof looks into the body, strange things are put under a genuine one (see beside).
ROWS = [row for row in PROVIDERS if row.proven is Provider.proven]
each_provider = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)

# Names that adapters look for, so that strange values get where they are read.
NAMES = sorted(
    {
        *("event", "type", "msys", "msg", "data", "items", "Headers", "RawEmail", "content"),
        *("message_event", "relay_message", "email_rfc822", "raw_msg", "Text-part", "RecordType"),
        *("MessageID", "Metadata", "id", "bounce", "tags", "errors", "mandrill_events"),
        *("event_type", "payload", "to", "from", "phone_number", "code", "text", "webhook_url"),
        *("title", "messageStatusUpdate", "moText", "messageId", "clientMessageId", "status"),
        *("statusCode", "error", "detail", "message_uuid", "client_ref", "msisdn", "timestamp"),
    }
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


class _Genuine:
    """A proof that everything passes, as if the provider itself had sent it."""

    covers_query = True

    def check(self, callback: Callback) -> None:
        """Believe it."""


def _believing(row: type[Provider]) -> Gateway:
    gateway = row().built()
    assert isinstance(gateway, ApiGateway)
    proof: Proof = _Genuine()
    gateway._proof = proof
    return gateway


def _posted(body: bytes, kind: str) -> Callback:
    headers = {"content-type": kind}
    return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")


def _read(gateway: Gateway, callback: Callback) -> list[Event]:
    try:
        return list(gateway.read(callback))
    except CallbackRejected:
        return []


def _form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


def _dressed(value: Any) -> list[Callback]:
    text = json.dumps(value)
    form = {"mandrill_events": text}
    return [
        _posted(text.encode(), "application/json"),
        _posted(_form(form), "application/x-www-form-urlencoded"),
    ]


@each_provider
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=VALUES)
def test_any_json_is_understood_or_refused(row: type[Provider], value: Any) -> None:
    """Whatever a callback holds, reading it gives events of this gateway or a refusal."""
    gateway = _believing(row)
    for callback in _dressed(value):
        assert all(event.gateway == "acme" for event in _read(gateway, callback))


@each_provider
@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        "{}",
        '""',
        "1e400",
        "[" * 300 + "]" * 300,
        "[" * 5000 + "]" * 5000,
        '{"event":' * 300 + "1" + "}" * 300,
        "[" + ",".join(['{"event": "bounce", "MessageID": 1}'] * 10_000) + "]",
        "\ufeff{}",
        '{"event": "\\ud800"}',
        '{"id": ' + "9" * 5000 + "}",
        "{",
    ],
    ids=range(13),
)
def test_hostile_json_breaks_nothing(row: type[Provider], text: str) -> None:
    """Nothing, too deep, too much, not quite JSON."""
    gateway = _believing(row)
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        _read(gateway, _posted(text.encode(), kind))
    form = _form({"mandrill_events": text})
    _read(gateway, _posted(form, "application/x-www-form-urlencoded"))
