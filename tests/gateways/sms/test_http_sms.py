"""Any SMS gateway over HTTP can be described, and whatever it does becomes the right receipt."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.messages import Message, Outcome, Receipt
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import phone, run, send, text_message
from tests.gateways.sms.asking import gateway_for, sent_once
from tests.servers.certificates import make_certificate, server_context
from tests.servers.http import Fault, Reply, SmsServer

STATUSES = [
    (200, Outcome.ACCEPTED, False),
    (202, Outcome.ACCEPTED, False),
    (207, Outcome.ACCEPTED, False),
    (301, Outcome.DEFERRED, True),
    (400, Outcome.REFUSED, False),
    (401, Outcome.DEFERRED, True),
    (402, Outcome.DEFERRED, True),
    (403, Outcome.DEFERRED, True),
    (404, Outcome.DEFERRED, True),
    (405, Outcome.DEFERRED, True),
    (408, Outcome.DEFERRED, False),
    (409, Outcome.UNSURE, False),
    (413, Outcome.REFUSED, False),
    (422, Outcome.REFUSED, False),
    (425, Outcome.DEFERRED, False),
    (429, Outcome.DEFERRED, False),
    (500, Outcome.UNSURE, False),
    (501, Outcome.DEFERRED, True),
    (502, Outcome.UNSURE, False),
    (503, Outcome.DEFERRED, False),
    (504, Outcome.UNSURE, False),
    (599, Outcome.UNSURE, False),
]


@pytest.mark.parametrize(("status", "outcome", "is_down"), STATUSES)
def test_a_status_means_what_the_standard_says(
    status: int, outcome: Outcome, is_down: bool
) -> None:
    """4xx refuses one message, a wrong key or URL stops the campaign, 5xx may have been taken."""
    receipt, down, _ = sent_once(Reply(status, "{}"))
    assert receipt.outcome is outcome
    assert receipt.code == str(status)
    assert (down is not None) is is_down


def test_no_content_is_a_yes() -> None:
    """A 204 without a body takes the message."""
    receipt, _, _ = sent_once(Reply(204, ""))
    assert receipt.outcome is Outcome.ACCEPTED


FAULTS = [
    (Fault.CUT_UNREAD, Outcome.UNSURE),
    (Fault.RESET_UNREAD, Outcome.UNSURE),
    (Fault.KEEP_AND_CUT, Outcome.UNSURE),
    (Fault.KEEP_AND_RESET, Outcome.UNSURE),
    (Fault.SILENT, Outcome.UNSURE),
    (Fault.CUT_ANSWER, Outcome.UNSURE),
    (Fault.GARBAGE, Outcome.UNSURE),
    (Fault.ENDLESS_HEAD, Outcome.UNSURE),
    (Fault.ENDLESS, Outcome.ACCEPTED),
    (Fault.DRIP, Outcome.ACCEPTED),
    (Fault.CHUNKED, Outcome.ACCEPTED),
    (Fault.UNTIL_CLOSE, Outcome.ACCEPTED),
    (Fault.INTERIM, Outcome.ACCEPTED),
    (Fault.GONE_AFTER, Outcome.ACCEPTED),
]


@pytest.mark.parametrize(("fault", "outcome"), FAULTS)
def test_without_a_clear_answer_nobody_claims_to_know(fault: Fault, outcome: Outcome) -> None:
    """After the last byte only a whole answer is certain; strange but whole ones are understood."""
    receipt, _, _ = sent_once(Reply(fault=fault), {"timeout": 0.3})
    assert receipt.outcome is outcome
    if outcome is Outcome.ACCEPTED and fault is not Fault.ENDLESS:
        assert receipt.reference == "ref-1"


def test_a_lost_message_is_never_sent_again_by_itself() -> None:
    """The gateway took the message and died before it said so: one copy, one UNSURE."""
    receipt, _, requests = sent_once(Reply(fault=Fault.KEEP_AND_CUT))
    assert receipt.outcome is Outcome.UNSURE
    assert len(requests) == 1


@pytest.mark.parametrize("fault", [Fault.KEEP_AND_CUT, Fault.GARBAGE])
def test_a_gateway_that_knows_repeats_may_be_asked_again(fault: Fault) -> None:
    """With idempotency declared, unclear means later, under the same {delivery} word."""
    options = {"idempotency": 86400, "headers": {"Idempotency-Key": "{delivery}"}}
    receipt, _, [request] = sent_once(Reply(fault=fault), options)
    assert receipt.outcome is Outcome.DEFERRED
    assert receipt.retry_after > 0
    assert request.headers["idempotency-key"] == "7-1001"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "999999999"}, 86400.0),
        ({"Retry-After": "soon"}, 60.0),
        ({}, 60.0),
        (
            {
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "Retry-After": "Sun, 22 Nov 2026 10:02:30 GMT",
            },
            150.0,
        ),
        ({"Retry-After": "Sun, 22 Nov 2026 10:02:30 GMT"}, 60.0),
    ],
)
def test_the_gateway_says_when_to_come_back(headers: dict[str, str], seconds: float) -> None:
    """Retry-After counts in seconds or as a date seen from the answer's own Date."""
    receipt, _, _ = sent_once(Reply(429, "", headers))
    assert receipt.retry_after == seconds


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(429, "", {"Retry-After": "40"}), Outcome.DEFERRED),
        (Reply(500), Outcome.UNSURE),
        (Reply(fault=Fault.KEEP_AND_CUT), Outcome.UNSURE),
        (Reply(200, "<html>Log in to the free Wi-Fi</html>"), Outcome.UNSURE),
    ],
)
def test_trouble_in_a_row_opens_the_breaker(reply: Reply, outcome: Outcome) -> None:
    """A gateway in trouble costs a few receipts, not one for everybody in the campaign."""

    async def scenario() -> None:
        async with SmsServer() as server:
            server.default = reply
            gateway = gateway_for(server, {"in_flight": 4})
            receipts, down = await send(gateway, map(text_message, range(500)), FakeGate())
            assert down is not None
            assert down.retry_after >= (40.0 if outcome is Outcome.DEFERRED else 15.0)
            assert {receipt.outcome for receipt in receipts} == {outcome}
            assert len(receipts) == len(server.requests) < 20
            again, still_down = await send(gateway, map(text_message, range(500, 600)), FakeGate())
            assert still_down is not None
            assert len(again) == 1
            server.default = Reply()
            healed, up = await send(gateway, map(text_message, range(600, 650)), FakeGate())
            assert up is None
            assert len(healed) == 50
            await gateway.aclose()

    run(scenario())


