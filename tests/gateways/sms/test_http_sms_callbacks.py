"""Odd callbacks: whatever a genuine gateway says, nothing of it is lost or misread."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import Callback, Event, EventKind
from dispatcher.domain.ports import Gateway
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.registry import build

TOKEN = "a token of the tests"
SETTINGS = {
    "url": "https://sms.example/",
    "callback_auth": "token",
    "callback_secret": TOKEN,
    "callback_list": "all",
}
GATEWAY = build("acme", "http_sms", SETTINGS)
HELPFUL = build(
    *("acme", "http_sms"),
    SETTINGS
    | {"reply_answered": "OptOutType", "answered_words": ["STOP", "HELP"], "reply_country": "US"},
)


def told(
    body: bytes,
    *,
    kind: str = "application/json",
    at: float = 1790000000.0,
    gateway: Gateway = GATEWAY,
) -> list[Event]:
    """Read a genuine callback with this body."""
    headers = {"content-type": kind}
    return list(gateway.read(Callback("POST", "/", {"token": TOKEN}, headers, body, at)))


def reply(text: str, number: str = "447700900123", **more: str) -> dict[str, str]:
    """Give a reply as the gateway writes it."""
    return {"from": number, "to": "60777", "text": text, **more}


def test_two_stops_without_an_id_are_both_heard() -> None:
    """Where a gateway gives replies no id, a second STOP is never taken for a repeat."""
    body = orjson.dumps({"all": [reply("STOP")]})
    first, second = told(body), told(body, at=1790009999.0)
    assert first[0].dedup_key != second[0].dedup_key


def test_one_strange_entry_does_not_silence_a_stop() -> None:
    """In a list, what cannot be read becomes UNKNOWN and the rest counts."""
    body = orjson.dumps({"all": [17, None, {"x": 1}, reply("STOP", id="m1")]})
    kinds = [event.kind for event in told(body)]
    assert kinds == [EventKind.UNKNOWN] * 3 + [EventKind.REPLIED]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("447700900123", "+447700900123"),
        ("+447700900123", "+447700900123"),
        ("00447700900123", "+447700900123"),
        ("07700900123", "07700900123"),
        ("60777", "60777"),
        ("Brand", "Brand"),
        (" 447700900123 ", "+447700900123"),
    ],
)
def test_numbers_get_their_plus_back(written: str, read: str) -> None:
    """International numbers are put into E.164; short codes, names and national forms stay."""
    [event] = told(orjson.dumps({"all": [reply("hi", written, id="1")]}))
    assert event.sender == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025550123", "+12025550123"),
        ("12025550123", "+12025550123"),
        ("+447700900123", "+447700900123"),
        ("60777", "60777"),
    ],
)
def test_numbers_without_country_code_are_of_the_country_that_is_told(
    written: str, read: str
) -> None:
    """Ten digits of an American are not those of a Swiss, and their STOP counts."""
    [event] = told(orjson.dumps({"all": [reply("STOP", written, id="1")]}), gateway=HELPFUL)
    assert event.sender == read


def test_what_the_gateway_has_answered_is_marked() -> None:
    """By a field that it sets, or because it answers these words at all times."""
    texts = [reply(" stop "), reply("no more", OptOutType="STOP"), reply("no more")]
    marked = [event.answered for event in told(orjson.dumps({"all": texts}), gateway=HELPFUL)]
    assert marked == [True, True, False]
    assert not told(orjson.dumps({"all": [reply("STOP")]}))[0].answered


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{not json", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"a=%", "application/x-www-form-urlencoded; charset=x"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(5000)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_cannot_be_read_is_refused_or_unknown(body: bytes, kind: str) -> None:
    """A body that is not what it says is refused with a sentence; it is never a crash."""
    try:
        events = told(body, kind=kind)
    except CallbackRejected:
        return
    assert [event.kind for event in events] == [EventKind.UNKNOWN]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "from", "to", "text", "status", "reference", "all"]), inner
        )
    ),
    max_leaves=12,
)


@given(values)
def test_no_shape_of_data_is_a_crash(value: object) -> None:
    """Numbers, lists or nothing where a text should be: each entry becomes one event."""
    events = told(orjson.dumps({"all": value}))
    assert len(events) == (len(value) if isinstance(value, list) else 1)
    assert all(event.dedup_key for event in events)
