"""Whatever a provider's own key has signed is understood or refused; nothing makes a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.errors import CallbackRejected
from tests.gateways.providers import PROVIDERS
from tests.gateways.providers.provider import Provider

ROWS = [row for row in PROVIDERS if row().sealed(b"{}") is not None]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)

# Names that adapters look for, so that rubbish gets deep into them.
NAMES = st.sampled_from(
    [
        "data",
        "event",
        "event_type",
        "payload",
        "id",
        "to",
        "from",
        "phone_number",
        "errors",
        "code",
        "text",
        "webhook_url",
        "title",
        "messageStatusUpdate",
        "moText",
        "content",
        "messageId",
        "clientMessageId",
        "status",
        "statusCode",
        "error",
        "detail",
        "message_uuid",
        "client_ref",
        "client-ref",
        "msisdn",
        "err-code",
        "sig",
        "timestamp",
    ]
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["delivered", "message.received", "7-1001-1", "http://[", "?ref=7-1001-1"]),
)
RUBBISH = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@each_row
@settings(max_examples=60, deadline=None)
@given(said=RUBBISH)
def test_rubbish_is_no_crash(row: type[Provider], said: Any) -> None:
    """Any JSON under a genuine proof gives events or a refusal."""
    understood(row, json.dumps(said).encode())


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"text": "\xff"}',
    "null": b"null",
    "a number": b"0",
    "a word": b'"delivered"',
    "an empty list": b"[]",
    "many entries": json.dumps([{"status": "delivered", "id": n} for n in range(10_000)]).encode(),
    "deep": b"[" * 900 + b"]" * 900,
    "deep mappings": b'{"data":' * 500 + b"1" + b"}" * 500,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@each_row
def test_strange_bodies_are_no_crash(row: type[Provider], body: bytes) -> None:
    """Empty, broken, endless and very deep bodies."""
    understood(row, body)


def understood(row: type[Provider], body: bytes) -> None:
    """Read a genuine callback with a body."""
    peer = row()
    try:
        callback = peer.sealed(body)
        assert callback is not None
        events = peer.built().read(callback)
    except (CallbackRejected, UnicodeDecodeError):  # nobody can sign a form that is no text
        return
    assert all(event.dedup_key for event in events)