def test_a_wrong_key_stops_at_once() -> None:
    """One 401 stops the campaign and says what to look at, without the key."""

    async def scenario() -> None:
        async with SmsServer() as server:
            server.default = Reply(401, '{"message": "bad key sk-123"}')
            options = {"in_flight": 1, "auth": "bearer", "token": "sk-123"}
            gateway = gateway_for(server, options)
            receipts, down = await send(gateway, map(text_message, range(100)), FakeGate())
            assert [receipt.outcome for receipt in receipts] == [Outcome.DEFERRED]
            assert "401" in str(down)
            assert "sk-123" not in f"{down!r}{receipts!r}"
            await gateway.aclose()

    run(scenario())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://no-such-host.invalid/sms", "cannot connect to no-such-host.invalid:443"),
        ("http://127.0.0.1:1/sms", "cannot connect to 127.0.0.1:1"),
    ],
)
def test_nobody_there_is_an_outage(url: str, words: str) -> None:
    """A name that does not resolve or a port nobody listens on: nothing was begun."""

    async def scenario() -> None:
        gate = FakeGate()
        gateway = build("acme", "http_sms", {"url": url, "connect_timeout": 5})
        receipts, down = await send(gateway, map(text_message, range(100)), gate)
        assert words in str(down)
        assert gate.asked == []
        assert {receipt.outcome for receipt in receipts} == {Outcome.DEFERRED}

    run(scenario())


def test_a_message_that_breaks_rendering_stops_the_run_and_loses_no_receipt() -> None:
    """A bug in the feed is raised as it is, after the receipts of what was already out."""

    async def scenario() -> None:
        def feed() -> Any:
            yield from map(text_message, range(5))
            raise LookupError("no such template")

        async with SmsServer() as server:
            gateway = gateway_for(server)
            receipts: list[Receipt] = []

            async def collect() -> None:
                async for receipt in gateway.send(feed(), FakeGate()):
                    receipts.append(receipt)  # noqa: PERF401 - what came before the bug counts

            with pytest.raises(LookupError):
                await collect()
            assert len(receipts) == len(server.requests)
            await gateway.aclose()

    run(scenario())


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    """`in_flight` is the number of connections, however many messages there are."""

    async def scenario() -> None:
        async with SmsServer() as server:
            gateway = gateway_for(server, {"in_flight": 3})
            await send(gateway, map(text_message, range(60)), FakeGate())
            assert 1 <= server.connections <= 3
            await gateway.aclose()

    run(scenario())


