"""Kannel itself, with a fake SMSC: it takes texts, and calls back with receipts and replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from dispatcher.domain.messages import Callback, Event, EventKind, Outcome
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import send, text_message
from tests.gateways.providers.kannel import TOKEN
from tests.gateways.providers.kannel import Kannel as Row
from tests.servers.http import Reply, Request, SmsServer
from tests.servers.kannel import PASSWORD, USER, kannel

CYRILLIC = "Скидка 20 % на кофе. Ответьте СТОП."
LONG = "Coffee week at Bean Street: 20% off. " * 6 + "Reply STOP to end."


def test_texts_reach_the_phone_and_receipts_find_their_way_back(tmp_path: Path) -> None:
    """Plain, Cyrillic and long: each is handed over once, and its receipt names it."""
    messages = [text_message(1), text_message(2, CYRILLIC), text_message(3, LONG)]

    async def scenario() -> None:
        async with SmsServer() as hooks:
            hooks.default = Reply(200, "")
            with kannel(tmp_path, _hook(hooks)) as box, box.phone():
                options = {
                    "base_url": f"http://127.0.0.1:{box.sendsms_port}",
                    "username": USER,
                    "password": PASSWORD,
                    "callback_url": f"http://127.0.0.1:{hooks.port}/hooks/acme",
                    "callback_secret": TOKEN,
                }
                gateway = build("acme", "kannel", options)
                receipts, down = await send(gateway, messages, FakeGate())
                assert down is None
                assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 3
                told = await _until(lambda: _events(hooks), 3)
                assert {event.key for event in told} == {message.key for message in messages}
                assert {event.kind for event in told} == {EventKind.DELIVERED}
                await gateway.aclose()
                handed_over = box.handed_over()
                assert "Offer 1: 20% off, at Café Müller only" in handed_over
                assert "Скидка".encode("utf-16-be") in unquote_to_bytes(handed_over)

    asyncio.run(scenario())


def test_what_people_write_comes_in_as_they_wrote_it(tmp_path: Path) -> None:
    """A STOP reaches the hook with the number of the phone and ours."""

    async def scenario() -> None:
        async with SmsServer() as hooks:
            hooks.default = Reply(200, "")
            with (
                kannel(tmp_path, _hook(hooks)) as box,
                box.phone("+447700900001 70099 text STOP please"),
            ):
                [event] = await _until(lambda: _events(hooks), 1)
        assert (event.sender, event.recipient) == ("+447700900001", "70099")
        assert (event.kind, event.text) == (EventKind.REPLIED, "STOP please")

    asyncio.run(scenario())


def test_a_reply_in_ucs_2_is_read_from_the_url_itself() -> None:
    """The bytes are not UTF-8, so nothing but the raw query still has them."""
    [event] = Row().built().read(Row().reply("ARRÊT".encode("utf-16-be"), 2))
    assert (event.kind, event.text) == (EventKind.REPLIED, "ARRÊT")


def _hook(hooks: SmsServer) -> str:
    return f"http://127.0.0.1:{hooks.port}/hooks/acme?token={TOKEN.replace(' ', '%20')}"


def _events(hooks: SmsServer) -> list[Event]:
    gateway = Row().built()
    return [event for asked in hooks.requests for event in gateway.read(_callback(asked))]


def _callback(asked: Request) -> Callback:
    query = {n: v[-1] for n, v in parse_qs(urlsplit(asked.target).query).items()}
    return Callback("GET", "/hooks/acme", query, asked.headers, asked.body, 0.0, asked.target)


async def _until(look: Callable[[], list[Event]], count: int) -> list[Event]:
    ends = time.monotonic() + 15
    while len(found := look()) < count and time.monotonic() < ends:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert len(found) == count
    return found