def test_a_list_of_messages_gets_a_list_of_verdicts() -> None:
    """Results are matched in order; a list of another length says nothing certain of anybody."""

    async def scenario(results: object) -> list[Outcome]:
        options = {
            "batch_in": ".",
            "max_batch": 3,
            "answer_list": "out",
            "answer_code": "error",
            "codes": {"bad": "refused"},
        }
        async with SmsServer() as server:
            server.default = Reply(200, json.dumps({"out": results}))
            gateway = gateway_for(server, options)
            receipts, _ = await send(gateway, map(text_message, range(3)), FakeGate())
            await gateway.aclose()
            assert len(json.loads(server.requests[0].body)) == 3
            return [receipt.outcome for receipt in receipts]

    taken, refused, unsure = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNSURE
    assert run(scenario([{"id": 1}, {"error": "bad"}, {"id": 3}])) == [taken, refused, taken]
    assert run(scenario([{"id": 1}])) == [unsure] * 3
    assert run(scenario("surprise")) == [unsure] * 3


def test_a_code_nobody_knows_is_unsure() -> None:
    """A 200 with a code that is neither success nor in the table is not called a success."""
    options = {"answer_code": "status", "success": ["0"]}
    receipt, down, _ = sent_once(Reply(200, '{"status": 77}'), options)
    assert (receipt.outcome, receipt.code) == (Outcome.UNSURE, "77")
    assert down is None


def test_answers_in_a_coding_we_did_not_ask_for_are_not_unpacked() -> None:
    """No small answer can become a huge one in memory."""
    receipt, _, _ = sent_once(Reply(200, "\x1f\x8b", {"Content-Encoding": "gzip"}))
    assert (receipt.outcome, receipt.reference) == (Outcome.ACCEPTED, "")


def test_the_gateways_words_are_kept_short_and_clean() -> None:
    """Details hold no control characters, no address, and no novel."""
    said = json.dumps({"m": f"bad {phone(1)}\r\n\x1b[31m" + "x" * 5000})
    receipt, _, _ = sent_once(Reply(400, said), {"answer_detail": "m"})
    assert receipt.detail.startswith("bad (address)[31mxxx")
    assert len(receipt.detail) <= 200


def test_certificates_are_checked(tmp_path: Path) -> None:
    """Over TLS a certificate must be trusted; one that is not is an outage before any message."""
    certificate = make_certificate(tmp_path)
    context = server_context(certificate)

    async def scenario() -> None:
        async with SmsServer(context) as server:
            trusting = gateway_for(server, {"ca_file": str(certificate)})
            receipts, down = await send(trusting, map(text_message, range(20)), FakeGate())
            assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
            assert down is None
            await trusting.aclose()
            gate, doubting = FakeGate(), gateway_for(server)
            _, down = await send(doubting, [text_message(50)], gate)
            assert "certificate" in str(down)
            assert gate.asked == []
            assert len(server.requests) == 20

    run(scenario())


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables of the environment are not listened to."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    receipt, _, _ = sent_once(Reply())
    assert receipt.outcome is Outcome.ACCEPTED


def test_redirects_are_not_followed() -> None:
    """A message goes to the URL of the settings or nowhere."""
    receipt, down, requests = sent_once(Reply(307, "", {"Location": "/elsewhere"}))
    assert receipt.outcome is Outcome.DEFERRED
    assert "307" in str(down)
    assert len(requests) == 1


def test_sending_goes_on_while_one_answer_is_slow() -> None:
    """One silent request holds up its own connection only."""

    async def scenario() -> None:
        async with SmsServer() as server:
            server.replies[phone(0)] = Reply(fault=Fault.SILENT)
            gateway = gateway_for(server, {"in_flight": 2, "timeout": 1.0})
            first: list[Receipt] = []
            async with asyncio.timeout(15):
                async for receipt in gateway.send(map(_numbered, range(40)), FakeGate()):
                    first.append(receipt)  # noqa: PERF401 - the order is the point
            assert first[-1].outcome is Outcome.UNSURE
            assert [r.outcome for r in first[:-1]] == [Outcome.ACCEPTED] * 39
            await gateway.aclose()

    run(scenario())


def _numbered(n: int) -> Message:
    return text_message(n)
